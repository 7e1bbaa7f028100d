"""An item's chart: its drawing, with the same figures as sentences and as a table."""

from dataclasses import dataclass
from functools import lru_cache

from app.okrs.course import Course
from app.okrs.drawing import Drawing, draw
from app.okrs.plan import Plan
from app.pages import day as day_text
from app.pages import number

ROWS = 60
"""Days in the table beside the chart; older ones are left out and their number is told."""

MOST_KEPT = 50
"""Charts that a process keeps, of some tens of kilobytes each."""


@dataclass(frozen=True)
class Turn:
    """One or several marks of a day, under one number."""

    number: int
    day: str
    text: str


@dataclass(frozen=True)
class DayRow:
    """The last reading of a day; where there is none, what was rebuilt of it."""

    day: str
    value: str
    expected: str
    kind: str
    url: str


@dataclass(frozen=True)
class Chart:
    course: Course
    description: str
    drawing: Drawing
    turns: list[Turn]
    rows: list[DayRow]
    """Newest first."""
    rows_left_out: int

    @property
    def is_empty(self) -> bool:
        return not self.course.points and not self.course.rebuilt.points

    @property
    def longest_text(self) -> str:
        """Of its points: it keeps the room for any other."""
        return max((one.text for one in self.drawing.figures), key=len, default="")

    @property
    def opens(self) -> bool:
        """Whether any point leads to what was counted then."""
        return any(one.url for one in self.drawing.figures)


def draw_chart(course: Course) -> Chart:
    plan = Plan(course)
    return Chart(
        course=course,
        description=_describe(course),
        drawing=draw(plan),
        turns=[
            Turn(place, day_text(day), "; ".join(texts))
            for place, (day, texts) in enumerate(plan.turns.items(), start=1)
        ],
        rows=[_row(plan, after) for after in sorted(plan.by_day, reverse=True)[:ROWS]],
        rows_left_out=max(0, len(plan.by_day) - ROWS),
    )


@lru_cache(maxsize=MOST_KEPT)
def kept_chart(course: Course) -> Chart:
    """The same, drawn once while the course is the same, whoever looks: pages are looked at again
    and again, and ask for their standing by themselves. All sequences of the course are tuples."""
    return draw_chart(course)


def _row(plan: Plan, after: int) -> DayRow:
    one = plan.by_day[after]
    return DayRow(*plan.words(one), one.point.kind, one.point.url)


def _describe(course: Course) -> str:
    way = f"From {number(course.start)} to {course.with_unit(course.target)}"
    goal = f"To {course.goal}" if course.goal else way
    said = [f"{goal}, {day_text(course.first_day)} to {day_text(course.last_day)}."]
    if course.rebuilt.points:
        first = course.day_of(course.rebuilt.points[0])
        said.append(f"Rebuilt from the board's activity since {day_text(first)}.")
    if not course.points:
        return f"{' '.join(said)} No readings yet."
    last = max(course.points, key=lambda point: point.moment)
    latest = f"Latest: {course.with_unit(last.value)} on {day_text(course.day_of(last))}"
    expected = number(course.expected(course.today))
    said.append(
        f"{latest}."
        if course.goal
        else f"{latest}; expected by {day_text(course.today)}: {expected}."
    )
    return " ".join(said)
