"""Editing cycles, closing and reopening them, and the years that the calendar offers."""

from datetime import date

import pytest
from sqlalchemy import select

from app.accounts.models import Person, Workspace
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs import cycle_views
from app.okrs.cycles import Year, current_cycle, offered_years
from app.okrs.models import CLOSED, Cycle, KeyResult, Objective
from tests.okrs.items import count_of, make_cycle, make_key_result, make_objective
from tests.okrs.test_close import CLOSE, measure_of
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause


def edit(cycle: Cycle) -> str:
    return f"/cycles/{cycle.id}/edit"


def reloaded(cycle: Cycle) -> Cycle:
    return db.session.get_one(Cycle, cycle.id, populate_existing=True)


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize(
    ("day", "first_month", "name", "starts_on", "ends_on"),
    [
        (date(2026, 11, 23), 1, "2026", date(2026, 1, 1), date(2026, 12, 31)),
        (date(2026, 3, 31), 4, "2025/26", date(2025, 4, 1), date(2026, 3, 31)),
        (date(2026, 12, 1), 12, "2026/27", date(2026, 12, 1), date(2027, 11, 30)),
    ],
)
def test_the_year_of_a_day(
    day: date, first_month: int, name: str, starts_on: date, ends_on: date
) -> None:
    assert Year.holding(day, first_month) == Year(name, starts_on, ends_on)


def test_the_year_is_offered_and_made_by_one_press(
    client: Client, alice: Person, bob: Person, workspace: Workspace
) -> None:
    client.sign_in(bob)
    assert not client.page("/cycles").named("Add 2026")
    assert client.post("/cycles/years", {"name": "2026"}).status_code == 403
    client.sign_in(alice)
    page = client.page("/cycles")
    page = client.follow(client.submit(page, "Add 2026"))
    assert page.flashes == ["2026 added."]
    assert "2026 1 Jan 2026 31 Dec 2026" in page.text and not page.named("Add 2026")
    page = client.follow(client.post("/cycles/years", {"name": "2026"}))
    assert page.flashes == ["There is such a cycle already."]
    assert client.follow(client.post("/cycles/years", {"name": "1999"})).flashes == page.flashes
    assert [one.name for one in db.session.scalars(select(Cycle)) if len(one.name) == 4] == ["2026"]


def test_in_the_last_quarter_the_next_year_is_offered_too(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "today", lambda _workspace: date(2026, 10, 1))
    assert [one.name for one in offered_years()] == ["2026", "2027"]
    workspace.first_month = 10
    assert [one.name for one in offered_years()] == ["2026/27"]


def test_items_follow_the_days_of_their_cycle_but_for_their_own(
    client: Client, alice: Person, bob: Person, cycle: Cycle, key_result: KeyResult
) -> None:
    key_result.ends_on = date(2026, 3, 1)
    db.session.commit()
    client.sign_in(alice)
    page = client.page(client.page("/cycles").link("Edit Spring"))
    typed = {"name": "Early", "first_day": "2026-02-10", "last_day": "2026-03-02"}
    page = client.follow(client.submit(page, "Save", typed))
    assert page.flashes == ["Early saved."]
    page = client.page(f"/objectives/{key_result.objective_id}")
    assert page.one("#standing")["data-expected"] == "50.000000"
    assert "10 Feb 2026 to 1 Mar 2026" in client.page(f"/key-results/{key_result.id}").text
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.detail["changed"]) == (
        "cycle.edited",
        [
            "name: Spring → Early",
            "days: 1 Jan 2026 to 11 Apr 2026 → 10 Feb 2026 to 2 Mar 2026",
        ],
    )


def test_saving_unchanged_records_nothing(client: Client, alice: Person, cycle: Cycle) -> None:
    client.sign_in(alice)
    client.submit(client.page(edit(cycle)), "Save")
    assert actions() == []


