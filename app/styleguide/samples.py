"""What the page of components shows: made-up items, which are in no database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from sqlalchemy.orm.attributes import set_committed_value
from wtforms import (
    BooleanField,
    Form,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)

from app.accounts.models import Person
from app.db import utcnow
from app.okrs.course import CHECKED_IN, COUNTED, REBUILT, Course, Mark, Point, Rebuilt
from app.okrs.forecast import Forecast
from app.okrs.integrations import SourceState
from app.okrs.models import KPI, PERSONAL, UNTIL_RESUMED, Cycle, KeyResult, Measure, Objective
from app.okrs.rows import Row
from app.okrs.standing import STATUS_WORDS, Standing
from app.okrs.timeline import Entry
from app.trello.models import TrelloSource

EXPECTED = Fraction(60)
NO_ID = 2_000_000_000
"""From here on nothing real is called: what is pressed on the page finds nothing."""
FIRST_DAY, LAST_DAY = -60, 39
"""Of the items, in days from today."""


class SampleForm(Form):
    """One field of each kind; checked while empty, each has something to say."""

    title = StringField("Title")
    measure = SelectField("Measure")
    lists = SelectMultipleField("List", default=["2"])
    description = TextAreaField("Description")
    is_shared = BooleanField("Offer it to everyone")

    def __init__(self, prefix: str = "", data: dict[str, str] | None = None) -> None:
        super().__init__(prefix=prefix, data=data)
        self.measure.choices = [("kpi", "KPI"), ("percent", "Percent complete")]
        self.lists.choices = [("", "Any list"), ("1", "Drafting"), ("2", "Finished")]

    def validate_title(self, field: StringField) -> None:
        raise ValidationError("Give it a title.")

    def validate_description(self, field: TextAreaField) -> None:
        raise ValidationError("Use at most 4,000 characters.")


def standings() -> Sequence[Standing]:
    """One of each status, then the edges of a bar."""
    progress = {
        "not_started": 0,
        "on_track": 72,
        "behind": 45,
        "at_risk": 17,
        "closed": 88,
        "postponed": 30,
    }
    usual = [_standing(one, progress[one]) for one in STATUS_WORDS]
    edges = [_standing("at_risk", 0), _standing("on_track", 60), _standing("on_track", 130)]
    return [*usual, *edges[:2], replace(edges[2], is_target_met=True)]


def _standing(status: str, progress: int) -> Standing:
    expected = Fraction(0) if status == "not_started" else EXPECTED
    return Standing(status, Fraction(progress), expected, Fraction(progress))


def rows(today: date) -> Sequence[Row]:
    """An objective, and key results whose sources are in each of the states there are."""
    counted_at = utcnow() - timedelta(minutes=4)
    calm = SourceState("Counted 4 minutes ago", counted_at)
    busy = replace(calm, sentence="Counting …", is_busy=True)
    troubled = SourceState("Trello has not answered for 3 hours.", counted_at, is_troubled=True)
    empty = replace(calm, note="no cards match")
    objective = _objective(today)
    by_hand = _key_result(objective, 6, "Set by hand until resumed")
    by_hand.measure.override = UNTIL_RESUMED
    return [
        Row(objective, _standing("behind", 45), None, tags=("growth", "writing")),
        Row(_key_result(objective, 1, "Checked in by people"), _standing("on_track", 72), None),
        Row(_linked(objective, 2, "Counted on a board"), _standing("behind", 45), calm),
        Row(_linked(objective, 3, "Being counted just now"), _standing("behind", 45), busy),
        Row(_linked(objective, 4, "Stands still"), _standing("at_risk", 17), troubled),
        Row(_linked(objective, 5, "Counts nothing"), _standing("at_risk", 0), empty),
        Row(_with_source(by_hand), _standing("on_track", 64), calm),
        Row(_key_result(objective, 7, "A" + "n unbroken" * 12), _standing("closed", 100), None),
    ]


def tree(today: date) -> SimpleNamespace:
    """An objective, what is under it, and what is under that, folded."""
    objective = _objective(today, NO_ID + 20)
    lines = [
        (Row(objective, _standing("behind", 45), None), 0, 2),
        (
            Row(_key_result(objective, 21, "What is under it"), _standing("on_track", 72), None),
            1,
            3,
        ),
        (Row(_key_result(objective, 22, "And beside that"), _standing("at_risk", 17), None), 1, 0),
    ]
    rows = [
        SimpleNamespace(
            row=row,
            depth=depth,
            level=depth + 1,
            line=SimpleNamespace(beneath=beneath),
            is_open=depth == 0,
            is_deep=False,
            cycle_name=None if depth else "2026",
            toggle_url="",
        )
        for row, depth, beneath in lines
    ]
    return SimpleNamespace(rows=rows, is_folded=True, page_count=1, continued=())


def tree_view() -> SimpleNamespace:
    here = SimpleNamespace(url="/styleguide")
    return SimpleNamespace(folded=here, unfolded=here, page=1)


def _objective(today: date, id_: int = NO_ID) -> Objective:
    days = {"starts_on": _day(today, FIRST_DAY), "ends_on": _day(today, LAST_DAY)}
    return Objective(
        id=id_,
        title="People find us without ads",
        owner=Person(id=NO_ID, name="Mina Lund"),
        cycle=Cycle(id=NO_ID, name="This quarter", **days),
        measure_id=id_,
        measure=Measure(id=id_, kind="roll_up", part_count=7),
        level=PERSONAL,
    )


def _key_result(objective: Objective, number: int, title: str) -> KeyResult:
    id_ = NO_ID + number
    measure = Measure(
        id=id_,
        kind=KPI,
        start_value=Fraction(0),
        target_value=Fraction(100),
        unit="posts",
        value=Fraction(45),
    )
    return KeyResult(
        id=id_,
        title=title,
        owner=Person(id=id_, name="Tom Okafor"),
        objective=objective,
        measure_id=id_,
        measure=measure,
    )


def _linked(objective: Objective, number: int, title: str) -> KeyResult:
    return _with_source(_key_result(objective, number, title))


def _with_source(key_result: KeyResult) -> KeyResult:
    source = TrelloSource(id=key_result.id, integration="trello")
    set_committed_value(key_result.measure, "source", source)
    return key_result


def course(today: date) -> Course:
    """Everything that a chart can hold."""
    first, last = _day(today, FIRST_DAY), _day(today, LAST_DAY)
    rebuilt = [Point(_at(today, days), Fraction(value), REBUILT) for days, value in _REBUILT]
    points = [
        Point(_at(today, days), Fraction(value), kind, "/styleguide" if kind == COUNTED else "")
        for days, value, kind in _POINTS
    ]
    return Course(
        first_day=first,
        last_day=last,
        today=today,
        zone=ZoneInfo("UTC"),
        start=Fraction(0),
        target=Fraction(20),
        points=points,
        marks=[Mark(_at(today, -24), "target 18 → 20")],
        rebuilt=Rebuilt(rebuilt, points[0].moment, ["1 card was deleted."]),
        forecast=Forecast(
            since=_day(today, -28),
            known_until=today,
            value=points[-1].value,
            target=Fraction(20),
            last_day=last,
            today=today,
            pace=Fraction(1, 6),
            slow=Fraction(1, 8),
            quick=Fraction(1, 4),
        ),
        unit="posts",
        label="Posts",
        status="behind",
    )


_REBUILT = ((-60, 0), (-51, 1), (-44, 2), (-38, 3))
_POINTS = (
    (-30, 3, COUNTED),
    (-24, 5, COUNTED),
    (-16, 7, COUNTED),
    (-9, 8, CHECKED_IN),
    (-1, 9, COUNTED),
)
"""Days from today, value, and how it came about."""


def timeline() -> Sequence[Entry]:
    now, before = utcnow(), utcnow() - timedelta(days=9)
    return [
        Entry(now, "Trello", "counted", after="9 posts", url="/styleguide", url_text="Which cards"),
        Entry(
            now - timedelta(days=1), "Mina Lund", "checked in", after="8 posts", note="Two wait."
        ),
        Entry(before, "Tom Okafor", "changed the target", "18", "20"),
    ]


def _day(today: date, days: int) -> date:
    return today + timedelta(days=days)


def _at(today: date, days: int) -> datetime:
    return datetime.combine(_day(today, days), time(12), UTC)
