"""Quarters by the calendar, and cycles an admin adds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.accounts.models import Person, Workspace
from app.accounts.setup import make_workspace
from app.audit.models import AuditEntry
from app.db import db
from app.okrs import cycle_views
from app.okrs.cycles import Quarter, add_cycle, current_cycle, ensure_quarters, keep_quarters
from app.okrs.models import Cycle
from tests.okrs.items import count_of, make_cycle, make_objective
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause

NEW = {"name": "Season", "first_day": "2026-02-01", "last_day": "2026-09-30"}


def names() -> list[str]:
    return list(db.session.scalars(select(Cycle.name).order_by(Cycle.starts_on, Cycle.id)))


@pytest.mark.parametrize(
    ("day", "first_month", "name", "starts_on", "ends_on"),
    [
        (date(2026, 11, 23), 1, "Q4 2026", date(2026, 10, 1), date(2026, 12, 31)),
        (date(2026, 1, 1), 1, "Q1 2026", date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 3, 31), 4, "Q4 2025/26", date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 4, 1), 4, "Q1 2026/27", date(2026, 4, 1), date(2026, 6, 30)),
        (date(2026, 1, 31), 12, "Q1 2025/26", date(2025, 12, 1), date(2026, 2, 28)),
        (date(2000, 2, 29), 12, "Q1 1999/00", date(1999, 12, 1), date(2000, 2, 29)),
    ],
)
def test_the_quarter_of_a_day(
    day: date, first_month: int, name: str, starts_on: date, ends_on: date
) -> None:
    assert Quarter.holding(day, first_month) == Quarter(name, starts_on, ends_on)


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.integers(1, 12))
def test_quarters_follow_each_other_without_a_gap(day: date, first_month: int) -> None:
    quarter = Quarter.holding(day, first_month)
    assert quarter.starts_on <= day <= quarter.ends_on
    assert 89 <= (quarter.ends_on - quarter.starts_on).days + 1 <= 92
    following = quarter.next(first_month)
    assert (following.starts_on - quarter.ends_on).days == 1
    assert following.name != quarter.name


def test_the_present_quarter_and_the_next_exist_from_the_start(app: object) -> None:
    make_workspace("Tally", "UTC")
    db.session.commit()
    assert names() == ["Q1 2026", "Q2 2026"]


def test_making_quarters_again_changes_nothing(workspace: Workspace) -> None:
    first = [cycle.id for cycle in ensure_quarters()]
    db.session.commit()
    keep_quarters()
    assert [cycle.id for cycle in ensure_quarters()] == first
    assert names() == ["Q1 2026", "Q2 2026"]


def test_a_quarter_that_another_made_meanwhile_is_taken(workspace: Workspace) -> None:
    ensure_quarters()
    assert add_cycle("Q1 2026", date(2026, 1, 1), date(2026, 3, 31)) is None
    assert names() == ["Q1 2026", "Q2 2026"]


@pytest.mark.both_databases
def test_clocks_and_pages_at_once_make_each_quarter_once(workspace: Workspace) -> None:
    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(_keep_quarters_in_a_thread) for _ in range(6)]:
            done.result(20)
    assert names() == ["Q1 2026", "Q2 2026"]


def _keep_quarters_in_a_thread() -> None:
    try:
        keep_quarters()
    finally:
        db.session.remove()


def test_a_page_makes_the_quarter_when_the_calendar_has_moved_on(
    client: Client, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.sign_in(bob)
    client.page("/okrs")
    monkeypatch.setattr(Workspace, "today", lambda _workspace: date(2026, 7, 1))
    assert client.page("/okrs").h1 == "OKRs, Q3 2026"
    assert names() == ["Q1 2026", "Q2 2026", "Q3 2026", "Q4 2026"]
    assert current_cycle().name == "Q3 2026"


def test_a_longer_cycle_does_not_take_the_place_of_the_quarter(workspace: Workspace) -> None:
    make_cycle("2026", date(2026, 1, 1), date(2026, 12, 31))
    assert current_cycle().name == "Q1 2026"


def test_everyone_sees_the_cycles_and_only_admins_the_form(
    client: Client, alice: Person, bob: Person
) -> None:
    make_objective(bob, current_cycle())
    client.sign_in(bob)
    page = client.page("/cycles")
    assert "Q1 2026 Now 1 Jan 2026 31 Mar 2026 1" in page.text
    assert not page.named("Add cycle")
    client.sign_in(alice)
    assert client.page("/cycles").named("Add cycle")


def test_an_admin_adds_a_cycle(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    page = client.follow(client.submit(client.page("/cycles"), "Add cycle", NEW))
    assert page.flashes == ["Season added."]
    assert "Season 1 Feb 2026 30 Sep 2026" in page.text
    assert client.post("/cycles", NEW).status_code == 422  # once more: there is one now
    assert names().count("Season") == 1
    entry = db.session.scalars(select(AuditEntry)).one()
    told = (entry.actor_id, entry.action, entry.thing_name, entry.detail)
    days = {"days": "1 Feb 2026 to 30 Sep 2026"}
    assert told == (alice.id, "cycle.created", "Season", days)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_at_once_never_make_two_of_one_name(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.sign_in(alice)
    page = client.page("/cycles")
    other = {"name": "SEASON", "first_day": "2026-02-02", "last_day": "2026-09-30"}
    adds = pause(monkeypatch, cycle_views, "add")
    early, late = one_after_the_other(
        lambda: client.submit(page, "Add cycle", NEW),
        adds,
        lambda: client.submit(page, "Add cycle", other),
    )
    assert client.follow(early).flashes == ["Season added."]
    refused = client.see(late, 422)
    assert refused.error("Name") == "There is a cycle of this name. Choose another."
    assert refused.field("First day").value == "2026-02-02"
    assert names().count("Season") == 1 and "SEASON" not in names()


def test_a_quarter_whose_name_is_taken_gets_a_number(
    client: Client, alice: Person, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cycle("q3 2026", date(2026, 7, 2), date(2026, 9, 30))
    make_cycle("Q3 2026 (2)", date(2026, 7, 3), date(2026, 9, 30))
    monkeypatch.setattr(Workspace, "today", lambda _workspace: date(2026, 7, 1))
    assert current_cycle().name == "Q3 2026 (3)"
    client.sign_in(alice)
    assert client.page("/okrs").h1 == "OKRs, Q3 2026 (3)"


def test_a_member_may_not_add_a_cycle(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    assert client.post("/cycles", NEW).status_code == 403
    client.sign_out()
    assert client.post("/cycles", NEW).headers["Location"].startswith("/login")
    assert count_of(Cycle) == 0


@pytest.mark.parametrize(
    ("changes", "label", "sentence"),
    [
        ({"name": " "}, "Name", "Give the cycle a name."),
        ({"name": "x" * 81}, "Name", "Use at most 80 characters."),
        ({"name": "q1 2026"}, "Name", "There is a cycle of this name. Choose another."),
        ({"first_day": ""}, "First day", "Give the first day."),
        ({"first_day": "soon"}, "First day", "Write a day as 2026-12-31."),
        ({"last_day": ""}, "Last day", "Give the last day."),
        ({"last_day": "2026-01-31"}, "Last day", "The last day must not be before the first day."),
        (
            {"first_day": "2026-01-01", "last_day": "2026-03-31"},
            "First day",
            "Q1 2026 has these days already.",
        ),
    ],
)
def test_a_cycle_that_makes_no_sense_is_refused_and_kept_in_the_form(
    client: Client, alice: Person, changes: dict[str, str], label: str, sentence: str
) -> None:
    client.sign_in(alice)
    client.page("/cycles")
    page = client.see(client.post("/cycles", NEW | changes), 422)
    assert page.error(label) == sentence
    for name, typed in (NEW | changes).items():
        assert page.one(f"#{name}").value == typed.strip()
    assert "Season" not in names()
