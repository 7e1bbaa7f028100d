"""What a form was opened on, carried by the form itself and signed.

It decides on nothing but what two who edit at once are told: neither on access, nor on what may be
stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from app.audit.since import last_entry_of
from app.form_fields import Fields

OPENED = "opened"
"""The hidden field that carries it."""


@dataclass(frozen=True)
class Then:
    """A field as the form showed it then."""

    values: tuple[str, ...]
    """As a browser sends them."""
    words: str


@dataclass(frozen=True)
class Opened:
    """Nothing is known where what a form carried can't be read, or is of another thing."""

    last: int | None = None
    """The number of the newest entry about the thing that the audit log had then."""
    fields: Mapping[str, Then] = field(default_factory=dict)

    def lacked(self, name: str) -> bool:
        """Whether the field has come since, as the share of another key result does."""
        return self.last is not None and name not in self.fields

    def values_of(self, name: str) -> tuple[str, ...] | None:
        """None where the form had no such field."""
        return self.fields[name].values if name in self.fields else None


def opened_on(kind: str, thing_id: int | None, fields: Fields) -> str:
    """For the hidden field of a form that shows this of the thing."""
    shown = {name: [list(one.values), one.words] for name, one in fields.items()}
    last = last_entry_of(kind, thing_id)
    return _signer().dumps({"of": [kind, thing_id], "last": last, "fields": shown})


def read_opened(kind: str, thing_id: int | None, carried: str) -> Opened:
    try:
        base = _signer().loads(carried)
    except BadSignature:
        return Opened()
    if base["of"] != [kind, thing_id]:
        return Opened()
    fields = {name: Then(tuple(values), words) for name, (values, words) in base["fields"].items()}
    return Opened(base["last"], fields)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="tally-opened-form")
