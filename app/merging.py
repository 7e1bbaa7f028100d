"""Two who edit the same thing: what one saved and the other typed, brought together by field.

Where only someone else changed a field since the form was opened, it takes their value; where both
did, what was typed stays, and is stored once it is saved again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from flask import flash
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from wtforms.form import BaseForm

from app.audit.since import Saved, who_changed
from app.form_fields import Fields, plain
from app.opened_forms import OPENED, Opened, opened_on, read_opened
from app.pages import clock

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
    return Merge(MultiDict(), opened_on(thing.kind, thing.id, stored))


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
    opened = opened_on(thing.kind, thing.id, stored)
    if OPENED not in sent:
        return Merge(sent, opened)
    base = read_opened(thing.kind, thing.id, sent[OPENED])
    values = {**_values(sent, stored, base), **(typed or {})}
    taken, contested = _compare(stored, base, values, together)
    merged = MultiDict(sent)
    for name in taken:
        merged.setlist(name, list(stored[name].values))
    names = [name for name in stored if name in taken | contested]
    saved = _savers(thing, base.last, names)
    return Merge(
        merged,
        opened,
        [_changed(name, stored, base, saved.get(name), name in contested) for name in names],
    )


def _values(sent: MultiDict[str, str], stored: Fields, base: Opened) -> dict[str, tuple[str, ...]]:
    """By the fields' names; what nothing was sent of is as it was."""
    found = {}
    for name, one in stored.items():
        if one.is_several:
            found[name] = tuple(sorted(set(sent.getlist(name))))
        elif name in sent:
            found[name] = (plain(sent[name]),)
        else:
            found[name] = base.fields[name].values if name in base.fields else one.values
    return found


def _compare(
    stored: Fields,
    base: Opened,
    values: Mapping[str, tuple[str, ...]],
    together: Collection[Together],
) -> tuple[set[str], set[str]]:
    """Which fields take what someone else saved, and which both changed, to something else."""
    others = {name for name, one in stored.items() if base.values_of(name) != one.values}
    mine = {name for name in stored if base.values_of(name) != values[name]}
    both = others & mine
    for group in together:
        theirs, ours = others & group.fields, mine & group.fields
        if (theirs & group.switches and ours) or (ours & group.switches and theirs):
            both |= theirs
    differing = {name for name in both if values[name] != stored[name].values}
    return others - both, differing | {name for name in stored if base.lacked(name)}


def _changed(
    name: str, stored: Fields, base: Opened, saved: Saved | None, is_contested: bool
) -> Changed:
    then = base.fields.get(name)
    return Changed(
        name=name,
        label=stored[name].label,
        before=then.words if then is not None else None,
        now=stored[name].words,
        saved=saved,
        is_contested=is_contested,
        is_new=base.lacked(name),
    )


def _savers(thing: Thing, since: int | None, names: Sequence[str]) -> Mapping[str, Saved]:
    if thing.saved is not None:
        return dict.fromkeys(names, thing.saved)
    if since is None or not names:
        return {}
    parts = {name: thing.parts[name] for name in names if name in thing.parts}
    return who_changed(thing.kind, thing.id, since, parts)


def _listed(words: Sequence[str]) -> str:
    """ "a, b and c" """
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SAID else f"{line[: LONGEST_SAID - 1].rstrip()}…"
