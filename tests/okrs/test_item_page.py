"""An item's page: its figures for machines, the words, the timeline, the region served alone."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.changes import CRITERIA, note_change
from app.okrs.models import (
    KPI,
    PERCENT,
    Change,
    CheckIn,
    Cycle,
    KeyResult,
    Objective,
    Reading,
    SourceVersion,
)
from app.okrs.readings import record_check_in, record_reading
from app.okrs.rollup import settling
from app.okrs.rollup.settling import settle
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import make_key_result, make_measure, make_objective
from tests.support.client import Client
from tests.support.html import Page
from tests.support.sql import count_statements

AT_FIFTY = "It would be back on track at 50 %."


def show(client: Client, key_result: KeyResult) -> Page:
    return client.page(f"/key-results/{key_result.id}")


def entries(page: Page) -> list[str]:
    """The timeline without its moments."""
    return [item.one("div").text for item in page.all(".timeline li")]


@pytest.fixture
def source(key_result: KeyResult, bob: Person, abacus: Abacus) -> AbacusSource:
    source = AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id)
    source.versions.append(SourceVersion(definition={"beads": "9"}))
    db.session.add(source)
    db.session.commit()
    return source


def test_figures_for_machines(client: Client, carol: Person, bob: Person, cycle: Cycle) -> None:
    measure = make_measure(KPI, start_value=0, target_value=3, value=1)
    key_result = make_key_result(make_objective(bob, cycle), bob, measure=measure)
    client.sign_in(carol)
    standing = show(client, key_result).one("[data-measure]")
    assert standing["id"] == "standing"
    figures = {name for name in standing.attrs if name.startswith("data-")}
    assert {name: standing[name] for name in figures - {"data-live", "data-live-url"}} == {
        "data-measure": f"key-result-{key_result.id}",
        "data-progress": "33.333333",
        "data-expected": "50.000000",
        "data-status": "behind",
        "data-value": "1.000000",
    }


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("38", f"Behind by 12 points. {AT_FIFTY}"),
        ("49", f"Behind by 1 point. {AT_FIFTY}"),
        ("49.99", f"Behind by less than 0.1 points. {AT_FIFTY}"),
        ("24.9", f"At risk by 25.1 points. {AT_FIFTY}"),
        ("50", "On track, exactly as expected."),
        ("53", "On track, 3 points ahead."),
        ("-10", f"At risk by 60 points. {AT_FIFTY}"),
    ],
)
def test_where_it_stands_in_words(
    client: Client, bob: Person, cycle: Cycle, value: str, sentence: str
) -> None:
    measure = make_measure(PERCENT, value=value)
    key_result = make_key_result(make_objective(bob, cycle), bob, measure=measure)
    client.sign_in(bob)
    assert show(client, key_result).one(".say").text == sentence


def test_an_objective_shows_its_key_results_as_rows(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}")
    assert len(page.all("[data-measure]")) == 1
    assert page.one("#standing")["data-measure"] == f"objective-{objective.id}"
    assert page.one(f"#key-result-row-{key_result.id}").one(".name a")["href"] == (
        f"/key-results/{key_result.id}"
    )


def test_an_objective_without_key_results_says_so(
    client: Client, bob: Person, objective: Objective
) -> None:
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}")
    assert page.one(".say").text == "Not started: nothing counts towards it yet."
    assert page.one("#standing")["data-status"] == "not_started"


def test_the_timeline_tells_counts_check_ins_and_changes(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource
) -> None:
    measure, version = key_result.measure, source.versions[-1]
    start = datetime(2026, 2, 1, 12, tzinfo=UTC)
    check_in = CheckIn(measure=measure, person_id=bob.id, note="A start", made_at=start)
    db.session.add(check_in)
    record_check_in(measure, check_in, Fraction(8))
    for hours, (value, completed) in enumerate([(9, 7), (9, 7), (9, 8), (10, 8)], start=1):
        taken_at = start + timedelta(hours=hours)
        record_reading(measure, taken_at, Fraction(value), value, completed, version, None)
    note_change(measure, bob, CRITERIA, "in list Done", "in list Finished")
    db.session.commit()
    client.sign_in(bob)
    page = show(client, key_result)
    assert entries(page) == [
        "Bob Brown changed what is counted: in list Done → in list Finished",
        "Abacus counted: 9 posts → 10 posts Which beads 8 of 10 completed",
        "Abacus counted: 9 posts Which beads 8 of 9 completed",
        "Abacus counted: 8 posts → 9 posts Which beads 7 of 9 completed",
        "Bob Brown checked in: 8 posts A start",
    ]


def test_a_check_in_of_another_kind_is_told_without_todays_unit(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    measure, moment = key_result.measure, datetime(2026, 2, 1, 12, tzinfo=UTC)
    for hours, value in enumerate([45, 9]):
        made_at = moment + timedelta(hours=hours)
        check_in = CheckIn(measure=measure, person_id=bob.id, made_at=made_at)
        db.session.add(check_in)
        record_check_in(measure, check_in, Fraction(value))
        measure.series = 2
    db.session.commit()
    client.sign_in(bob)
    assert entries(show(client, key_result)) == [
        "Bob Brown checked in: 9 posts",
        "Bob Brown checked in: 45",
    ]


def test_the_chart_marks_where_readings_came_to_mean_something_else(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    measure, first = key_result.measure, datetime(2026, 2, 1, 12, tzinfo=UTC)
    edits = [("source", "", "Abacus", -1), ("target", "20", "30", 1), ("title", "A", "B", 1)]
    for what, before, after, days in edits:
        made_at = first + timedelta(days=days)
        edit = Change(measure=measure, what=what, before=before, after=after, made_at=made_at)
        db.session.add(edit)
    db.session.add(Reading(measure=measure, series=1, value=Fraction(9), taken_at=first))
    db.session.commit()
    client.sign_in(bob)
    turns = show(client, key_result).one(".turns")
    assert turns.text == "2 Feb 2026: Changed the target: 20 → 30"


def test_an_empty_timeline_says_what_comes_there(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}/timeline")
    assert "Nothing yet: check-ins, comments, counts and edits come here." in page.text
    assert "the newest first" not in page.text


def test_the_timeline_is_shown_fifty_at_a_time(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    for number in range(60):
        moment = utcnow() - timedelta(hours=number)
        db.session.add(
            CheckIn(
                measure=key_result.measure, person_id=bob.id, note=f"Note {number}.", made_at=moment
            )
        )
    db.session.commit()
    client.sign_in(bob)
    page = show(client, key_result)
    assert len(entries(page)) == 50
    assert "Note 0." in page.text and "Note 50." not in page.text
    page = client.page(page.link("Older"))
    assert "51 to 60 of 60, the newest first." in page.text
    assert entries(page) == [f"Bob Brown checked in Note {number}." for number in range(50, 60)]
    assert not page.named("Older")
    assert len(entries(client.page(page.link("Newer").partition("#")[0]))) == 50
    for number in ("0", "3", "9999999999999999999999"):
        assert client.get(f"/key-results/{key_result.id}/timeline?page={number}").status_code == 404


def test_a_series_of_another_kind_is_not_drawn(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    measure = key_result.measure
    db.session.add(Reading(measure=measure, series=1, value=Fraction(9)))
    measure.kind, measure.series = PERCENT, 2
    measure.target_value = Fraction(100)
    db.session.commit()
    client.sign_in(bob)
    assert "No readings yet." in show(client, key_result).one("#chart").text


def test_the_chart_of_a_roll_up_shows_what_it_came_to(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_key_result(objective, bob, "Idle")
    moment = datetime(2026, 2, 1, 12, tzinfo=UTC)
    monkeypatch.setattr(settling, "utcnow", lambda: moment)
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}/check-in")
    client.follow(client.submit(page, "Save", {"value": "10"}))
    chart = client.page(f"/objectives/{objective.id}").one("#chart").text
    assert "25 %" in chart and "1 Feb" in chart


def test_the_region_is_served_alone_and_asks_again_while_busy(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource, abacus: Abacus
) -> None:
    client.sign_in(bob)
    page = show(client, key_result)
    assert not page.all("noscript")
    abacus.state = {"is_busy": True}
    page = show(client, key_result)
    assert page.one("noscript meta")["content"] == "2"
    region = page.one("#standing")
    assert region["hx-get"] == f"/key-results/{key_result.id}/standing"
    assert region["hx-trigger"] == "every 1s"
    assert client.fragment(region["hx-get"]).one("#standing")["hx-trigger"] == "every 1s"
    abacus.state = {}
    region = client.fragment(region["hx-get"]).one("#standing")
    assert "hx-get" not in region
    assert region["data-measure"] == f"key-result-{key_result.id}"


def test_the_region_of_an_objective(client: Client, bob: Person, objective: Objective) -> None:
    client.sign_in(bob)
    region = client.fragment(f"/objectives/{objective.id}/standing").one("#standing")
    assert region["hx-trigger"] == f"objective-{objective.id}-counted from:document"


def test_what_is_not_there_is_not_found(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    for kind in ("objectives", "key-results"):
        for part in ("", "/standing", "/row"):
            assert client.get(f"/{kind}/99{part}").status_code == 404


def test_the_number_of_statements_stays_small(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource
) -> None:
    client.sign_in(bob)
    settle()
    for path in (f"/key-results/{key_result.id}", f"/objectives/{key_result.objective_id}"):
        client.page(path)  # roll-ups are settled with the first page after a change
        with count_statements() as statements:
            client.page(path)
        assert len(statements) <= 15, statements
