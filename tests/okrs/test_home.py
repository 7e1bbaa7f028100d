"""The start page: what is mine, what my teams own, and what of mine is silent or over."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from flask import Flask

from app.accounts.models import OBSERVER, Person, workspace
from app.db import db, utcnow
from app.okrs.checkins.wanting import items_wanting
from app.okrs.models import (
    ONCE,
    PERCENT,
    TEAM,
    UNTIL_RESUMED,
    CheckIn,
    Cycle,
    ItemOwner,
    KeyResult,
)
from app.teams.models import Team, TeamMember
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import TODAY, make_cycle, make_key_result, make_measure, make_objective
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person
from tests.support.sql import count_statements


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The clock goes with the tests' calendar."""
    now = datetime.combine(TODAY, datetime.min.time(), UTC)
    monkeypatch.setattr("app.okrs.home.utcnow", lambda: now)
    monkeypatch.setattr("app.okrs.checkins.wanting.utcnow", lambda: now)
    return now


def sections(page: Page) -> dict[str, list[str]]:
    return {
        one.one("h2").text: [row.text for row in one.all(".row .name a")]
        for one in page.all("main section")
        if one.all(".row")
    }


def needs(page: Page) -> list[tuple[str, str]]:
    return [(one.one("h3").text, one.one("p").text) for one in page.all(".needs li")]


def test_mine_and_my_teams(client: Client, bob: Person, carol: Person, cycle: Cycle) -> None:
    team = Team(name="Growth", key="growth", lead_id=carol.id)
    db.session.add(team)
    db.session.flush()
    db.session.add(TeamMember(team_id=team.id, person_id=bob.id))
    db.session.commit()
    make_objective(carol, cycle, "We grow", level=TEAM, team_id=team.id)
    make_objective(bob, cycle, "I grow", level=TEAM, team_id=team.id)
    hers = make_objective(carol, cycle, "Carol's own")
    shared = make_key_result(hers, carol, "Ours")
    db.session.add(ItemOwner(measure_id=shared.measure_id, person_id=bob.id))
    db.session.commit()
    client.sign_in(bob)
    assert sections(client.page("/")) == {
        "Your objectives": ["I grow"],
        "Your key results": ["Ours"],
        "Your teams' objectives": ["We grow"],
    }
    client.sign_in(carol)
    assert sections(client.page("/"))["Your teams' objectives"] == ["I grow"]


def test_it_shows_what_runs_and_says_of_the_rest_when_it_does(
    client: Client, abacus: Abacus, bob: Person, carol: Person, cycle: Cycle
) -> None:
    after = make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))
    objective = make_objective(bob, cycle, "Runs")
    make_key_result(objective, bob, "Part")
    key_result = make_key_result(make_objective(carol, after, "Hers"), bob, "Ahead")
    db.session.add(AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id))
    ended = make_measure(PERCENT, value=9, ended_as="closed", final_value=Fraction(9))
    make_objective(bob, cycle, "Well ended", measure=ended)
    make_key_result(
        objective, bob, "Done", measure=make_measure(ended_as="closed", final_value=Fraction(1))
    )
    db.session.commit()
    client.sign_in(bob)
    page = client.page("/")
    assert sections(page) == {"Your objectives": ["Runs"], "Your key results": ["Part", "Ahead"]}
    rows = [row.one(".name") for row in page.all(".rows .row") if "id" in row]
    assert [row.text for row in rows] == ["Runs", "Part Runs", "Ahead Summer Hers"]
    row = page.one(f"#key-result-row-{key_result.id}")
    again = client.fragment(row["data-live-url"]).one(".name")
    assert again.text == "Ahead Summer Hers"


def test_the_round_says_how_many_wait_for_it(
    client: Client, abacus: Abacus, bob: Person, carol: Person, cycle: Cycle
) -> None:
    objective = make_objective(bob, cycle)
    client.sign_in(bob)
    assert client.page("/").link("Check-in round") == "/check-ins/round"
    counts = []
    for count in (1, 4):
        made = [make_key_result(objective, bob) for _ in range(count)]
        client.page("/")
        with count_statements() as statements:
            page = client.page("/")
        counts.append(len(statements))
        assert page.link(f"Check-in round ({count})") == "/check-ins/round"
        for one in made:
            client.post(f"/key-results/{one.id}/check-in", {"value": "1"})
    assert counts[0] == counts[1]
    assert client.page("/").named("Check-in round")
    client.sign_in(make_person("Otto Orr", OBSERVER))
    assert "Check-in round" not in client.page("/").text


