"""How the costs grow: pages with the items of a workspace, an hourly run with its boards."""

from collections.abc import Sequence
from pathlib import Path

from bench import list_rows, sync_rows
from bench.plots import Line, Plot
from bench.table import markdown

ITEMS = (100, 1_000, 3_000, 10_000)
BOARDS = (1, 10, 100, 500)
PAGES = ("explorer", "tree", "item")
_ITEMS_AN_OBJECTIVE = 3


def growth() -> str:
    """Both tables as Markdown, with the plots, which are written beside the README."""
    here = Path(__file__).parent
    return f"{of_pages(here)}\n{of_boards(here)}"


def of_pages(directory: Path, items: Sequence[int] = ITEMS, rounds: int = 10) -> str:
    costs = [list_rows.page_costs(round(one / _ITEMS_AN_OBJECTIVE), rounds) for one in items]
    plot = Plot(
        "Milliseconds of processor time for a page",
        "items in the workspace",
        items,
        [
            Line(
                page, [(n, 1000 * cost[page].seconds) for n, cost in zip(items, costs, strict=True)]
            )
            for page in PAGES
        ],
        by_logarithm=True,
    )
    (directory / "growth-pages.svg").write_text(plot.svg())
    head = ("items", *(f"{page}: ms, SQL statements" for page in PAGES))
    rows = [
        (f"{n:,}", *(f"{1000 * cost[p].seconds:.0f}, {cost[p].statements}" for p in PAGES))
        for n, cost in zip(items, costs, strict=True)
    ]
    picture = "![Processor time of pages by the number of items](growth-pages.svg)"
    return f"{markdown([head, *rows])}\n{picture}\n"


def of_boards(directory: Path, boards: Sequence[int] = BOARDS) -> str:
    costs = [sync_rows.cost_of_hourly_run(one, repetitions=2) for one in boards]
    plot = Plot(
        "Seconds of processor time for an hourly run",
        "boards of 200 cards, ten items on each",
        boards,
        [
            Line("all processes", [(n, c.seconds) for n, c in zip(boards, costs, strict=True)]),
            Line("floor", [(n, c.floor_seconds) for n, c in zip(boards, costs, strict=True)]),
        ],
        by_logarithm=True,
    )
    (directory / "growth-boards.svg").write_text(plot.svg())
    head = ("boards", "items", "Trello requests", "refused", "processor time", "floor", "")
    rows = [
        (
            f"{n:,}",
            f"{n * 10:,}",
            f"{max(cost.requests):,}",
            str(cost.refused),
            f"{cost.seconds:.2f} s",
            f"{cost.floor_seconds:.2f} s",
            f"{cost.ratio:.1f}x",
        )
        for n, cost in zip(boards, costs, strict=True)
    ]
    picture = "![Processor time of an hourly run by the number of boards](growth-boards.svg)"
    return f"{markdown([head, *rows])}\n{picture}\n"
