"""The tree page: rows for what is unfolded, a page of them at most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from app.okrs.alignment.forest import (
    Branch,
    Line,
    branches_above,
    count_beneath,
    lines_around,
    lines_of,
    tops_of,
)
from app.okrs.alignment.trail import LONGEST_TRAIL
from app.okrs.alignment.tree_view import PAGE, TreeView, lines_shown
from app.okrs.loading import Item
from app.okrs.models import Cycle
from app.okrs.row_loading import rows_of
from app.okrs.rows import Row

DEEPEST = 8
"""How many levels are drawn further in than the one above; those below them say their number."""


@dataclass(frozen=True)
class TreeRow:
    row: Row
    line: Line
    is_open: bool
    cycle_name: str | None
    """Where it is not the one that the rows around it lead to expect."""
    toggle_url: str

    @property
    def depth(self) -> int:
        return min(self.line.depth, DEEPEST)

    @property
    def level(self) -> int:
        return self.line.depth + 1

    @property
    def is_deep(self) -> bool:
        return self.line.depth > DEEPEST


@dataclass(frozen=True)
class Tree:
    view: TreeView
    rows: Sequence[TreeRow]
    root: Item | None
    trail: Sequence[Item]
    """What the root is under, from the top down."""
    continued: Sequence[Item]
    """What is above the first row, where that is on the page before."""
    objective_count: int
    key_result_count: int
    shown_count: int
    is_folded: bool
    """Whether something is."""

    @property
    def page_count(self) -> int:
        return max(ceil(self.shown_count / PAGE), 1)


def grow(branches: dict[int, Branch], view: TreeView, cycles: Sequence[Cycle]) -> Tree:
    """The tree that the view asks for; what is folded costs next to nothing."""
    lines = lines_of([branches[view.root]] if view.root else tops_of(branches))
    if view.root is None and view.cycle_id is not None:
        lines = lines_around(lines, view.cycle_id)
    count_beneath(lines)
    view = view.settled(lines)
    shown = lines_shown(view, lines)
    view = view.on_page(min(view.page, max(ceil(len(shown) / PAGE), 1)))
    on_page = shown[(view.page - 1) * PAGE : view.page * PAGE]
    trail = branches_above(branches, view.root)[-LONGEST_TRAIL:]
    continued = _above(on_page)[-LONGEST_TRAIL:]
    around = [*trail, *continued, *([branches[view.root]] if view.root else [])]
    rows = rows_of([one.measure_id for one in (*around, *(line.branch for line in on_page))])
    objective_count = sum(line.branch.key_result_id is None for line in lines)
    return Tree(
        view=view,
        rows=_tree_rows(view, on_page, rows, {one.id: one.name for one in cycles}),
        root=rows[view.root].item if view.root else None,
        trail=[rows[one.measure_id].item for one in trail],
        continued=[rows[one.measure_id].item for one in continued],
        objective_count=objective_count,
        key_result_count=len(lines) - objective_count,
        shown_count=len(shown),
        is_folded=len(shown) < len(lines),
    )


def _tree_rows(
    view: TreeView, lines: Sequence[Line], rows: Mapping[int, Row], names: Mapping[int, str]
) -> list[TreeRow]:
    return [
        TreeRow(
            row=rows[line.branch.measure_id],
            line=line,
            is_open=view.is_open(line),
            cycle_name=names.get(line.branch.cycle_id) if _is_elsewhere(line, view) else None,
            toggle_url=view.toggled(line).url if line.beneath else "",
        )
        for line in lines
    ]


def _is_elsewhere(line: Line, view: TreeView) -> bool:
    """Whether its cycle has to be named: it is not the one that is shown, nor that of what it is
    under where several are."""
    if view.root is None and view.cycle_id is not None:
        return line.branch.key_result_id is None and line.branch.cycle_id != view.cycle_id
    return line.above is None or line.branch.cycle_id != line.above.branch.cycle_id


def _above(lines: Sequence[Line]) -> list[Branch]:
    """What is above the first of these, from the top down."""
    found: list[Branch] = []
    step = lines[0].above if lines else None
    while step is not None:
        found.append(step.branch)
        step = step.above
    return found[::-1]
