"""What a file holds, whatever its layout: text as it stood there, sorted into places.

Figures and days stay text until it is known how they are meant. Empty text is what was not said.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

OBJECTIVE, KEY_RESULT = "objective", "key_result"

Table = Iterator[list[str]]
"""Rows of cells."""


class Unreadable(Exception):
    """Why a file can't be taken in, as a sentence for whoever sent it."""


@dataclass(frozen=True, slots=True)
class FileParent:
    """What an item is aligned under; its id may be missing, or its title."""

    reference: str = ""
    title: str = ""
    weight: str = ""
    """In percent."""


@dataclass(frozen=True, slots=True)
class FileCheckIn:
    person: str = ""
    note: str = ""
    value: str = ""
    day: str = ""
    """The day it is of."""
    moment: str = ""
    """When it was put down."""
    confidence: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class FileReading:
    moment: str
    value: str
    series: int = 1
    matching: int | None = None
    completed: int | None = None
    check_in: str = ""
    """The reference of the check-in that brought it."""
    is_beside: bool = False


@dataclass(frozen=True, slots=True)
class FileComment:
    person: str
    text: str
    made_at: str
    edited_at: str = ""


@dataclass(frozen=True, slots=True)
class FileItem:
    """An objective, a key result, or whatever else the file calls one."""

    row: int
    """Where it stands in the file, as a person would count."""
    title: str = ""
    reference: str = ""
    kind: str = ""
    """In the words of whoever made the file."""
    level: str = ""
    teams: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    period: str = ""
    first_day: str = ""
    last_day: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    parents: tuple[FileParent, ...] = ()
    continues: str = ""
    """The reference of the postponed item that it carries on."""
    created_at: str = ""

    measure: str = ""
    """Of what kind it is, where the file says so."""
    guard: str = ""
    warning: str = ""
    metric: str = ""
    unit: str = ""
    start: str = ""
    target: str = ""
    value: str = ""
    progress: str = ""
    """In percent."""
    valued_at: str = ""
    matching: int | None = None
    completed: int | None = None
    series: int = 1

    status: str = ""
    score: str = ""
    closing_note: str = ""
    ended_at: str = ""
    ended_by: str = ""
    final_value: str = ""

    is_private: bool | None = None
    """None where the file does not say."""
    viewers: tuple[str, ...] = ()
    viewer_teams: tuple[str, ...] = ()
    integration: str = ""
    definition: dict[str, Any] = field(default_factory=dict)

    check_ins: tuple[FileCheckIn, ...] = ()
    readings: tuple[FileReading, ...] | None = None
    """All there are; None where only check-ins tell of values."""
    comments: tuple[FileComment, ...] = ()
    problems: tuple[str, ...] = ()
    """What of it could not be read, as sentences."""

    def people(self) -> Iterator[str]:
        """Everyone whom it names."""
        yield from self.owners
        yield from self.viewers
        yield from (one.person for one in self.check_ins)
        yield from (one.person for one in self.comments)
        yield self.ended_by

    def dates(self) -> Iterator[str]:
        """Every text in it that stands for a day or a moment."""
        yield from (self.first_day, self.last_day, self.created_at, self.valued_at, self.ended_at)
        for one in self.check_ins:
            yield from (one.day, one.moment)


@dataclass(frozen=True, slots=True)
class FileCycle:
    name: str
    first_day: str = ""
    last_day: str = ""
    closed_at: str = ""


@dataclass(frozen=True, slots=True)
class FileContent:
    """A whole file."""

    layout: str
    """What it is, for people."""
    origin: str
    """Under which its items are remembered."""
    items: tuple[FileItem, ...]
    cycles: tuple[FileCycle, ...] = ()
    unread: tuple[str, ...] = ()
    """The names of columns that mean nothing here."""
    is_ours: bool = False
    """Whether Tally made it, so that its kinds need no translation."""


def pack(content: FileContent) -> bytes:
    """As it is kept while it is being mapped."""
    text = json.dumps(_plain(content), default=_plain, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 6)


def unpack(packed: bytes) -> FileContent:
    stored = json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass"))
    items = tuple(_item(one) for one in stored.pop("items"))
    cycles = tuple(FileCycle(**one) for one in stored.pop("cycles"))
    return FileContent(items=items, cycles=cycles, unread=tuple(stored.pop("unread")), **stored)


def _plain(thing: Any) -> dict[str, Any]:
    """By the names of its fields, without those that say nothing."""
    return {
        one.name: value
        for one in fields(thing)
        if (value := getattr(thing, one.name)) not in ("", (), None) or one.name in _ALWAYS
    }


_ALWAYS = {"items", "cycles", "unread", "readings", "row"}
_PARTS = {
    "parents": FileParent,
    "check_ins": FileCheckIn,
    "readings": FileReading,
    "comments": FileComment,
}


def _item(stored: dict[str, Any]) -> FileItem:
    for name, value in stored.items():
        part = _PARTS.get(name)
        if part is not None and value is not None:
            stored[name] = tuple(part(**one) for one in value)
        elif isinstance(value, list):
            stored[name] = tuple(value)
    return FileItem(**stored)
