"""Tally's own JSON, of this workspace or another."""

import re
from collections.abc import Mapping
from typing import Any

from app.okrs.moving.document import FORMAT, VERSION
from app.okrs.moving.json_text import Object, count, part, parts, text, texts, truth
from app.okrs.moving.limits import MOST_CHECK_INS, MOST_ITEMS
from app.okrs.moving.neutral import (
    FileCheckIn,
    FileComment,
    FileContent,
    FileCycle,
    FileItem,
    FileParent,
    FileReading,
    Unreadable,
)
from app.okrs.moving.origin import origin_of

_MARK = re.compile(r"[0-9a-f]{16}")


def read_document(loaded: object) -> FileContent:
    """Raises Unreadable."""
    if not isinstance(loaded, dict) or loaded.get("format") != FORMAT:
        raise Unreadable(
            "This JSON is no export of Tally. Of Viva Goals, send the whole ZIP, not a file in it."
        )
    if text(loaded, "version") != str(VERSION):
        raise Unreadable("This export is of a newer Tally than this one. Upgrade this one first.")
    mark = text(part(loaded, "workspace"), "id")
    if not _MARK.fullmatch(mark):
        raise Unreadable("This export does not say which workspace it comes from.")
    people = {
        text(one, "email"): f"{text(one, 'name')} <{text(one, 'email')}>"
        for one in parts(loaded, "people")
    }
    told = list(parts(loaded, "items"))
    if len(told) > MOST_ITEMS:
        raise Unreadable(f"The file has more than {MOST_ITEMS:,} items.")
    items = tuple(_item(row, one, people) for row, one in enumerate(told, 1))
    if sum(len(one.check_ins) for one in items) > MOST_CHECK_INS:
        raise Unreadable(f"The file has more than {MOST_CHECK_INS:,} check-ins.")
    if not items:
        raise Unreadable("There is no item in this export.")
    return FileContent(
        layout="Tally document",
        origin=origin_of(mark),
        items=items,
        cycles=tuple(_cycle(one) for one in parts(loaded, "cycles") if text(one, "name")),
        is_ours=True,
    )


def _cycle(told: Object) -> FileCycle:
    days = text(told, "first_day"), text(told, "last_day")
    return FileCycle(text(told, "name"), *days, text(told, "closed_at"))


def _item(row: int, told: Object, people: Mapping[str, str]) -> FileItem:
    ending, source, parent = part(told, "ending"), part(told, "source"), text(told, "parent")
    return FileItem(
        row=row,
        reference=text(told, "id")[:40],
        title=" ".join(text(told, "title").split()),
        kind=text(told, "kind"),
        owners=_people(told, "owners", people),
        period=text(told, "cycle"),
        first_day=text(told, "first_day"),
        last_day=text(told, "last_day"),
        description=text(told, "description"),
        tags=texts(told, "tags"),
        parents=(FileParent(parent, weight=text(told, "share")),) if parent else (),
        continues=text(told, "continues"),
        created_at=text(told, "created_at"),
        level=text(told, "level"),
        teams=(text(told, "team"),) if text(told, "team") else (),
        is_private=truth(told, "is_private") if "is_private" in told else None,
        viewers=_people(told, "viewers", people),
        viewer_teams=texts(told, "viewer_teams"),
        status=text(ending, "as"),
        ended_at=text(ending, "at"),
        ended_by=_person(ending, "by", people),
        final_value=text(ending, "final_value"),
        score=text(ending, "score"),
        closing_note=text(ending, "note"),
        integration=text(source, "integration"),
        definition=dict(part(source, "criteria")),
        check_ins=tuple(_check_in(one, people) for one in parts(told, "check_ins")),
        readings=tuple(_reading(one) for one in parts(told, "readings")),
        comments=tuple(_comment(one, people) for one in parts(told, "comments")),
        **_measure(part(told, "measure")),
    )


def _measure(told: Object) -> dict[str, Any]:
    return {
        "measure": text(told, "kind"),
        "guard": text(told, "guard"),
        "warning": text(told, "warning"),
        "unit": text(told, "unit"),
        "start": text(told, "start"),
        "target": text(told, "target"),
        "value": text(told, "value"),
        "valued_at": text(told, "valued_at"),
        "matching": count(told, "matching_count"),
        "completed": count(told, "completed_count"),
        "series": count(told, "series") or 1,
    }


def _check_in(told: Object, people: Mapping[str, str]) -> FileCheckIn:
    return FileCheckIn(
        person=_person(told, "person", people),
        note=text(told, "note"),
        value=text(told, "value"),
        moment=text(told, "made_at"),
        confidence=text(told, "confidence"),
        reference=text(told, "id"),
    )


def _reading(told: Object) -> FileReading:
    return FileReading(
        moment=text(told, "taken_at"),
        value=text(told, "value"),
        series=count(told, "series") or 1,
        matching=count(told, "matching_count"),
        completed=count(told, "completed_count"),
        check_in=text(told, "check_in"),
        is_beside=truth(told, "is_beside"),
    )


def _comment(told: Object, people: Mapping[str, str]) -> FileComment:
    return FileComment(
        person=_person(told, "person", people),
        text=text(told, "text"),
        made_at=text(told, "made_at"),
        edited_at=text(told, "edited_at"),
    )


def _people(told: Object, name: str, people: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(people.get(one, one) for one in texts(told, name))


def _person(told: Object, name: str, people: Mapping[str, str]) -> str:
    email = text(told, name)
    return people.get(email, email)
