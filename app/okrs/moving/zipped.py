"""The full export of Viva Goals: an archive of JSON, the one layout with emails in it."""

import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.okrs.models import ROLL_UP, STAY_ABOVE, STAY_BELOW
from app.okrs.moving.json_text import Object, load_json, part, parts, text, texts
from app.okrs.moving.limits import MOST_CHECK_INS, MOST_ITEMS
from app.okrs.moving.neutral import (
    FileCheckIn,
    FileContent,
    FileCycle,
    FileItem,
    FileParent,
    Unreadable,
)
from app.okrs.moving.origin import VIVA

_GUARDS = {"stay above": STAY_ABOVE, "stay below": STAY_BELOW}


def read_archive(archive: zipfile.ZipFile) -> FileContent:
    """Raises Unreadable."""
    items = [_item(row, one) for row, one in enumerate(_entries(archive, "objectives"), 1)]
    if not items:
        raise Unreadable(
            "The archive is none of Viva Goals: no file in it has “objectives” in its name, or "
            "none of them holds any."
        )
    if len(items) > MOST_ITEMS:
        raise Unreadable(f"The archive has more than {MOST_ITEMS:,} items.")
    check_ins = _check_ins(_entries(archive, "checkins"))
    cycles = [
        FileCycle(text(one, "Name"), text(one, "Start Date"), text(one, "End Date"))
        for one in _entries(archive, "timeperiods")
    ]
    return FileContent(
        layout="Viva Goals archive",
        origin=VIVA,
        items=tuple(replace(one, check_ins=tuple(check_ins[one.reference])) for one in items),
        cycles=tuple(one for one in cycles if one.name),
    )


def _entries(archive: zipfile.ZipFile, name: str) -> Iterator[Object]:
    """The objects in all files whose name, without folders, has this in it."""
    for info in archive.infolist():
        base = info.filename.rpartition("/")[2].lower()
        if name not in base or not base.endswith(".json"):
            continue
        loaded = load_json(archive.read(info), f"“{base[:80]}” in the archive")
        if isinstance(loaded, dict):
            loaded = next((one for one in loaded.values() if isinstance(one, list)), [loaded])
        if isinstance(loaded, list):
            yield from (one for one in loaded if isinstance(one, dict))


def _item(row: int, told: Object) -> FileItem:
    outcome = part(told, "Outcome")
    kind_of_target = f"{text(outcome, 'Target Type')} {text(outcome, 'Outcome Type')}".lower()
    guards = [guard for words, guard in _GUARDS.items() if words in kind_of_target]
    mode = text(part(told, "Progress and Status Configuration"), "Progress").lower()
    has_phases = any(parts(part(told, "Phased Targets"), "Phased Targets"))
    return FileItem(
        row=row,
        reference=text(told, "ID")[:40],
        title=" ".join(text(told, "Title").split()),
        kind=text(told, "Type", "Object Type"),
        owners=_named(told, "Owner"),
        teams=_named(told, "Teams"),
        period=text(part(told, "Time Period"), "Name") or text(told, "Time Period"),
        first_day=text(told, "Start Date"),
        last_day=text(told, "End Date"),
        description=text(told, "Description"),
        tags=_named(told, "Tags"),
        parents=tuple(_parents(told)),
        created_at=text(told, "Created At"),
        measure=ROLL_UP if "roll" in mode else "",
        guard=guards[0] if guards else "",
        metric=text(outcome, "Metric Name"),
        unit=text(outcome, "Metric Unit"),
        start=text(outcome, "Start"),
        target=text(outcome, "Target"),
        progress=text(told, "Progress"),
        status=text(told, "Status"),
        score=text(told, "Score"),
        problems=("Its phased targets are left out.",) if has_phases else (),
    )


def _parents(told: Object) -> Iterator[FileParent]:
    aligned = [
        FileParent(text(one, "ID"), text(one, "Title"), text(one, "Weight").removesuffix("%"))
        for one in parts(told, "Alignment")
    ]
    yield from aligned
    known = {one.reference for one in aligned}
    yield from (FileParent(reference=one) for one in texts(told, "Parent IDs") if one not in known)


def _check_ins(entries: Iterable[Object]) -> defaultdict[str, list[FileCheckIn]]:
    """By the ids of the items that they are of."""
    found: defaultdict[str, list[FileCheckIn]] = defaultdict(list)
    for number, one in enumerate(entries):
        if number == MOST_CHECK_INS:
            raise Unreadable(f"The archive has more than {MOST_CHECK_INS:,} check-ins.")
        owner = one.get("Check In Owner")
        note = one.get("Check In Note")
        found[text(one, "OKR ID")[:40]].append(
            FileCheckIn(
                person=_person(owner) if isinstance(owner, dict) else text(one, "Check In Owner"),
                note=text(note if isinstance(note, dict) else one, "Check In Note"),
                value=text(one, "Current Value"),
                day=text(one, "CheckIn Date"),
                moment=text(one, "Activity Date"),
            )
        )
    return found


def _named(told: Object, name: str) -> tuple[str, ...]:
    """Who or what is listed there, as objects with a name or as texts."""
    people = (_person(one) for one in parts(told, name))
    return tuple(dict.fromkeys([*(one for one in people if one), *texts(told, name)]))


def _person(told: Object) -> str:
    name, email = text(told, "Name"), text(told, "Email")
    return f"{name} <{email}>" if name and email else name or email