def test_the_number_is_that_of_the_round(
    client: Client, abacus: Abacus, bob: Person, carol: Person, cycle: Cycle, _now: datetime
) -> None:
    objective = make_objective(bob, cycle)
    for ended in (None, "closed"):
        make_key_result(objective, bob, measure=make_measure(PERCENT, ended_as=ended))
    make_key_result(objective, carol)
    make_key_result(objective, bob, starts_on=TODAY + timedelta(days=1))
    make_key_result(objective, bob, ends_on=TODAY - timedelta(days=1))
    over = make_cycle("Winter", date(2025, 10, 1), date(2025, 12, 31))
    make_key_result(make_objective(carol, over), bob, ends_on=TODAY)
    for override in (None, ONCE, UNTIL_RESUMED):
        measure = make_key_result(objective, bob).measure
        db.session.add(AbacusSource(measure=measure, linked_by_id=bob.id))
        measure.override = override
    for age in (timedelta(days=7), timedelta(days=6)):
        measure = make_key_result(objective, bob).measure
        db.session.add(CheckIn(measure=measure, person_id=bob.id, made_at=_now - age))
    db.session.commit()
    client.sign_in(bob)
    assert len(items_wanting(bob)) == 4
    assert client.page("/").link("Check-in round (4)")


def test_what_is_over_is_to_be_ended(client: Client, bob: Person, cycle: Cycle) -> None:
    over = make_cycle("Winter", date(2025, 10, 1), date(2025, 12, 31))
    late = make_objective(bob, over, "Long ago")
    ended = make_objective(bob, over, "Well ended")
    ended.measure.ended_as, ended.measure.final_value = "closed", Fraction(1)
    make_objective(bob, cycle, "Early", ends_on=TODAY - timedelta(days=1))
    make_objective(bob, cycle, "Today", ends_on=TODAY)
    db.session.commit()
    client.sign_in(bob)
    page = client.page("/")
    assert needs(page) == [
        ("Long ago", "Its last day was 31 Dec 2025. Close it, or postpone it."),
        ("Early", "Its last day was 19 Feb 2026. Close it, or postpone it."),
    ]
    assert page.all(".needs a")[0]["href"] == f"/objectives/{late.id}"
    over = db.session.get_one(Cycle, over.id)
    over.closed_at = utcnow()
    db.session.commit()
    assert [title for title, _ in needs(client.page("/"))] == ["Early"]


def test_many_that_are_over_are_one_line_more(client: Client, bob: Person) -> None:
    over = make_cycle("Winter", date(2025, 10, 1), date(2025, 12, 31))
    for number in range(8):
        make_objective(bob, over, f"Old {number}")
    client.sign_in(bob)
    page = client.page("/")
    assert needs(page)[-1] == ("More that is over", "3 more of yours are past their last day.")
    assert len(needs(page)) == 6
    listed = client.page(page.link("See them"))
    assert len(listed.all(".row .name a")) == 8


@pytest.mark.parametrize(
    ("value_age", "age", "says"),
    [
        (None, 8, "It has had no value yet."),
        (None, 6, None),
        (15, 40, "It has had no value since 5 Feb 2026."),
        (13, 40, None),
    ],
)
def test_what_people_have_to_say_is_asked_for_when_nobody_does(
    client: Client,
    bob: Person,
    cycle: Cycle,
    _now: datetime,
    value_age: int | None,
    age: int,
    says: str | None,
) -> None:
    objective = make_objective(bob, cycle)
    measure = make_measure(PERCENT)
    if value_age is not None:
        measure.value, measure.valued_at = Fraction(3), _now - timedelta(days=value_age)
    key_result = make_key_result(
        objective, bob, measure=measure, created_at=_now - timedelta(days=age)
    )
    client.sign_in(bob)
    page = client.page("/")
    assert needs(page) == ([("Publish posts", says)] if says else [])
    if says:
        assert page.link("Check in") == f"/key-results/{key_result.id}/check-in"


