"""Mutations of what an answer says: records doubled, foreign, out of place, or merely unusual."""

import random
from typing import Any

from faults.good_answers import LABELS, OTHER_BOARD, Record
from faults.mutations import breaking, harmless, one_of

ODD_NAMES = (
    "",
    "\0",
    "half \ud83d of a character",
    "<script>alert(1)</script>",
    "\u202eright to left",
    "line\nbreak\ttab\u2028",
    "💚" * 300,
    "' OR 1=1 --",
    "{{ 7 * 7 }} %s %(a)s",
    "x" * 16_384,
)
OTHER = {"name": "another", "color": "another", "username": "another", "closed": True}


@breaking("board: another one than was asked for")
def another_board(board: Record, chance: random.Random) -> None:
    board["id"] = OTHER_BOARD


@breaking("board: closed")
def closed(board: Record, chance: random.Random) -> None:
    board["closed"] = True


@breaking("board: no lists, but cards")
def no_lists(board: Record, chance: random.Random) -> None:
    board["lists"] = []


@breaking("card: in a list that is not there")
def lost_card(board: Record, chance: random.Random) -> None:
    unknown = ("5f00000000000000000000ff", "", "List 1", "\ud800")
    one_of(board, "card", chance)["idList"] = chance.choice(unknown)


@breaking("card: only some say whether they are templates")
def half_templates(board: Record, chance: random.Random) -> None:
    for card in board["cards"][: chance.randrange(1, len(board["cards"]))]:
        del card["isTemplate"]


@breaking("card: a whole page says nothing of roles")
def half_roles(board: Record, chance: random.Random) -> None:
    newest_first = sorted(board["cards"], key=lambda card: card["id"], reverse=True)
    for card in newest_first[:10]:
        del card["cardRole"]


@harmless("card: none says whether it is a template")
def no_templates(board: Record, chance: random.Random) -> None:
    for card in board["cards"]:
        card.pop("isTemplate")


@harmless("card: none says its role")
def no_roles(board: Record, chance: random.Random) -> None:
    for card in board["cards"]:
        card.pop("cardRole")


@harmless("card: a role that is new")
def new_role(board: Record, chance: random.Random) -> None:
    one_of(board, "card", chance)["cardRole"] = "inbox"


@breaking("card: null or text among them", in_pages=False)
def no_card(board: Record, chance: random.Random) -> None:
    cards = board["cards"]
    cards.insert(chance.randrange(len(cards)), chance.choice((None, "card", 1, [], [{}], True)))


@harmless("list: pos negative, fractional or huge")
def odd_position(board: Record, chance: random.Random) -> None:
    one_of(board, "list", chance)["pos"] = chance.choice((-1, 0, -0.5, 1e300, 10**30, 1e-320))


@harmless("label: a colour that is new")
def new_colour(board: Record, chance: random.Random) -> None:
    one_of(board, "label", chance)["color"] = chance.choice(("magenta_neon", "", "</style>"))


@harmless("label: no names at all")
def unnamed_labels(board: Record, chance: random.Random) -> None:
    for label in board["labels"]:
        label["name"] = ""


@harmless("card: labels and owners that the board no longer has")
def former_parts(board: Record, chance: random.Random) -> None:
    card = one_of(board, "card", chance)
    card["idLabels"] = [*card["idLabels"], "5f00000000000000000000cf"]
    card["idMembers"] = [*card["idMembers"], "5f00000000000000000000df"]


@harmless("board: no cards")
def no_cards(board: Record, chance: random.Random) -> None:
    board["cards"] = []


@harmless("board: nobody on it")
def nobody(board: Record, chance: random.Random) -> None:
    board["members"] = []


@breaking("labels: as many as an answer holds, and a chosen one not among them")
def too_many_labels(board: Record, chance: random.Random) -> None:
    board["labels"] = [label for label in board["labels"] if label["id"] != LABELS[0]]
    _fill_labels(board)


@harmless("labels: as many as an answer holds")
def many_labels(board: Record, chance: random.Random) -> None:
    _fill_labels(board)


def _fill_labels(board: Record) -> None:
    for number in range(1000 - len(board["labels"])):
        board["labels"].append({"id": f"5f01{number:020x}", "name": "", "color": "red"})


@harmless("records in another order")
def shuffled(board: Record, chance: random.Random) -> None:
    for part in ("lists", "labels", "members", "cards"):
        chance.shuffle(board[part])


@harmless("fields in another order")
def reordered(board: Record, chance: random.Random) -> Record:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(one) for name, one in reversed(value.items())}
        return [turned(one) for one in value] if isinstance(value, list) else value

    mixed: Record = turned(board)
    return mixed


@harmless("fields that nobody asked for")
def more_fields(board: Record, chance: random.Random) -> None:
    for part in ("board", "list", "label", "member", "card"):
        record = one_of(board, part, chance)
        record["limits"] = {"cards": {"openPerBoard": {"status": "ok", "disableAt": 10**30}}}
        record["badges"], record["nodeId"], record["__proto__"] = [None, 1.5, {}], None, {}


@harmless("a board of very many parts", most=10)
def many_parts(board: Record, chance: random.Random) -> None:
    for number in range(3000):
        name = f"List {number}"
        board["lists"].append({"id": f"5f02{number:020x}", "name": name, "closed": True, "pos": 1})


def _doubles_of(part: str) -> None:
    @harmless(f"{part}: twice the same", in_pages=False)
    def same(board: Record, chance: random.Random) -> None:
        board[f"{part}s"].append(dict(one_of(board, part, chance)))

    @breaking(f"{part}: one id, two contents", in_pages=False)
    def other(board: Record, chance: random.Random) -> None:
        record = one_of(board, part, chance)
        field = chance.choice([name for name in OTHER if name in record])
        new = not record[field] if field == "closed" else f"{record[field]} {OTHER[field]}"
        board[f"{part}s"].append({**record, field: new})

    @harmless(f"{part}: odd characters in its name")
    def odd_name(board: Record, chance: random.Random) -> None:
        for field in ("name", "fullName"):
            record = one_of(board, part, chance)
            if field in record:
                record[field] = chance.choice(ODD_NAMES)


for _part in ("list", "label", "member", "card"):
    _doubles_of(_part)


@harmless("board: odd characters in its name")
def odd_board_name(board: Record, chance: random.Random) -> None:
    board["name"] = chance.choice(ODD_NAMES)


@harmless("board: a name as long as Trello allows")
def long_board_name(board: Record, chance: random.Random) -> None:
    board["name"] = "é" * 16_384


@harmless("member: names as long as can be")
def long_member_name(board: Record, chance: random.Random) -> None:
    member = one_of(board, "member", chance)
    member["fullName"], member["username"] = "é" * 5_000, "x" * 5_000


@harmless("card: an address that leads elsewhere")
def foreign_address(board: Record, chance: random.Random) -> None:
    addresses = ("javascript:alert(1)", "https://example.com", "", "//x", "x" * 5000)
    one_of(board, "card", chance)["shortUrl"] = chance.choice(addresses)
