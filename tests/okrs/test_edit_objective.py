"""Editing an objective: who may, what is recorded, what readings keep."""

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.models import KPI, PERCENT, ROLL_UP, Cycle, KeyResult, Objective, Reading
from tests.okrs.items import changes_of, make_cycle, make_measure, make_objective
from tests.support.client import Client


@pytest.fixture
def counted(bob: Person, cycle: Cycle) -> Objective:
    """An objective with a KPI of its own and one reading."""
    measure = make_measure(KPI, start_value=0, target_value=20, unit="posts", value=9)
    objective = make_objective(bob, cycle, measure=measure)
    db.session.add(Reading(measure=measure, series=1, value=Fraction(9)))
    db.session.commit()
    return objective


def edit(objective: Objective) -> str:
    return f"/objectives/{objective.id}/edit"


def reloaded(objective: Objective) -> Objective:
    return db.session.get_one(Objective, objective.id, populate_existing=True)


def test_the_form_holds_what_is_stored(client: Client, bob: Person, counted: Objective) -> None:
    client.sign_in(bob)
    page = client.page(edit(counted))
    assert page.field("Title").value == "People find us"
    assert page.field("Measure").value == KPI
    assert [page.field(label).value for label in ("Start", "Target", "Unit")] == [
        "0",
        "20",
        "posts",
    ]


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_its_owner_and_admins_edit_it(
    client: Client, objective: Objective, name: str, request: pytest.FixtureRequest
) -> None:
    client.sign_in(request.getfixturevalue(name))
    page = client.page(f"/objectives/{objective.id}")
    page = client.page(page.link("Edit"))
    page = client.follow(client.submit(page, "Save", {"title": "Everyone finds us"}))
    assert page.h1 == "Everyone finds us"
    assert changes_of(objective.measure_id) == [("title", "People find us", "Everyone finds us")]


def test_others_may_not(client: Client, objective: Objective, carol: Person) -> None:
    client.sign_in(carol)
    assert not client.page(f"/objectives/{objective.id}").named("Edit")
    assert client.get(edit(objective)).status_code == 403
    assert client.post(edit(objective), {"title": "Mine", "step": "save"}).status_code == 403
    client.sign_out()
    assert client.post(edit(objective), {"step": "save"}).headers["Location"].startswith("/login")
    assert reloaded(objective).title == "People find us"


@pytest.mark.parametrize("number", ["99", "9" * 30])
def test_what_is_not_there_is_not_found(client: Client, alice: Person, number: str) -> None:
    client.sign_in(alice)
    assert client.get(f"/objectives/{number}/edit").status_code == 404
    assert client.post(f"/objectives/{number}/edit", {"step": "save"}).status_code == 404


def test_an_owner_hands_it_over(
    client: Client, objective: Objective, bob: Person, carol: Person, dave: Person
) -> None:
    client.sign_in(bob)
    page = client.page(edit(objective))
    assert "Dave Dunn" not in page.field("Owner").options
    page = client.follow(client.submit(page, "Save", {"owner": str(carol.id)}))
    assert not page.named("Edit")
    assert changes_of(objective.measure_id) == [("owner", "Bob Brown", "Carol Clark")]
    assert client.get(edit(objective)).status_code == 403


def test_an_owner_who_left_stays_until_another_is_chosen(
    client: Client, alice: Person, dave: Person, cycle: Cycle
) -> None:
    objective = make_objective(dave, cycle)
    client.sign_in(alice)
    page = client.page(edit(objective))
    assert page.field("Owner").value == str(dave.id)
    client.follow(client.submit(page, "Save"))
    assert reloaded(objective).owner_id == dave.id


def test_saving_unchanged_records_nothing(client: Client, bob: Person, counted: Objective) -> None:
    client.sign_in(bob)
    client.follow(client.submit(client.page(edit(counted)), "Save"))
    client.follow(client.submit(client.page(edit(counted)), "Save"))
    assert changes_of(counted.measure_id) == []
    assert reloaded(counted).measure.series == 1