def silent(bob: Person, cycle: Cycle, now: datetime, count: int) -> list[KeyResult]:
    """Key results without a new value for 20 days, less an hour."""
    objective, long_ago = make_objective(bob, cycle), now - timedelta(days=40)
    found = []
    for number in range(count):
        measure = make_measure(PERCENT, value=3, valued_at=now - timedelta(days=19, hours=23))
        found.append(
            make_key_result(objective, bob, f"Quiet {number}", measure=measure, created_at=long_ago)
        )
    return found


def test_the_day_is_that_of_the_workspace(
    client: Client, bob: Person, cycle: Cycle, _now: datetime
) -> None:
    silent(bob, cycle, _now, 1)
    client.sign_in(bob)
    assert needs(client.page("/")) == [("Quiet 0", "It has had no value since 31 Jan 2026.")]
    workspace().time_zone = "America/New_York"
    db.session.commit()
    assert needs(client.page("/")) == [("Quiet 0", "It has had no value since 30 Jan 2026.")]


def test_what_is_linked_is_asked_for_only_where_people_keep_its_value(
    client: Client, abacus: Abacus, bob: Person, cycle: Cycle, _now: datetime
) -> None:
    for one, override in zip(silent(bob, cycle, _now, 3), (None, ONCE, UNTIL_RESUMED), strict=True):
        db.session.add(AbacusSource(measure_id=one.measure_id, linked_by_id=bob.id))
        one.measure.override = override
    db.session.commit()
    client.sign_in(bob)
    told = [title for title, said in needs(client.page("/")) if "no value" in said]
    assert told == ["Quiet 2"]


def test_many_that_are_silent_are_one_line_more(
    client: Client, bob: Person, cycle: Cycle, _now: datetime
) -> None:
    silent(bob, cycle, _now, 8)
    client.sign_in(bob)
    page = client.page("/")
    said = "3 more of yours have had none for long."
    assert len(needs(page)) == 6
    assert needs(page)[-1] == ("More without a new value", said)
    assert page.all(".needs li")[-1].one("a")["href"] == "/check-ins/round"


def test_roll_ups_and_what_data_keeps_current_are_never_asked_for(
    client: Client, app: Flask, bob: Person, cycle: Cycle, _now: datetime
) -> None:
    long_ago = _now - timedelta(days=40)
    make_objective(bob, cycle, created_at=long_ago)
    future = make_cycle("Later", date(2026, 5, 1), date(2026, 7, 1))
    make_objective(bob, future, "Not begun", measure=make_measure(PERCENT), created_at=long_ago)
    client.sign_in(bob)
    assert needs(client.page("/")) == []


def test_admins_are_told_of_what_has_no_owner(
    client: Client, alice: Person, bob: Person, cycle: Cycle
) -> None:
    dora = make_person("Dora Dent", is_active=False)
    make_key_result(make_objective(dora, cycle, "Left behind", is_private=True), dora)
    make_key_result(make_objective(bob, cycle), dora, "Left too")
    over = make_cycle("Winter", date(2025, 10, 1), date(2025, 12, 31))
    make_objective(make_person("Gus Gray", is_active=False), over, "Over")
    ended = make_objective(dora, cycle, "Well ended")
    ended.measure.ended_as, ended.measure.final_value = "closed", Fraction(1)
    db.session.commit()
    client.sign_in(alice)
    page = client.page("/")
    told = "Dora Dent was deactivated. Give what they own to someone else."
    assert needs(page) == [("3 items without an owner", told)]
    assert sections(page) == {}
    listed = client.page(page.link("See what it is"))
    assert "1 objective, 2 key results" in listed.text
    client.sign_in(bob)
    assert needs(client.page("/")) == []
    for number in range(7):
        left = make_person(f"Eve{number} Ember", is_active=False)
        make_objective(left, cycle)
    client.sign_in(alice)
    page = client.page("/")
    assert len(needs(page)) == 6
    said = "Others who were deactivated own items too."
    assert needs(page)[-1] == ("More without an owner", said)
    assert page.all(".needs a")[-1].text == "See who owns what"


def test_an_observer_has_a_home_too(client: Client, cycle: Cycle, bob: Person) -> None:
    client.sign_in(make_person("Otto Orr", OBSERVER))
    assert "Nothing of yours runs" in client.page("/").text
