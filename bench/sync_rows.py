"""What syncing costs: requests and processor time, against the floor and a plain script."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.boards import large_board, small_boards
from bench.installation import Measured, measured, output_of, running_standin
from bench.standin import WINDOW
from bench.table import Row


@dataclass(frozen=True)
class Cost:
    """Of one hourly run over all boards, in several repetitions."""

    ours: list[float]
    floor: list[float]
    requests: list[int]
    refused: int
    busiest_token: int
    """The most requests in any ten seconds."""

    @property
    def seconds(self) -> float:
        return median(self.ours)

    @property
    def floor_seconds(self) -> float:
        return median(self.floor)

    @property
    def ratio(self) -> float:
        return self.seconds / self.floor_seconds


def hourly_run(board_count: int = 100, repetitions: int = 9) -> Iterable[Row]:
    """1,000 items on 100 boards of 200 cards, two accounts, a tenth of the values changed."""
    cost = cost_of_hourly_run(board_count, repetitions)
    what = f"hourly run of {board_count * 10:,} items on {board_count} boards of 200 cards"
    is_one_each = set(cost.requests) == {board_count}
    yield Row(
        f"{what}: Trello requests, refused (429)",
        f"{max(cost.requests)}, {cost.refused}",
        str(board_count),
        f"{board_count}, 0",
        is_one_each and not cost.refused,
    )
    yield _time_row(what, cost)


def cost_of_hourly_run(board_count: int, repetitions: int) -> Cost:
    """Over so many boards of 200 cards, with ten items on each."""
    with (
        running_standin(board_count) as standin,
        # Two accounts, so that a run of a hundred need not wait for its turn; the worker sleeps
        # then anyway.
        measured(small_boards(board_count), standin, connection_count=2) as installation,
    ):
        return _cost_of(installation, repetitions)


def large(repetitions: int = 9) -> Iterable[Row]:
    """100 items on one board of 5,000 cards, a tenth of the values changed."""
    board = large_board()
    with (
        running_standin(0, board.list_count) as standin,
        measured([board], standin) as installation,
    ):
        cost = _cost_of(installation, repetitions)
    what = "one board of 5,000 cards with 100 items"
    asked = max(cost.requests)
    yield Row(f"{what}: Trello requests", str(asked), "7", "at most 7", asked <= 7)
    yield _time_row(what, cost)


def _cost_of(measured: Measured, repetitions: int) -> Cost:
    """Ours and the floor in turn, after a first run that counts everything for the first time."""
    standin, boards = measured.standin, measured.boards
    measured.work_through(0, patience=300)
    ours, floor, asked = [], [], []
    refused = busiest = 0
    with TemporaryDirectory(prefix="tally-") as directory:
        # As after an hour: nothing is left in any window of Trello's limits. From then on the rest
        # that the floor takes lies between two of ours.
        time.sleep(WINDOW)
        for version in range(1, repetitions + 1):
            ours.append(measured.work_through(version, patience=120))
            told = standin.told()
            asked.append(told["requests"])
            refused += told["refused"]
            busiest = max(busiest, told["busiest_token"])
            standin.set(is_limited=False)
            ids = [board.id for board in boards]
            file = str(Path(directory) / "floor.sqlite3")
            floor.append(output_of("bench.floor", standin.api_url, file, str(WINDOW), *ids))
    return Cost(ours, floor, asked, refused, busiest)


def _time_row(what: str, cost: Cost) -> Row:
    return Row(
        f"{what}: processor time of all our processes",
        f"{cost.seconds:.2f} s ({cost.ratio:.1f}x)",
        f"{cost.floor_seconds:.2f} s",
        "at most 3x",
        cost.ratio <= 3,
    )


def plain_script(board_count: int = 100) -> Iterable[Row]:
    """A script with py-trello for the same 1,000 items. Limits are off: it would stop at them."""
    pairs = [
        f"{board.id}:{board.list_id(place)}"
        for board in small_boards(board_count)
        for place in range(board.list_count)
    ]
    with running_standin(board_count) as standin:
        for how, said in (("once", "each board remembered"), ("each", "asking for every item")):
            standin.set(is_limited=False)
            took = output_of("bench.plain_script", standin.api_url, how, *pairs)
            yield Row(
                f"the same {len(pairs):,} items by a plain script with py-trello, {said}",
                f"{standin.told()['requests']:,} requests, {took['cpu']:.1f} s",
                "",
                "to compare",
            )
