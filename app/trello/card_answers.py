"""Cards in Trello's answers, checked like everything in `answers`, but a field at a time.

A board holds thousands of cards, and all their fields are looked at every hour: what is true of
a whole column is found out in a few steps, where card by card would take most of a sync's time.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any

from app.trello.answers import ID_LENGTHS, NOT_A_CARD, Card, clean, unique
from app.trello.failures import OddAnswer

Column = Sequence[Any]
"""The values of one field, a card each."""

_FIELDS = (
    "id",
    "name",
    "idList",
    "idMembers",
    "idLabels",
    "closed",
    "dueComplete",
    "due",
    "shortUrl",
)
_fields_of = itemgetter(*_FIELDS)
_UNTOLD = object()
"""In place of what a record does not tell at all."""
_new_card = partial(tuple.__new__, Card)


def parse_cards(pages: Iterable[object]) -> tuple[Card, ...]:
    """All cards of a board, from one answer or several.

    Boards older than templates and roles may have cards that say nothing of them. If only some
    say nothing, something was lost on the way, and the answer is odd.
    """
    cards: list[Card] = []
    telling_template = telling_role = 0
    for page in pages:
        records = _records(page)
        templates = [record.get("isTemplate") for record in records]
        roles = [record.get("cardRole", _UNTOLD) for record in records]
        cards += _cards(records, _are_countable(templates, roles))
        telling_template += len(records) - templates.count(None)
        telling_role += len(records) - roles.count(_UNTOLD)
    if not {telling_template, telling_role} <= {0, len(cards)}:
        raise OddAnswer("only some cards say whether they are templates or what their role is")
    return unique(tuple(cards), "card")


def parse_card_ids(page: object) -> Column:
    """The ids of the cards in an answer, as it tells them."""
    ids = [record.get("id") for record in _records(page)]
    _check_ids("id", ids)
    return ids


def _records(page: object) -> list[dict[str, Any]]:
    if not isinstance(page, list):
        raise OddAnswer(f"a list was expected, not {type(page).__name__}")
    _check_types("card", page, dict)
    return page


def _cards(records: Sequence[dict[str, Any]], are_countable: Column) -> Iterator[Card]:
    if not records:
        return iter(())
    try:
        columns = zip(*map(_fields_of, records), strict=True)
    except KeyError as error:
        raise OddAnswer(f"{error.args[0]} is missing") from None
    told: dict[str, Column] = dict(zip(_FIELDS, columns, strict=True))
    _check_ids("id", told["id"])
    for field in ("closed", "dueComplete"):
        _check_types(field, told[field], bool)
    # In the order of Card's own fields.
    return map(
        _new_card,
        zip(
            told["id"],
            _texts("name", told["name"]),
            _texts("idList", told["idList"]),
            _id_tuples("idMembers", told["idMembers"]),
            _id_tuples("idLabels", told["idLabels"]),
            told["closed"],
            told["dueComplete"],
            _are_there("due", told["due"]),
            are_countable,
            _texts("shortUrl", told["shortUrl"]),
            strict=True,
        ),
    )


def _are_there(field: str, values: Column) -> Column:
    _check_types(field, values, str, type(None))
    return [value is not None for value in values]


def _are_countable(templates: Column, roles: Column) -> Column:
    _check_types("cardRole", roles, str, type(None), object)
    _check_types("isTemplate", templates, bool, type(None))
    if set(roles) <= {None, _UNTOLD} and True not in templates:
        return [True] * len(templates)
    return [
        not is_template and (role in (None, _UNTOLD) or clean(role) not in NOT_A_CARD)
        for is_template, role in zip(templates, roles, strict=True)
    ]


def _texts(field: str, values: Column) -> Column:
    whole = _joined(field, values)
    return values if whole.isascii() and "\0" not in whole else [clean(value) for value in values]


def _id_tuples(field: str, values: Column) -> Column:
    _check_types(field, values, list)
    _check_ids(field, list(chain.from_iterable(values)))
    return list(map(tuple, values))


def _check_ids(field: str, values: Column) -> None:
    """As `answers.is_id` says of one, all of them at once."""
    whole, lengths = _joined(field, values), set(map(len, values))
    if values and not (whole.isascii() and whole.encode().isalnum() and lengths <= ID_LENGTHS):
        raise OddAnswer(f"{field} of a card is no usable id")


def _joined(field: str, values: Column) -> str:
    """All in one, which only texts can be."""
    try:
        return "".join(values)
    except TypeError:
        raise _of_another_type(field) from None


def _check_types(field: str, values: Column, *allowed: type) -> None:
    """Exactly these, as JSON makes them: to Python, a truth value is a number as well."""
    if not set(map(type, values)) <= set(allowed):
        raise _of_another_type(field)


def _of_another_type(field: str) -> OddAnswer:
    return OddAnswer(f"{field} of a card is of another type")
