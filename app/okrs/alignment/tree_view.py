"""What of the tree is shown: read from the address, and written into it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import url_for
from werkzeug.datastructures import MultiDict

from app.access import ids_in
from app.okrs.alignment.forest import Line

PAGE = 300
"""Rows on a page."""
ALL = "all"
_EVERY_LEVEL = 10_000


@dataclass(frozen=True)
class TreeView:
    """A cycle or what is beneath one item, with what is folded of it."""

    cycle_id: int | None
    """None for all cycles."""
    root: int | None
    """The measure of the item whose branch alone is shown, of whatever cycles."""
    levels: int | None
    """How many levels are unfolded; None for as many as have room on a page."""
    opened: frozenset[int] = frozenset()
    shut: frozenset[int] = frozenset()
    """The measures of what was unfolded and folded apart from that."""
    page: int = 1

    @property
    def url(self) -> str:
        cycle = self.cycle_id if self.cycle_id is not None else ALL
        wanted = {
            "cycle": None if self.root else cycle,
            "root": self.root,
            "levels": ALL if self.levels == _EVERY_LEVEL else self.levels,
            "open": _listed(self.opened),
            "shut": _listed(self.shut),
            "page": self.page if self.page > 1 else None,
        }
        # Put together here, since a page has hundreds: nothing in it needs to be quoted.
        query = "&".join(f"{name}={value}" for name, value in wanted.items() if value is not None)
        return f"{url_for('okrs.show_tree')}?{query}"

    def settled(self, lines: Sequence[Line]) -> "TreeView":
        """With a number of levels, and without what is not among these lines or makes no
        difference, so that addresses stay as short as they can."""
        levels = self.levels or _levels_with_room(lines)
        foldable = {one.branch.measure_id: one.depth for one in lines if one.beneath}
        is_unfolded = {one: depth + 1 < levels for one, depth in foldable.items()}
        return replace(
            self,
            levels=levels,
            opened=frozenset(one for one in self.opened if is_unfolded.get(one) is False),
            shut=frozenset(one for one in self.shut if is_unfolded.get(one) is True),
        )

    def is_open(self, line: Line) -> bool:
        """Whether what is beneath it shows; of a settled view."""
        measure_id = line.branch.measure_id
        if measure_id in self.shut:
            return False
        return measure_id in self.opened or line.depth + 1 < (self.levels or 1)

    def toggled(self, line: Line) -> "TreeView":
        """The same but for this line, which is unfolded if it was folded, and the other way."""
        own = frozenset([line.branch.measure_id])
        if own & self.opened or own & self.shut:
            return replace(self, opened=self.opened - own, shut=self.shut - own)
        if self.is_open(line):
            return replace(self, shut=self.shut | own)
        return replace(self, opened=self.opened | own)

    def with_levels(self, levels: int) -> "TreeView":
        return replace(self, levels=levels, opened=frozenset(), shut=frozenset(), page=1)

    @property
    def folded(self) -> "TreeView":
        return self.with_levels(1)

    @property
    def unfolded(self) -> "TreeView":
        return self.with_levels(_EVERY_LEVEL)

    def on_page(self, page: int) -> "TreeView":
        return replace(self, page=page)


def view_from(query: MultiDict[str, str], cycle_id: int | None, root: int | None) -> TreeView:
    """What the address asks for; what makes no sense in it is as if it were not there."""
    levels = query.get("levels", type=int)
    if query.get("levels") == ALL:
        levels = _EVERY_LEVEL
    return TreeView(
        cycle_id=cycle_id,
        root=root,
        levels=min(levels, _EVERY_LEVEL) if levels and levels > 0 else None,
        opened=_ids(query.get("open", "")),
        shut=_ids(query.get("shut", "")),
        page=max(query.get("page", 1, type=int), 1),
    )


def lines_shown(view: TreeView, lines: Sequence[Line]) -> list[Line]:
    """Those beneath nothing that is folded."""
    shown: list[Line] = []
    hidden_from: int | None = None
    for line in lines:
        if hidden_from is not None and line.depth > hidden_from:
            continue
        hidden_from = None if view.is_open(line) else line.depth
        shown.append(line)
    return shown


def _levels_with_room(lines: Sequence[Line]) -> int:
    """The most levels that together have room on a page, and at least one."""
    counts: dict[int, int] = {}
    for line in lines:
        counts[line.depth] = counts.get(line.depth, 0) + 1
    levels, total = 0, 0
    while levels in counts and total + counts[levels] <= PAGE:
        total += counts[levels]
        levels += 1
    return max(levels, 1)


def _ids(text: str) -> frozenset[int]:
    return frozenset(ids_in(text.split(".")))


def _listed(ids: frozenset[int]) -> str | None:
    """With points between them, which addresses hold as they are."""
    return ".".join(str(one) for one in sorted(ids)) or None
