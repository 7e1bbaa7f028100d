"""Two who edit the same thing: what one saved and the other typed, brought together by field.

A form carries what it was opened on. Where only someone else changed a field since, it takes
their value; where both did, what was typed stays, and is stored once it is saved again. What the
form carries decides on nothing but that: neither on access, nor on what may be stored.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import current_app, flash
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import MultiDict
from wtforms.form import BaseForm

from app.audit.since import Saved, last_entry_of, who_changed
from app.form_fields import Fields, plain
from app.pages import clock

OPENED = "opened"
"""The hidden field with what the form was opened on."""
LONGEST_SAID = 80


@dataclass(frozen=True)
class Together:
    """Fields that mean something else once one of the switches is another."""

    switches: frozenset[str]
    fields: frozenset[str]


@dataclass(frozen=True)
class Thing:
    """What is edited, as the audit log names it."""

    kind: str
    id: int | None
    parts: Mapping[str, Collection[str]] = field(default_factory=dict)
    """What the log calls a change of each field."""
    saved: Saved | None = None
    """Who saved it last, where that is known without the log."""


@dataclass(frozen=True)
class Changed:
    """A field that someone else saved since the form was opened."""

    name: str
    label: str
    before: str | None
    """What it was then; None where that is not known."""
    now: str
    saved: Saved | None
    is_contested: bool
    """Whether it was typed into as well, and something else."""
    is_new: bool = False
    """Whether the form had no such field when it was opened."""
    typed: str = ""

    @property
    def who(self) -> str:
        if self.saved is None or not self.saved.by_name:
            return ""
        is_me = current_user.is_authenticated and self.saved.by_id == current_user.id
        return "You" if is_me else self.saved.by_name

    @property
    def sentence(self) -> str:
        """For the field itself."""
        if self.is_new:
            return "This came since you opened the form. Saving again leaves it as it is here."
        did = f"changed this to “{_clipped(self.now)}”" if self.now else "emptied this"
        if self.saved is None or not self.who:
            did = f"This was {did.replace(' this', '', 1)} since you opened the form."
        else:
            did = f"{self.who} {did} {clock(self.saved.at)}."
        return f"{did} Saving again puts yours in its place."


@dataclass
class Merge:
    """What came of it."""

    sent: MultiDict[str, str]
    """What was sent, with what others saved in the fields that were not typed into."""
    opened: str
    """For the form when it is shown again: what is stored now."""
    changes: Sequence[Changed] = ()

    @property
    def is_contested(self) -> bool:
        return any(one.is_contested for one in self.changes)

    @property
    def taken(self) -> set[str]:
        """The fields that hold now what someone else saved."""
        return {one.name for one in self.changes if not one.is_contested}

    @property
    def who(self) -> str:
        """ "Bob Brown", "Bob Brown and Carol Clark", or "Someone else" """
        names = list(dict.fromkeys(one.who for one in self.changes))
        return "Someone else" if "" in names else _listed(names)

    @property
    def kept(self) -> str:
        """What was taken over, in a sentence; empty where nothing was."""
        taken = [one for one in self.changes if not one.is_contested]
        if not taken:
            return ""
        named = _listed([f"“{one.label}”" for one in taken])
        return f"{self.who} changed {named} after you opened the form: that stays."

    def flash_kept(self) -> None:
        """Tell what was taken over, once it is saved."""
        if self.kept:
            flash(self.kept)

    def tell(self, form: BaseForm, typed: Fields) -> None:
        """Say at each contested field who changed it, once the form was checked."""
        self.changes = [replace(one, typed=typed[one.name].words) for one in self.changes]
        for one in self.changes:
            if one.is_contested and one.name in form:
                form[one.name].errors = [*form[one.name].errors, one.sentence]

    def said_of(self, name: str) -> str:
        """What is to be said at a field that is none of the form's own."""
        contested = (one for one in self.changes if one.is_contested and one.name == name)
        return next((one.sentence for one in contested), "")


def begin(thing: Thing, stored: Fields) -> Merge:
    """Of a form that is only shown."""
    return Merge(MultiDict(), opened_on(thing, stored))


def opened_on(thing: Thing, fields: Fields) -> str:
    """What a form is opened on, for its hidden field."""
    shown = {name: [list(one.values), one.words] for name, one in fields.items()}
    last = last_entry_of(thing.kind, thing.id)
    return _signer().dumps({"of": [thing.kind, thing.id], "last": last, "fields": shown})


def merge(
    thing: Thing,
    sent: MultiDict[str, str],
    stored: Fields,
    together: Collection[Together] = (),
    typed: Mapping[str, tuple[str, ...]] | None = None,
) -> Merge:
    """Bring together what was sent with what is stored now.

    `typed` holds the values of fields that can't be told from what was sent alone. Without the
    hidden field everything is taken as it was sent; where that can't be read, as typed by both.
    """
    opened = opened_on(thing, stored)
    if OPENED not in sent:
        return Merge(sent, opened)
    base = _read(thing, sent[OPENED])
    before: dict[str, Any] = base["fields"] if base else {}
    values = {**_values(sent, stored, before), **(typed or {})}
    others = {
        name
        for name, one in stored.items()
        if name not in before or tuple(before[name][0]) != one.values
    }
    mine = {name for name in stored if name not in before or values[name] != tuple(before[name][0])}
    contested = others & mine
    for group in together:
        theirs, ours = others & group.fields, mine & group.fields
        if (theirs & group.switches and ours) or (ours & group.switches and theirs):
            contested |= theirs
    new = {name for name in stored if base and name not in before}
    differing = {name for name in contested if values[name] != stored[name].values} | new
    taken = others - contested
    merged = MultiDict(sent)
    for name in taken:
        merged.setlist(name, list(stored[name].values))
    names = [name for name in stored if name in differing | taken]
    saved = _savers(thing, base["last"] if base else None, names)
    changes = [
        Changed(
            name,
            stored[name].label,
            before[name][1] if name in before else None,
            stored[name].words,
            saved.get(name),
            name in differing,
            name in new,
        )
        for name in names
    ]
    return Merge(merged, opened, changes)


def _values(
    sent: MultiDict[str, str], stored: Fields, before: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """By the fields' names; what nothing was sent of is as it was."""
    found = {}
    for name, one in stored.items():
        if one.is_several:
            found[name] = tuple(sorted(set(sent.getlist(name))))
        elif name in sent:
            found[name] = (plain(sent[name]),)
        else:
            found[name] = tuple(before[name][0]) if name in before else one.values
    return found


def _savers(thing: Thing, since: int | None, names: Sequence[str]) -> Mapping[str, Saved]:
    if thing.saved is not None:
        return dict.fromkeys(names, thing.saved)
    if since is None or not names:
        return {}
    parts = {name: thing.parts[name] for name in names if name in thing.parts}
    return who_changed(thing.kind, thing.id, since, parts)


def _read(thing: Thing, opened: str) -> Any:
    try:
        base = _signer().loads(opened)
    except BadSignature:
        return None
    return base if base["of"] == [thing.kind, thing.id] else None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="tally-opened-form")


def _listed(words: Sequence[str]) -> str:
    """ "a, b and c" """
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SAID else f"{line[: LONGEST_SAID - 1].rstrip()}…"
