"""Items as a table: the columns of the export, and what stands in them.

They have the names that Viva Goals gave its columns, wherever it had one, so that one reader
understands both, and whoever made sheets for the one can feed them with the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from app.accounts.models import Person, workspace
from app.exact import exact_text
from app.okrs.figures import KIND_WORDS, figure_text
from app.okrs.loading import Item, objective_of
from app.okrs.models import (
    CLOSED,
    COMPANY,
    KPI,
    PERSONAL,
    STAY_ABOVE,
    STAY_BELOW,
    TEAM,
    KeyResult,
    Measure,
    Objective,
)
from app.okrs.moving.gathering import Gathered, SaidCheckIn, parent_of
from app.okrs.moving.origin import mark_of_workspace
from app.okrs.standing import STATUS_WORDS, Standing, Thresholds, days_of, standing_of

OWN_ID = "Tally Id"
"""Begins the name of the first column; the mark of the workspace follows."""
COLUMNS = (
    "Title", "Object Type", "OKR type", "Team", "Owner", "Period", "Start Date", "End Date",
    "Description", "Tag", "Aligned To (weight, Objective ID)", "Visible To", "Measure", "Unit",
    "Start", "Target", "Warning", "Actual Progress", "Progress %", "Expected %", "Status", "Score",
    "Closing Note", "Data Source", "Created At", "Last Check-in", "Last Check-in Note", "Checkins",
)  # fmt: skip
"""After the id. Further check-ins of an item follow in columns without a name."""
GUARD_WORDS = {STAY_ABOVE: "Stay above", STAY_BELOW: "Stay below"}
LEVEL_WORDS = {COMPANY: "Company", TEAM: "Team", PERSONAL: "Individual"}
EVERYONE = "Everyone"
TEAM_PREFIX = "Team: "
"""Before the name of a team among those who see an objective."""
SEPARATOR = "; "

Cell = str | Fraction | None


def header() -> list[str]:
    return [f"{OWN_ID} {mark_of_workspace(workspace())}", *COLUMNS]


def rows(gathered: Gathered) -> Iterator[list[Cell]]:
    """A row for each item. Figures are numbers, and everything else is text."""
    space, by_measure = workspace(), gathered.by_measure
    today, thresholds = space.today(), Thresholds.of(space)
    for item in gathered.items:
        standing = standing_of(item, today, thresholds)
        said = gathered.check_ins.get(item.measure_id, ())
        newest_first = list(reversed(said))
        link = gathered.links.get(item.measure_id)
        cells = [
            *_identity(item, by_measure),
            *_figures(item.measure, standing),
            link.integration if link else "",
            f"{item.created_at:%Y-%m-%d %H:%M:%S} UTC",
            f"{said[-1].made_at:%Y-%m-%d}" if said else "",
            said[-1].note if said else "",
        ]
        yield [*cells, *(_check_in_cell(item.measure, one) for one in newest_first)]


def person_text(person: Person) -> str:
    return f"{person.name} <{person.email}>"


def figure_for_file(value: Fraction) -> str:
    """The very value: "12.5", or "100/3" where no short decimal is it."""
    text = figure_text(value)
    return text if Fraction(text) == value else exact_text(value)


def _identity(item: Item, by_measure: Mapping[int, Item]) -> list[Cell]:
    objective = objective_of(item)
    first, last = days_of(item)
    return [
        str(item.measure_id),
        item.title,
        "Key result" if isinstance(item, KeyResult) else "Objective",
        LEVEL_WORDS[objective.level],
        objective.team.name if objective.team else "",
        SEPARATOR.join(person_text(one) for one in item.owners),
        item.cycle.name,
        first.isoformat(),
        last.isoformat(),
        item.description,
        SEPARATOR.join(tag.name for tag in item.measure.tags),
        _aligned(item, by_measure),
        _visible(objective),
    ]


def _aligned(item: Item, by_measure: Mapping[int, Item]) -> str:
    """ "People find us(weight: 25%, Id: 12)"; without a weight unless someone fixed it."""
    parent = parent_of(item, by_measure)
    if parent is None:
        return ""
    weight = f"weight: {figure_for_file(item.share)}%, " if item.share is not None else ""
    return f"{parent.title}({weight}Id: {parent.measure_id})"


def _visible(objective: Objective) -> str:
    if not objective.is_private:
        return EVERYONE
    people = [person_text(one) for one in objective.viewers]
    teams = [f"{TEAM_PREFIX}{one.name}" for one in objective.viewer_teams]
    return SEPARATOR.join([*people, *teams]) or "Owners"


def _figures(measure: Measure, standing: Standing) -> list[Cell]:
    is_kpi = measure.kind == KPI
    return [
        GUARD_WORDS[measure.guard] if measure.guard else KIND_WORDS[measure.kind],
        measure.unit if is_kpi else "%",
        measure.start_value if is_kpi else None,
        measure.target_value if is_kpi else None,
        measure.warning_value,
        standing.value,
        standing.progress,
        standing.expected,
        STATUS_WORDS[standing.status],
        measure.score if measure.ended_as == CLOSED else None,
        measure.closing_note,
    ]


def _check_in_cell(measure: Measure, said: SaidCheckIn) -> str:
    value = figure_for_file(said.value) if said.value is not None else ""
    if value and measure.kind != KPI:
        value += "%"
    parts: Sequence[tuple[str, str]] = (
        ("Checkin Date", f"{said.made_at:%Y-%m-%d}"),
        ("User", person_text(said.person)),
        ("Note", said.note),
        ("Current Value", value),
        ("Confidence", str(said.confidence or "")),
        ("Activity Date", f"{said.made_at:%Y-%m-%d %H:%M:%S} UTC"),
    )
    return "".join(f"{name}: {text}; " for name, text in parts).rstrip()
