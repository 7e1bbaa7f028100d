"""What an item's page makes of its record: links to evidence, the rebuilt part, the forecast."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import PastPart, PastPoint
from app.okrs.models import (
    PERCENT,
    Change,
    CheckIn,
    Cycle,
    KeyResult,
    Objective,
    Reading,
    SourceVersion,
)
from app.okrs.readings import record_check_in
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import TODAY, make_key_result, make_measure, make_objective
from tests.support.client import Client
from tests.support.html import Page
from tests.support.sql import count_statements

NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)


def ago(days: int, hours: int = 0) -> datetime:
    return NOON - timedelta(days=days, hours=hours)


@pytest.fixture
def source(key_result: KeyResult, bob: Person, abacus: Abacus) -> AbacusSource:
    source = AbacusSource(
        measure_id=key_result.measure_id, linked_by_id=bob.id, counted_at=NOON, created_at=ago(20)
    )
    source.versions.append(SourceVersion(definition={"beads": "9"}))
    db.session.add(source)
    db.session.commit()
    return source


def count(source: AbacusSource, *counts: tuple[int, int]) -> None:
    """Readings of the source: days ago, and what it counted."""
    for days, value in counts:
        add_count(source, ago(days), value)
    db.session.commit()


def add_count(source: AbacusSource, moment: datetime, value: int) -> None:
    measure = source.measure
    measure.value = Fraction(value)
    db.session.add(
        Reading(
            measure=measure,
            series=measure.series,
            taken_at=moment,
            value=Fraction(value),
            source_version=source.versions[-1],
        )
    )


def check_in(key_result: KeyResult, bob: Person, moment: datetime, value: int) -> None:
    made = CheckIn(measure=key_result.measure, person_id=bob.id, made_at=moment)
    db.session.add(made)
    record_check_in(key_result.measure, made, Fraction(value))
    db.session.commit()


def come_to(objective: Objective, moment: datetime, progress: int) -> None:
    """What the roll-up came to then, as settling stores it."""
    measure, value = objective.measure, Fraction(progress)
    measure.value, measure.part_count = value, 1
    db.session.add(Reading(measure=measure, series=1, taken_at=moment, value=value))
    db.session.commit()


def edit(key_result: KeyResult, what: str, moment: datetime) -> None:
    db.session.add(
        Change(measure=key_result.measure, what=what, before="a", after="b", made_at=moment)
    )
    db.session.commit()


def show(client: Client, key_result: KeyResult) -> Page:
    return client.page(f"/key-results/{key_result.id}")


def outlook(client: Client, key_result: KeyResult) -> str:
    said = show(client, key_result).all(".outlook")
    return said[0].text if said else ""


def table(page: Page) -> list[list[str]]:
    return [[cell.text for cell in row.all("td")] for row in page.all("#chart tbody tr")]


def links(page: Page, selector: str) -> list[str]:
    return [link["href"] for link in page.all(selector)]


def test_counts_lead_to_what_was_counted(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource
) -> None:
    add_count(source, ago(6, hours=3), 1)
    count(source, (6, 2), (4, 3))
    client.sign_in(bob)
    page = show(client, key_result)
    newest, of_noon, of_morning = (
        f"/beads/{source.id}?at={ago(days, hours).isoformat()}"
        for days, hours in ((4, 0), (6, 0), (6, 3))
    )
    assert links(page, ".timeline a") == [newest, of_noon, of_morning]
    # On the chart and in its table a day is one place: its last count.
    assert links(page, "#chart td a") == [newest, of_noon]
    assert links(page, "#chart .points a") == [of_noon, newest]
    assert {link["tabindex"] for link in page.all("#chart .points a")} == {"-1"}
    assert {group["aria-hidden"] for group in page.all("#chart .points")} == {"true"}


def test_what_a_person_said_leads_nowhere(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    check_in(key_result, bob, ago(4), 3)
    client.sign_in(bob)
    page = show(client, key_result)
    assert not page.all("#chart a") and not page.all(".timeline div a")


def test_the_rebuilt_part_is_shown_apart(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource, abacus: Abacus
) -> None:
    count(source, (6, 3), (2, 4))
    abacus.past_part = PastPart(
        points=[PastPoint(ago(30), Fraction(1)), PastPoint(ago(10), Fraction(3))],
        gaps=["Two beads were thrown away."],
    )
    client.sign_in(bob)
    page = show(client, key_result)
    assert [(row[0], row[1], row[3]) for row in table(page)] == [
        ("18 Feb 2026", "4 posts", "counted"),
        ("14 Feb 2026", "3 posts", "counted"),
        ("10 Feb 2026", "3 posts", "rebuilt"),
        ("21 Jan 2026", "1 post", "rebuilt"),
    ]
    assert links(page, "#chart td a")[-1] == f"/beads/{source.id}?at={ago(30).isoformat()}"
    assert len(page.all("#chart .rebuilt")) == 2  # in the drawing and in the legend
    assert "Two beads were thrown away." in page.one("#chart").text


def test_while_it_is_being_rebuilt_the_page_says_so(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource, abacus: Abacus
) -> None:
    abacus.past_part = PastPart(points=[], gaps=[], is_waiting=True)
    client.sign_in(bob)
    assert "is being rebuilt" in show(client, key_result).one("#chart").text


def test_the_forecast_is_in_words_and_drawn(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource
) -> None:
    count(source, *((28 - 4 * step, step) for step in range(8)))
    client.sign_in(bob)
    assert outlook(client, key_result).startswith(
        "At the pace of the last 4 weeks (1.8 beads a week) it would reach 20 posts about 13 Apr, "
    )
    assert len(show(client, key_result).all("#chart .band")) == 2


def test_without_a_typed_unit_the_goal_is_in_what_is_counted(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource
) -> None:
    key_result.measure.unit = ""
    count(source, *((28 - 4 * step, step) for step in range(8)))
    client.sign_in(bob)
    assert "it would reach 20 beads about" in outlook(client, key_result)


@pytest.mark.parametrize("what", ["criteria", "source", "measure"])
def test_values_of_other_criteria_are_no_pace(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource, what: str
) -> None:
    count(source, *((28 - 4 * step, step) for step in range(8)))
    client.sign_in(bob)
    edit(key_result, what, ago(13))
    # The count at 12 days and the later ones remain.
    assert outlook(client, key_result).startswith("At the pace of the last 12 days (1.8 beads")
    edit(key_result, what, ago(3))
    assert outlook(client, key_result) == ""


def test_another_target_keeps_the_pace(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource
) -> None:
    count(source, *((28 - 4 * step, step) for step in range(8)))
    edit(key_result, "target", ago(3))
    client.sign_in(bob)
    assert "last 4 weeks" in outlook(client, key_result)


def test_what_was_rebuilt_counts_for_the_pace_of_the_same_criteria(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource, abacus: Abacus
) -> None:
    points = [PastPoint(ago(28 - 4 * step), Fraction(step)) for step in range(7)]
    abacus.past_part = PastPart(points=points, gaps=[])
    count(source, (2, 7))
    edit(key_result, "source", ago(2, hours=-1))
    client.sign_in(bob)
    assert "last 4 weeks (1.8 beads a week)" in outlook(client, key_result)
    edit(key_result, "criteria", ago(1))
    assert outlook(client, key_result) == ""


def test_a_source_that_stands_still_tells_nothing_of_the_days_after(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource
) -> None:
    source.counted_at = ago(4)
    count(source, *((28 - 4 * step, step) for step in range(7)))
    client.sign_in(bob)
    assert "last 24 days" in outlook(client, key_result)


def test_check_ins_give_a_forecast_too(client: Client, bob: Person, key_result: KeyResult) -> None:
    for days, value in ((21, 1), (14, 3), (7, 5), (1, 8)):
        check_in(key_result, bob, ago(days), value)
    client.sign_in(bob)
    assert outlook(client, key_result).startswith(
        "At the pace of the last 20 days (2.5 posts a week) it would reach 20 posts about 26 Mar, "
    )


def test_a_roll_up_has_a_forecast_in_points(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, source: AbacusSource
) -> None:
    count(source, *((28 - 4 * step, step) for step in range(8)))
    for step in range(8):
        come_to(objective, ago(28 - 4 * step), 5 * step)
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}")
    assert page.one(".outlook").text.startswith(
        "At the pace of the last 4 weeks (8.8 points a week) it would reach 100 % about 13 Apr, "
    )
    assert not page.all("#chart a")


@pytest.mark.parametrize("what", ["created", "target", "postponed", "alignment"])
def test_a_roll_up_has_no_forecast_from_before_it_jumped(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    source: AbacusSource,
    what: str,
) -> None:
    for step in range(8):
        come_to(objective, ago(28 - 4 * step), 5 * step)
    client.sign_in(bob)
    edit(key_result, "title", ago(2))
    assert client.page(f"/objectives/{objective.id}").all(".outlook")
    edit(key_result, what, ago(2))
    assert not client.page(f"/objectives/{objective.id}").all(".outlook")


def test_a_percentage_has_a_forecast_in_points(client: Client, bob: Person, cycle: Cycle) -> None:
    key_result = make_key_result(
        make_objective(bob, cycle), bob, measure=make_measure(PERCENT, value=0)
    )
    for days, value in ((21, 10), (14, 20), (7, 30), (0, 40)):
        check_in(key_result, bob, ago(days), value)
    client.sign_in(bob)
    assert outlook(client, key_result) == (
        "At the pace of the last 3 weeks (10 points a week) it would reach 100 % about 3 Apr, "
        "between 28 Mar and 15 Apr. "
        "To reach it by 11 Apr it needs 8.4 points a week."
    )


@pytest.mark.both_databases
@pytest.mark.parametrize("length", [1, 40])
def test_a_long_history_asks_no_more_of_the_database(
    client: Client,
    bob: Person,
    key_result: KeyResult,
    source: AbacusSource,
    abacus: Abacus,
    length: int,
) -> None:
    count(source, *((length - day, day) for day in range(length)))
    for day in range(length):
        check_in(key_result, bob, ago(day, hours=1), day)
    abacus.past_part = PastPart([PastPoint(ago(60 + day), Fraction(day)) for day in range(9)], [])
    client.sign_in(bob)
    show(client, key_result)
    assert len(statements_of(client, key_result)) <= 12


def statements_of(client: Client, key_result: KeyResult) -> Sequence[str]:
    with count_statements() as statements:
        show(client, key_result)
    return statements
