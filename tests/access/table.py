"""The table of who is answered what: reading it, and writing it from what is answered now.

A route stands on a line of its own, and below it, indented, a row for each way to ask for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.access.asking import Answer, Request
from tests.access.world import ROLES

PATH = Path(__file__).with_name("table.txt")
COLUMNS = ("method", "which", *ROLES)
_INDENT, _GAP = "  ", "  "
_REMARK = "  # "

Rows = dict[Request, dict[str, str]]


def read(text: str) -> Rows:
    """The rows by what is asked; raises ValueError for a line that is none."""
    rows: Rows = {}
    for number, route, line in _lines(text):
        cells = line.partition(_REMARK)[0].split()
        if len(cells) != len(COLUMNS):
            raise ValueError(f"Line {number} of table.txt has {len(cells)} cells: {line}")
        request = Request(route, *cells[:2])
        if request in rows:
            raise ValueError(f"Line {number} of table.txt says once more what {request} gives")
        rows[request] = dict(zip(ROLES, cells[2:], strict=True))
    return rows


def row_of(request: Request, cells: Mapping[str, str], widths: Sequence[int] = ()) -> str:
    """The row as it stands below its route."""
    said = (request.method, request.which, *(cells[role] for role in ROLES))
    widths = widths or [len(one) for one in said]
    padded = (f"{one:<{width}}" for one, width in zip(said, widths, strict=True))
    return (_INDENT + _GAP.join(padded)).rstrip()


def cells_of(answered: Mapping[str, Answer]) -> dict[str, str]:
    return {role: answered[role].cell for role in ROLES}


def written(answered: Mapping[Request, Mapping[str, Answer]], old: str) -> str:
    """The table with these answers, with the head of the old one and the remarks on its rows."""
    remarks = {
        (route, *line.split()[:2]): line.partition(_REMARK)[2] for _, route, line in _lines(old)
    }
    rows = {request: cells_of(answers) for request, answers in answered.items()}
    said = [(one.method, one.which, *(cells.values())) for one, cells in rows.items()]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *said, strict=True)]
    head = Request("", *COLUMNS[:2])
    lines = [_head(old), row_of(head, {role: role for role in ROLES}, widths)]
    route = ""
    for request, cells in rows.items():
        if request.route != route:
            route = request.route
            lines += ["", route]
        remark = remarks.get((route, request.method, request.which))
        lines.append(row_of(request, cells, widths) + (f"{_REMARK}{remark}" if remark else ""))
    return "\n".join(lines) + "\n"


def _head(old: str) -> str:
    return "\n".join(line for line in old.splitlines() if line.startswith("#")) + "\n"


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """The rows with their numbers and the route above them."""
    route = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("/"):
            route = line.strip()
        elif line.strip() and not line.startswith("#") and line.split() != list(COLUMNS):
            yield number, route, line
