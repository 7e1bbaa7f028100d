"""One page of a view: its items as rows, in groups."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.okrs.explorer.candidates import Candidate, Found
from app.okrs.explorer.forms import ExplorerForm
from app.okrs.models import COMPANY, PERSONAL
from app.okrs.row_loading import rows_of
from app.okrs.rows import APART, Row
from app.okrs.standing import STATUS_WORDS

ITEMS_A_PAGE = 200


@dataclass(frozen=True)
class Group:
    """Rows under a heading; without one the rows speak for themselves."""

    title: str
    count: int
    """Of all its items, on whatever page."""
    rows: Sequence[Row]


@dataclass(frozen=True)
class ViewPage:
    groups: Sequence[Group]
    number: int
    page_count: int

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows]


def view_page(found: Found, form: ExplorerForm, number: int) -> ViewPage:
    """The page of this number, the nearest there is; one statement for its items, and those of the
    integrations for the states of their sources."""
    page_count = max(1, -(-len(found) // ITEMS_A_PAGE))
    number = min(max(number, 1), page_count)
    start, stop = (number - 1) * ITEMS_A_PAGE, number * ITEMS_A_PAGE
    if not form.group.data:
        shown = found.between(start, stop)
        rows = _rows(shown) if form.sort.data else _with_objectives(shown)
        return ViewPage([Group("", len(found), rows)], number, page_count)
    titled = _by_group(found.all(), form)
    counts = Counter(title for title, _ in titled)
    titles = [title for title, _ in titled[start:stop]]
    groups: dict[str, list[Row]] = {title: [] for title in titles}
    for title, row in zip(titles, _rows([one for _, one in titled[start:stop]]), strict=True):
        groups[title].append(row)
    listed = [Group(title, counts[title], rows) for title, rows in groups.items()]
    return ViewPage(listed, number, page_count)


def _by_group(candidates: Sequence[Candidate], form: ExplorerForm) -> list[tuple[str, Candidate]]:
    """With the titles of their groups, in the order of those; within a group as they were."""
    title_of, order = _titles(form)
    ranks = {title: rank for rank, title in reversed(list(enumerate(order)))}
    titled = [(title_of(one), one) for one in candidates]
    return sorted(titled, key=lambda pair: ranks.get(pair[0], len(order)))


def _titles(form: ExplorerForm) -> tuple[Callable[[Candidate], str], list[str]]:
    """How a group is called that an item falls into, and the order of these titles."""
    match form.group.data:
        case "team":
            teams = dict(form.choices_at_hand.teams)
            names = {COMPANY: "Company", PERSONAL: "Personal"} | teams
            return lambda one: names.get(one.team, ""), ["Company", *teams.values(), "Personal"]
        case "owner":
            people = dict(form.choices_at_hand.people)
            return lambda one: people.get(str(one.owner_id), "Others"), list(people.values())
        case "status":
            return lambda one: STATUS_WORDS[one.standing.status], list(STATUS_WORDS.values())
        case "cycle":
            cycles = {one.id: one.name for one in form.cycles}
            return lambda one: cycles[one.cycle_id], list(cycles.values())
        case _:
            return lambda _one: "", []


def _rows(shown: Sequence[Candidate]) -> list[Row]:
    rows = rows_of([one.measure_id for one in shown], APART)
    return [rows[one.measure_id] for one in shown]


def _with_objectives(shown: Sequence[Candidate]) -> list[Row]:
    """Key results each under their objective, which stands there too where it is not asked for."""
    wanted: dict[int, None] = {}
    for one in shown:
        wanted.setdefault(one.objective_measure_id)
        wanted.setdefault(one.measure_id)
    rows = rows_of(list(wanted))
    return [rows[one] for one in wanted]
