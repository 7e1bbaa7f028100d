"""KPIs that have to stay above or below a number: what they are, say and ask for.

The table was worked out by hand: exactly at the target a guard fails, exactly at its warning
threshold it warns, and the threshold changes the status alone.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.models import (
    KPI,
    STAY_ABOVE,
    STAY_BELOW,
    Cycle,
    KeyResult,
    Measure,
    Objective,
    Reading,
    SourceVersion,
)
from app.okrs.readings import record_reading
from app.okrs.remedy import remedy_for
from app.okrs.standing import AT_RISK, BEHIND, ON_TRACK, Goal, Thresholds, standing_at
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import (
    FIRST_DAY,
    LAST_DAY,
    TODAY,
    changes_of,
    make_key_result,
    make_measure,
    make_objective,
)
from tests.support.client import Client

USUAL = Thresholds()
CASES = [
    # guard, target, warning, value; progress, status, remedy by hand, remedy by cards
    (STAY_ABOVE, 10, None, "11", 100, ON_TRACK, None, None),
    (STAY_ABOVE, 10, None, "10", 0, AT_RISK, "above 10", "1 more card"),
    (STAY_ABOVE, 10, None, "8", 0, AT_RISK, "above 10", "3 more cards"),
    (STAY_ABOVE, 10, None, "10.000001", 100, ON_TRACK, None, None),
    (STAY_ABOVE, 10, 12, "13", 100, ON_TRACK, None, None),
    (STAY_ABOVE, 10, 12, "12", 100, BEHIND, "above 12", "1 more card"),
    (STAY_ABOVE, 10, 12, "11", 100, BEHIND, "above 12", "2 more cards"),
    (STAY_ABOVE, 10, 12, "10", 0, AT_RISK, "above 10", "1 more card"),
    (STAY_ABOVE, 10, "12.5", "11", 100, BEHIND, "above 12.5", "2 more cards"),
    (STAY_BELOW, 5, None, "4", 100, ON_TRACK, None, None),
    (STAY_BELOW, 5, None, "5", 0, AT_RISK, "below 5", "1 fewer card"),
    (STAY_BELOW, 5, None, "9", 0, AT_RISK, "below 5", "5 fewer cards"),
    (STAY_BELOW, 5, 3, "2", 100, ON_TRACK, None, None),
    (STAY_BELOW, 5, 3, "3", 100, BEHIND, "below 3", "1 fewer card"),
    (STAY_BELOW, 5, 3, "4", 100, BEHIND, "below 3", "2 fewer cards"),
    (STAY_BELOW, 5, 3, "5", 0, AT_RISK, "below 5", "1 fewer card"),
    (STAY_BELOW, 0, None, "0", 0, AT_RISK, "below 0", None),  # there are no fewer than none
    (STAY_BELOW, -2, None, "-3", 100, ON_TRACK, None, None),
]


@pytest.mark.parametrize(
    ("guard", "target", "warning", "value", "progress", "status", "by_hand", "by_cards"), CASES
)
def test_the_table(
    guard: str,
    target: int,
    warning: str | int | None,
    value: str,
    progress: int,
    status: str,
    by_hand: str | None,
    by_cards: str | None,
) -> None:
    warns_at = None if warning is None else Fraction(warning)
    goal = Goal(Fraction(0), Fraction(target), guard, warns_at)
    standing = standing_at(Fraction(value), goal, (FIRST_DAY, LAST_DAY), TODAY, USUAL)
    assert (standing.progress, standing.status) == (progress, status)
    assert not standing.is_target_met
    measure = make_measure(
        KPI, start_value=0, target_value=target, unit="", guard=guard, warning_value=warns_at
    )
    said = [remedy_for(measure, standing, USUAL, noun) for noun in (None, "card")]
    assert [one and one.amount for one in said] == [by_hand, by_cards]


def guard(bob: Person, cycle: Cycle, value: str, warning: int | None = 97) -> KeyResult:
    measure = make_measure(
        KPI,
        start_value=0,
        target_value=95,
        unit="%",
        guard=STAY_ABOVE,
        warning_value=None if warning is None else Fraction(warning),
        value=value,
    )
    return make_key_result(make_objective(bob, cycle), bob, "Stay up", measure=measure)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("98", "On track: at 98 %, above 95 %."),
        (
            "97",
            "Behind: at 97 %, above 95 %, but not above the warning threshold of 97 %. "
            "It would be back on track above 97 %.",
        ),
        ("95", "At risk: at 95 %, not above 95 %. It would hold again above 95 %."),
    ],
)
def test_where_it_stands_in_words(
    client: Client, bob: Person, cycle: Cycle, value: str, sentence: str
) -> None:
    key_result = guard(bob, cycle, value)
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}")
    assert page.one(".say").text == sentence
    facts = page.one(".facts").text
    assert f"Value{value} %, to stay above 95 %" in facts
    assert "Warning threshold97 %" in facts and "Expected today" not in facts
    row = client.page(f"/objectives/{key_result.objective_id}").one(".row.kr")
    assert f"{value}, stay above 95 %" in row.text


def test_it_enters_a_roll_up_as_all_or_nothing(
    client: Client, bob: Person, cycle: Cycle, alice: Person
) -> None:
    key_result = guard(bob, cycle, "96")
    client.sign_in(bob)
    path = f"/objectives/{key_result.objective_id}"
    assert client.page(path).one("#standing")["data-progress"] == "100.000000"
    client.post(f"/key-results/{key_result.id}/check-in", {"value": "95"})
    assert client.page(path).one("#standing")["data-progress"] == "0.000000"


def test_the_chart_expects_the_target_every_day_and_foretells_nothing(
    client: Client, bob: Person, cycle: Cycle
) -> None:
    key_result = guard(bob, cycle, "93")
    for day, value in ((5, 99), (20, 97), (43, 93)):
        moment = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day - 1)
        reading = Reading(
            measure_id=key_result.measure_id, series=1, value=Fraction(value), taken_at=moment
        )
        db.session.add(reading)
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}")
    chart = page.one("#chart")
    assert "To stay above 95 %, 1 Jan 2026 to 11 Apr 2026. Latest: 93 % on 12 Feb 2026." in (
        chart.all("desc")[0].text
    )
    expected = chart.all("path.expected")[0]["d"]
    heights = {step.split()[-1] for step in expected.replace("M", "L").split("L") if step}
    assert len(heights) == 1
    assert not chart.all(".band") and not page.all(".outlook")


def test_it_is_made_in_the_form(client: Client, bob: Person, objective: Objective) -> None:
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/key-results/new")
    assert list(page.field("Direction").options) == [
        "From start to target",
        "Stay above the target",
        "Stay below the target",
    ]
    typed = {
        "title": "Few bugs",
        "measure": "kpi",
        "direction": STAY_BELOW,
        "start": "five",  # nobody sees that field now
        "target": "10",
        "warning": "7.5",
        "unit": "bugs",
    }
    page = client.follow(client.submit(page, "Save", typed))
    assert page.one("#standing")["data-status"] == "on_track"
    measure = db.session.scalars(select(Measure).where(Measure.kind == KPI)).one()
    assert (measure.guard, measure.target_value, measure.warning_value) == (
        STAY_BELOW,
        10,
        Fraction("7.5"),
    )
    edit = page.link("Edit")
    page = client.page(edit)
    assert page.field("Direction").value == STAY_BELOW
    assert page.field("Warning threshold").value == "7.5"
    client.follow(client.submit(page, "Save", {"warning": ""}))
    page = client.page(edit)
    client.follow(client.submit(page, "Save", {"direction": "", "start": "30"}))
    assert changes_of(measure.id) == [
        ("created", "", ""),
        (
            "target",
            "KPI, to stay below 10 bugs, warning from 7.5 bugs",
            "KPI, to stay below 10 bugs",
        ),
        ("target", "KPI, to stay below 10 bugs", "KPI, 30 to 10 bugs"),
    ]
    measure = db.session.get_one(Measure, measure.id)
    assert (measure.guard, measure.warning_value, measure.series) == (None, None, 1)


@pytest.mark.parametrize(
    ("typed", "label", "sentence"),
    [
        ({"target": ""}, "Target", "Give the number to stay above."),
        ({"target": "ten"}, "Target", "Write a number, such as 20 or 1,200.5."),
        (
            {"warning": "10"},
            "Warning threshold",
            "To warn in time, the threshold must be above the target.",
        ),
        ({"warning": "soon"}, "Warning threshold", "Write a number, such as 20 or 1,200.5."),
        (
            {"direction": STAY_BELOW, "warning": "10"},
            "Warning threshold",
            "To warn in time, the threshold must be below the target.",
        ),
        ({"direction": "sideways"}, "Direction", "Choose one from the list."),
    ],
)
def test_bad_input_is_kept(
    client: Client,
    bob: Person,
    objective: Objective,
    typed: dict[str, str],
    label: str,
    sentence: str,
) -> None:
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/key-results/new")
    usual = {"title": "Stay up", "measure": "kpi", "direction": STAY_ABOVE, "target": "10"}
    page = client.see(client.submit(page, "Save", usual | typed), 422)
    assert page.error(label) == sentence
    assert page.field("Title").value == "Stay up"
    assert db.session.scalars(select(KeyResult)).all() == []


def test_a_guard_of_a_source_asks_for_things_that_are_counted(
    client: Client, bob: Person, key_result: KeyResult, abacus: Abacus
) -> None:
    measure = key_result.measure
    measure.guard, measure.target_value = STAY_BELOW, Fraction(5)
    source = AbacusSource(measure=measure, linked_by_id=bob.id)
    source.versions.append(SourceVersion(definition={"beads": "7"}))
    db.session.add(source)
    db.session.flush()
    record_reading(
        measure, datetime(2026, 2, 1, 12, tzinfo=UTC), Fraction(7), 7, 0, source.versions[-1], None
    )
    db.session.commit()
    client.sign_in(bob)
    assert client.page(f"/key-results/{key_result.id}").one(".say").text == (
        "At risk: at 7 posts, not below 5. 3 fewer beads would make it hold again."
    )
