"""A check-in in one cell: "Checkin Date: 2025-03-10; User: …; Note: …; Current Value: 25%; …"."""

import re
from collections.abc import Mapping

from app.okrs.moving.neutral import FileCheckIn

_HEAD = ("Checkin Date", "User", "Note")
_TAIL = ("Metric Name", "Status", "Current Value", "Confidence", "Activity Date")
_LOWER_HEAD = frozenset(name.lower() for name in _HEAD)
_LOWER_TAIL = frozenset(name.lower() for name in _TAIL)
_NAME = re.compile(rf"(?:^|;\s?)({'|'.join((*_HEAD, *_TAIL))}):", re.IGNORECASE)


def read_check_in(cell: str) -> FileCheckIn | None:
    """None where the cell holds no check-in.

    A note may hold what looks like the names of the parts: what comes before it is taken at its
    first place, what comes after it at its last.
    """
    if not cell.lstrip().lower().startswith("checkin date:"):
        return None
    parts = _parts(cell.strip())
    return FileCheckIn(
        person=parts.get("user", ""),
        note=parts.get("note", ""),
        value=parts.get("current value", ""),
        day=parts.get("checkin date", ""),
        moment=parts.get("activity date", ""),
        confidence=parts.get("confidence", ""),
    )


def _parts(cell: str) -> Mapping[str, str]:
    found = [(one[1].lower(), one.start(), one.end()) for one in _NAME.finditer(cell)]
    places: dict[str, tuple[int, int]] = {}
    for name, start, end in found:
        if name in _LOWER_HEAD:
            places.setdefault(name, (start, end))
    note_from = places.get("note", (0, 0))[0]
    for name, start, end in reversed(found):
        if name not in _LOWER_TAIL or name in places or start < note_from:
            break
        places[name] = (start, end)
    ordered = sorted(places.items(), key=lambda place: place[1])
    stops = [start for _, (start, _) in ordered[1:]] + [len(cell)]
    return {
        name: cell[end:stop].strip().removesuffix(";").strip()
        for (name, (_, end)), stop in zip(ordered, stops, strict=True)
    }
