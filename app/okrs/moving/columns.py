"""From rows of cells to items, by the names of the columns: in any order, any selection of them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from app.okrs.figures import KIND_WORDS
from app.okrs.models import KPI
from app.okrs.moving.cells import restored
from app.okrs.moving.check_in_cells import read_check_in
from app.okrs.moving.limits import MOST_CHECK_INS, MOST_ITEMS
from app.okrs.moving.neutral import (
    FileCheckIn,
    FileContent,
    FileItem,
    FileParent,
    Table,
    Unreadable,
)
from app.okrs.moving.origin import VIVA, origin_of
from app.okrs.moving.table import (
    EVERYONE,
    GUARD_WORDS,
    LEVEL_WORDS,
    OWN_ID,
    SEPARATOR,
    TEAM_PREFIX,
)

_PLACES = {
    "id": "reference",
    "title": "title",
    "objecttype": "kind",
    "type": "kind",
    "okrtype": "level",
    "typename": "entity",
    "team": "teams",
    "teams": "teams",
    "owner": "owners",
    "owners": "owners",
    "period": "period",
    "timeperiod": "period",
    "startdate": "first_day",
    "enddate": "last_day",
    "description": "description",
    "tag": "tags",
    "tags": "tags",
    "alignedto": "parents",
    "alignedtoweightobjectiveid": "parents",
    "visibleto": "viewers",
    "measure": "measure",
    "metricname": "metric",
    "unit": "unit",
    "start": "start",
    "target": "target",
    "warning": "warning",
    "actualprogress": "value",
    "progress%": "progress",
    "progress": "progress",
    "status": "status",
    "score": "score",
    "closingnote": "closing_note",
    "createdat": "created_at",
    "lastcheckin": "last_check_in",
    "lastcheckinnote": "last_note",
    "checkins": "check_ins",
}
_KNOWN_AND_LEFT = {"creator", "goaltype", "expected%", "datasource"}
"""Columns that are understood, and hold nothing that Tally keeps."""
_HEADER_WITHIN = 10
_PLAIN = re.compile(r"[^a-z0-9%]+")
_OWN_ID = re.compile(rf"{OWN_ID} ([0-9a-f]{{16}})")
_ALIGNED = re.compile(
    r"\(\s*(?:weight:([^()%]*)%\s*(?:,\s*Id:\s*([\w-]+))?|Id:\s*([\w-]+))\s*\)", re.IGNORECASE
)
_QUOTED = re.compile(r'"([^"]*)"')
_LISTED = ("title", "kind", "level", "entity", "period", "metric", "unit")
_GUARDS = {words: guard for guard, words in GUARD_WORDS.items()}
_KINDS = {words: kind for kind, words in KIND_WORDS.items()}
_LEVELS = {words: level for level, words in LEVEL_WORDS.items()}


@dataclass(frozen=True)
class Header:
    """Which column holds what."""

    row: int
    places: Mapping[str, int]
    unnamed: Sequence[int]
    """Columns without a name after those with one: further check-ins."""
    unread: tuple[str, ...]
    mark: str
    """Of the workspace that made the file; empty where Tally did not make it."""

    @property
    def is_ours(self) -> bool:
        return bool(self.mark)


def read_table(tables: Iterable[Table], *, has_apostrophes: bool) -> FileContent:
    """The first of the tables that has columns of an export. Raises Unreadable.

    `has_apostrophes` is whether Tally, if it made the file, put them before formulas.
    """
    trouble: Unreadable | None = None
    for table in tables:
        try:
            header = _header(islice(table, _HEADER_WITHIN))
        except Unreadable as error:  # as by a separator that is not the file's
            trouble = trouble or error
            continue
        if header is not None:
            return _content(header, table, has_apostrophes)
    raise trouble or Unreadable(
        "No columns of an export were found: one has to be called “Title”, and another “Object "
        "Type”, “Owner”, “Period” or the like, in one of the first ten rows."
    )


def _header(rows: Iterable[Sequence[str]]) -> Header | None:
    """Takes from the rows no more than what stands up to the header."""
    for number, row in enumerate(rows, 1):
        places: dict[str, int] = {}
        unread, unnamed, mark = [], [], ""
        for index, cell in enumerate(row):
            own = _OWN_ID.fullmatch(cell.strip())
            name = "id" if own else _PLAIN.sub("", cell.lower())
            mark = own[1] if own else mark
            place = _PLACES.get(name)
            if not cell.strip():
                unnamed.append(index)
            elif place is not None and place not in places:
                places[place] = index
            elif name not in _KNOWN_AND_LEFT:
                unread.append(cell.strip())
        if "title" in places and len(places) > 1:
            return Header(number, places, unnamed, tuple(unread), mark)
    return None


def _content(header: Header, rows: Iterable[Sequence[str]], has_apostrophes: bool) -> FileContent:
    items: list[FileItem] = []
    check_in_count = 0
    for number, row in enumerate(rows, header.row + 1):
        if not any(cell.strip() for cell in row):
            continue
        if len(items) == MOST_ITEMS:
            raise Unreadable(f"The file has more than {MOST_ITEMS:,} rows. Export fewer at a time.")
        if header.is_ours and has_apostrophes:
            row = [restored(cell) for cell in row]
        item = _item(header, number, row)
        check_in_count += len(item.check_ins)
        if check_in_count > MOST_CHECK_INS:
            raise Unreadable(f"The file has more than {MOST_CHECK_INS:,} check-ins.")
        items.append(item)
    if not items:
        raise Unreadable("The file has columns, but no rows.")
    return FileContent(
        layout="Tally table" if header.is_ours else "Viva Goals table",
        origin=origin_of(header.mark) if header.is_ours else VIVA,
        items=tuple(items),
        unread=header.unread,
        is_ours=header.is_ours,
    )


def _item(header: Header, number: int, row: Sequence[str]) -> FileItem:
    def cell(place: str) -> str:
        index = header.places.get(place)
        return row[index].strip() if index is not None and index < len(row) else ""

    check_ins, odd_count = _check_ins(header, row)
    plain: dict[str, Any] = {
        name: cell(name)
        for name in (
            "first_day", "last_day", "description", "start", "target", "value", "progress",
            "status", "score", "warning", "created_at", "closing_note",
        )
    }  # fmt: skip
    plain |= {name: " ".join(cell(name).split()) for name in _LISTED if name != "entity"}
    item = FileItem(
        row=number,
        reference=_reference(cell("reference")),
        owners=_owners(cell("owners"), header.is_ours),
        teams=_teams(cell("teams") or _entity(cell("level"), cell("entity"))),
        tags=_several(cell("tags"), r"[;\n]" if header.is_ours else r"[;,\n]"),
        parents=_parents(cell("parents")),
        valued_at=cell("last_check_in"),
        check_ins=check_ins or _last_check_in(cell("last_check_in"), cell("last_note")),
        problems=(f"{odd_count} cells are no check-ins.",) if odd_count else (),
        **plain,
    )
    return _as_ours(item, cell("measure"), cell("viewers")) if header.is_ours else item


def _as_ours(item: FileItem, measure: str, viewers: str) -> FileItem:
    """With what only tables of Tally tell."""
    seers = [] if viewers == EVERYONE else viewers.split(SEPARATOR)
    teams = [one.removeprefix(TEAM_PREFIX) for one in seers if one.startswith(TEAM_PREFIX)]
    return replace(
        item,
        measure=_KINDS.get(measure, KPI if measure in _GUARDS else ""),
        guard=_GUARDS.get(measure, ""),
        level=_LEVELS.get(item.level, ""),
        is_private=viewers != EVERYONE if viewers else None,
        viewers=tuple(one for one in seers if "@" in one and not one.startswith(TEAM_PREFIX)),
        viewer_teams=tuple(teams),
    )


def _reference(cell: str) -> str:
    """The id, also where the cell holds a link to it: =HYPERLINK("https://…","2295704")."""
    if cell.lstrip("'").upper().startswith("=HYPERLINK"):
        quoted = _QUOTED.findall(cell)
        cell = quoted[-1] if quoted else ""
    return cell.strip().removesuffix(".0")[:40]


def _owners(cell: str, is_ours: bool) -> tuple[str, ...]:
    has_own_separator = is_ours or ";" in cell or "\n" in cell
    return _several(cell, r"[;\n]" if has_own_separator else ",")


def _teams(cell: str) -> tuple[str, ...]:
    return _several(cell, r"[;\n]")


def _entity(level: str, name: str) -> str:
    """Whose it is, where two columns tell: what kind of entity, and its name."""
    return "" if level.lower().startswith(("individual", "user", "person")) else name


def _several(cell: str, separators: str) -> tuple[str, ...]:
    parts = (" ".join(part.split()) for part in re.split(separators, cell))
    return tuple(dict.fromkeys(part for part in parts if part))


def _parents(cell: str) -> tuple[FileParent, ...]:
    """ "Reach(weight: 14.29%, Id: 2295704)", or several of them; else a title alone."""
    found = []
    begin = 0
    for one in _ALIGNED.finditer(cell):
        title = cell[begin : one.start()].strip(" ,;\n")
        begin = one.end()
        weight, reference = (one[1] or "").strip(), one[2] or one[3] or ""
        found.append(FileParent(reference=reference, title=title, weight=weight))
    left = cell[begin:].strip(" ,;\n")
    if left and not found:
        found.append(FileParent(title=left))
    return tuple(found)


def _check_ins(header: Header, row: Sequence[str]) -> tuple[tuple[FileCheckIn, ...], int]:
    """The check-ins of the row, and how many cells in their columns are something else."""
    cells = list(_check_in_cells(header, row))
    found = [read_check_in(cell) for cell in cells]
    good = tuple(one for one in found if one is not None)
    return good, len(found) - len(good)


def _check_in_cells(header: Header, row: Sequence[str]) -> Iterator[str]:
    first = header.places.get("check_ins")
    named = [] if first is None else [first]
    beyond = range(max([*header.places.values(), *header.unnamed], default=-1) + 1, len(row))
    for index in (*named, *header.unnamed, *beyond):
        if index < len(row) and row[index].strip():
            yield row[index].strip()


def _last_check_in(day: str, note: str) -> tuple[FileCheckIn, ...]:
    """Where the columns of check-ins were left out of the export."""
    return (FileCheckIn(note=note, day=day),) if note and day else ()