@pytest.mark.parametrize(
    ("changes", "label", "sentence"),
    [
        ({"name": ""}, "Name", "Give the cycle a name."),
        ({"name": "SUMMER"}, "Name", "There is a cycle of this name. Choose another."),
        ({"last_day": "2025-12-31"}, "Last day", "The last day must not be before the first day."),
        (
            {"first_day": "2026-05-01", "last_day": "2026-08-08"},
            "First day",
            "Summer has these days already.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_kept(
    client: Client,
    alice: Person,
    cycle: Cycle,
    changes: dict[str, str],
    label: str,
    sentence: str,
) -> None:
    make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))
    client.sign_in(alice)
    page = client.see(client.submit(client.page(edit(cycle)), "Save", changes), 422)
    assert page.error(label) == sentence
    for name, typed in changes.items():
        assert page.one(f"#{name}").value == typed
    assert (reloaded(cycle).name, reloaded(cycle).ends_on) == ("Spring", date(2026, 4, 11))


def test_the_days_of_the_calendars_quarters_stay(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    quarter = current_cycle()
    page = client.page(edit(quarter))
    page = client.see(client.submit(page, "Save", {"last_day": "2026-03-30"}), 422)
    assert page.error("First day").startswith("The calendar makes this quarter")
    assert client.submit(page, "Save", {"name": "One", "last_day": "2026-03-31"}).status_code == 303
    assert reloaded(quarter).name == "One"


def test_a_tab_left_open_does_not_undo_what_another_saved(
    client: Client, alice: Person, cycle: Cycle
) -> None:
    client.sign_in(alice)
    first, second = client.page(edit(cycle)), client.page(edit(cycle))
    client.submit(first, "Save", {"name": "One"})
    page = client.see(client.submit(second, "Save", {"name": "Two"}), 422)
    assert page.error("Name").startswith("You changed this to “One”")
    assert page.field("Name").value == "Two"
    assert reloaded(cycle).name == "One"
    client.submit(page, "Save")
    assert reloaded(cycle).name == "Two"


def test_a_cycle_with_open_items_is_not_closed(
    client: Client, alice: Person, cycle: Cycle, objective: Objective, key_result: KeyResult
) -> None:
    make_key_result(objective, alice, deleted_at=utcnow())
    client.sign_in(alice)
    page = client.page(f"/cycles/{cycle.id}/review")
    said = "1 objective and 1 key result are still open."
    assert f"{said} Spring can be closed once nothing is." in page.text
    page = client.follow(client.submit(page, "Close Spring"))
    assert page.flashes == [f"{said} Close or postpone what is left of Spring first."]
    assert page.h1 == "Review, Spring"
    assert reloaded(cycle).closed_at is None


def test_a_closed_cycle_takes_nothing_and_reopens_nothing(
    client: Client, alice: Person, cycle: Cycle, objective: Objective
) -> None:
    client.sign_in(alice)
    client.post(f"/objectives/{objective.id}/close", CLOSE)
    page = client.page(f"/cycles/{cycle.id}/review")
    page = client.follow(client.submit(page, "Close Spring"))
    assert page.flashes == ["Spring closed."]
    assert reloaded(cycle).closed_by_id == alice.id
    assert client.follow(client.post(f"/cycles/{cycle.id}/close")).flashes == [
        "Spring is closed already."
    ]
    assert "Spring Closed" in client.page("/cycles").text
    assert "Spring" not in client.page("/objectives/new").field("Cycle").options
    typed = {
        "step": "save",
        "title": "Late",
        "owner": str(alice.id),
        "cycle": str(cycle.id),
        "measure": "percent",
        "visibility": "everyone",
    }
    page = client.see(client.post("/objectives/new", typed), 422)
    assert page.error("Cycle") == "Choose one from the list."
    assert count_of(Objective) == 1
    for ask in (client.get, client.post):
        page = client.follow(ask(f"/objectives/{objective.id}/reopen"))
        assert page.flashes == ["Spring is closed. It has to be reopened by an admin first."]
    assert measure_of(objective).ended_as == CLOSED
    page = client.follow(client.get(edit(cycle)))
    assert page.flashes == ["Spring is closed, so it stays as it is. Reopen it first."]
    page = client.follow(client.submit(page, "Reopen Spring"))
    assert page.flashes == ["Spring reopened."]
    assert client.follow(client.post(f"/cycles/{cycle.id}/reopen")).flashes == [
        "Spring is open already."
    ]
    client.post(f"/objectives/{objective.id}/reopen")
    assert measure_of(objective).ended_as is None
    assert actions() == [
        "objective.closed",
        "cycle.closed",
        "cycle.reopened",
        "objective.reopened",
    ]


def test_past_cycles_stay_readable(client: Client, bob: Person, cycle: Cycle) -> None:
    past = make_cycle("Winter", date(2025, 10, 1), date(2025, 12, 31))
    past.closed_at = utcnow()
    objective = make_objective(bob, past, "Gone by")
    client.sign_in(bob)
    assert "Winter" in client.page("/cycles").text
    assert client.page(f"/objectives/{objective.id}").h1 == "Gone by"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_cycle_that_is_being_closed_takes_no_objective(
    client: Client, alice: Person, bob: Person, cycle: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.okrs import cycle_views

    others = Client(client.app)
    client.sign_in(alice)
    others.sign_in(bob)
    page = others.page(f"/objectives/new?cycle={cycle.id}")
    is_there = pause(monkeypatch, cycle_views, "still_open")
    closed, late = one_after_the_other(
        lambda: client.post(f"/cycles/{cycle.id}/close"),
        is_there,
        lambda: others.submit(page, "Save", {"title": "Late"}),
    )
    assert client.follow(closed).flashes == ["Spring closed."]
    page = others.see(late, 422)
    assert "This cycle was just closed by someone else." in page.text
    assert page.field("Title").value == "Late"
    assert count_of(Objective) == 0


def test_members_may_not(client: Client, bob: Person, cycle: Cycle, key_result: KeyResult) -> None:
    client.sign_in(bob)
    page = client.page("/cycles")
    assert not page.named("Edit Spring") and page.named("Review Spring")
    assert not client.page(f"/cycles/{cycle.id}/review").named("Close Spring")
    assert client.get(edit(cycle)).status_code == 403
    for action in ("edit", "close", "reopen"):
        assert client.post(f"/cycles/{cycle.id}/{action}").status_code == 403


def test_what_is_not_there_is_not_found(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    for one in ("99", str(9**30)):
        assert client.get(f"/cycles/{one}/edit").status_code == 404
        assert client.get(f"/cycles/{one}/review").status_code == 404
        for action in ("edit", "close", "reopen", "review"):
            assert client.post(f"/cycles/{one}/{action}").status_code == 404


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_name_that_was_just_given_to_another_is_refused(
    client: Client, alice: Person, cycle: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))
    client.sign_in(alice)
    pages = [client.page(edit(one)) for one in (cycle, other)]
    changes = pause(monkeypatch, cycle_views, "change_cycle")
    early, late = one_after_the_other(
        lambda: client.submit(pages[0], "Save", {"name": "Season"}),
        changes,
        lambda: client.submit(pages[1], "Save", {"name": "season"}),
    )
    assert early.status_code == 303
    refused = client.see(late, 422)
    assert refused.error("Name") == "There is a cycle of this name. Choose another."
    assert refused.field("Name").value == "season" and reloaded(other).name == "Summer"
    client.submit(client.page(edit(cycle)), "Save", {"name": "SEASON"})
    assert (reloaded(cycle).name, reloaded(cycle).key) == ("SEASON", "season")


def test_a_year_whose_name_is_taken_is_not_offered(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cycle("2026", date(2026, 1, 2), date(2026, 12, 31))
    monkeypatch.setattr(Workspace, "today", lambda _workspace: date(2026, 10, 1))
    assert [one.name for one in offered_years()] == ["2027"]