def test_another_target_leaves_readings_and_recomputes_progress(
    client: Client, bob: Person, counted: Objective
) -> None:
    client.sign_in(bob)
    page = client.submit(client.page(edit(counted)), "Save", {"target": "36"})
    page = client.follow(page)
    assert page.one("#standing")["data-progress"] == "25.000000"
    assert page.one("#standing")["data-value"] == "9.000000"
    measure = reloaded(counted).measure
    assert (measure.series, measure.value) == (1, 9)
    assert changes_of(measure.id) == [("target", "KPI, 0 to 20 posts", "KPI, 0 to 36 posts")]
    assert [one.value for one in db.session.scalars(select(Reading))] == [9]


def test_another_kind_of_measure_starts_a_new_series(
    client: Client, bob: Person, counted: Objective
) -> None:
    client.sign_in(bob)
    typed = {"measure": PERCENT}
    page = client.follow(client.submit(client.page(edit(counted)), "Save", typed))
    assert page.one("#standing")["data-value"] == "0.000000"
    measure = reloaded(counted).measure
    assert (measure.kind, measure.series, measure.value) == (PERCENT, 2, None)
    assert (measure.start_value, measure.target_value, measure.unit) == (0, 100, "")
    assert [(one.series, one.value) for one in db.session.scalars(select(Reading))] == [(1, 9)]
    assert changes_of(measure.id) == [("measure", "KPI, 0 to 20 posts", "Percent complete")]


def test_an_objective_goes_back_to_its_key_results(
    client: Client, bob: Person, counted: Objective
) -> None:
    client.sign_in(bob)
    client.follow(client.submit(client.page(edit(counted)), "Save", {"measure": ROLL_UP}))
    assert reloaded(counted).measure.kind == ROLL_UP


def test_own_days_are_recorded(client: Client, bob: Person, objective: Objective) -> None:
    client.sign_in(bob)
    typed = {"first_day": "2026-02-01", "last_day": "2026-03-01"}
    client.follow(client.submit(client.page(edit(objective)), "Save", typed))
    stored = reloaded(objective)
    assert (stored.starts_on, stored.ends_on) == (date(2026, 2, 1), date(2026, 3, 1))
    assert changes_of(objective.measure_id) == [
        ("days", "1 Jan 2026 to 11 Apr 2026", "1 Feb 2026 to 1 Mar 2026")
    ]
    page = client.page(edit(objective))
    assert "open" in page.one("details")
    client.follow(client.submit(page, "Save", {"first_day": "", "last_day": ""}))
    assert reloaded(objective).starts_on is None


def test_in_another_cycle_key_results_move_along_and_own_days_stay(
    client: Client, bob: Person, key_result: KeyResult, objective: Objective
) -> None:
    key_result.ends_on = date(2026, 3, 1)
    later = make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))
    client.sign_in(bob)
    client.follow(client.submit(client.page(edit(objective)), "Save", {"cycle": str(later.id)}))
    assert changes_of(objective.measure_id) == [("cycle", "Spring", "Summer")]
    moved = db.session.get_one(KeyResult, key_result.id, populate_existing=True)
    assert moved.cycle.name == "Summer"
    assert moved.ends_on == date(2026, 3, 1)
    assert client.page(f"/key-results/{moved.id}").one("#standing")["data-expected"] == "0.000000"


def test_bad_input_changes_nothing(client: Client, bob: Person, counted: Objective) -> None:
    client.sign_in(bob)
    typed = {"title": "", "target": "0"}
    page = client.see(client.submit(client.page(edit(counted)), "Save", typed), 422)
    assert page.error("Title") == "Give it a title."
    assert page.error("Target") == "The target must differ from the start."
    stored = reloaded(counted)
    assert (stored.title, stored.measure.target_value) == ("People find us", 20)


def test_a_tab_without_changes_meanwhile_saves_twice(
    client: Client, alice: Person, objective: Objective
) -> None:
    client.sign_in(alice)
    path = f"/objectives/{objective.id}/edit"
    for title in ("Once", "Twice"):
        assert client.submit(client.page(path), "Save", {"title": title}).status_code == 303
