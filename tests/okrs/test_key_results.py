"""Making and editing key results."""

from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.models import KPI, PERCENT, Cycle, KeyResult, Objective
from tests.okrs.items import changes_of, count_of, make_key_result, make_objective, only
from tests.support.client import Client

FIELDS = {"title": "Publish 20 posts", "measure": KPI, "target": "20", "unit": "posts"}


def new(objective: Objective) -> str:
    return f"/objectives/{objective.id}/key-results/new"


def edit(key_result: KeyResult) -> str:
    return f"/key-results/{key_result.id}/edit"


def test_the_objectives_owner_adds_one_for_anyone(
    client: Client, bob: Person, carol: Person, objective: Objective
) -> None:
    client.sign_in(bob)
    page = client.page(client.page(f"/objectives/{objective.id}").link("New key result"))
    assert page.field("Measure").options == {"Percent complete": PERCENT, "KPI": KPI}
    assert page.field("Measure").value == PERCENT
    assert page.field("Start").value == "0"
    assert not page.named("Cycle")
    page = client.follow(client.submit(page, "Save", FIELDS | {"owner": str(carol.id)}))
    assert page.h1 == "Publish 20 posts"
    assert "0 of 20 posts" in page.text
    key_result = only(KeyResult)
    assert (key_result.objective_id, key_result.owner_id) == (objective.id, carol.id)
    measure = key_result.measure
    assert (measure.start_value, measure.target_value) == (Fraction(0), Fraction(20))
    assert changes_of(measure.id) == [("created", "", "")]


def test_new_ones_come_last(client: Client, bob: Person, objective: Objective) -> None:
    client.sign_in(bob)
    for title in ("First", "Second"):
        client.follow(client.submit(client.page(new(objective)), "Save", {"title": title}))
    found = db.session.scalars(select(KeyResult).order_by(KeyResult.position))
    assert [(one.title, one.position) for one in found] == [("First", 0), ("Second", 1)]


def test_a_roll_up_is_not_for_key_results(
    client: Client, bob: Person, objective: Objective
) -> None:
    client.sign_in(bob)
    answer = client.post(new(objective), {"title": "x", "measure": "roll_up", "step": "save"})
    assert client.see(answer, 422).error("Measure") == "Choose one from the list."


def test_others_add_none(client: Client, carol: Person, objective: Objective) -> None:
    client.sign_in(carol)
    assert not client.page(f"/objectives/{objective.id}").named("New key result")
    assert client.get(new(objective)).status_code == 403
    assert client.post(new(objective), FIELDS | {"step": "save"}).status_code == 403
    client.sign_out()
    answer = client.post(new(objective), FIELDS | {"step": "save"})
    assert answer.headers["Location"].startswith("/login")
    assert count_of(KeyResult) == 0


def test_below_nothing_there_is_nothing(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    assert client.post("/objectives/99/key-results/new", FIELDS).status_code == 404


@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
def test_admins_its_owner_and_the_objectives_owner_edit_it(
    client: Client,
    bob: Person,
    carol: Person,
    cycle: Cycle,
    name: str,
    request: pytest.FixtureRequest,
) -> None:
    key_result = make_key_result(make_objective(bob, cycle), carol)
    client.sign_in(request.getfixturevalue(name))
    page = client.page(client.page(f"/key-results/{key_result.id}").link("Edit"))
    page = client.follow(client.submit(page, "Save", {"title": "Publish more"}))
    assert page.h1 == "Publish more"
    assert page.flashes == ["Key result saved."]


def test_others_do_not(client: Client, carol: Person, key_result: KeyResult) -> None:
    client.sign_in(carol)
    assert client.get(edit(key_result)).status_code == 403
    assert client.post(edit(key_result), FIELDS | {"step": "save"}).status_code == 403
    client.sign_out()
    answer = client.post(edit(key_result), FIELDS | {"step": "save"})
    assert answer.headers["Location"].startswith("/login")
    assert client.get("/key-results/99/edit").status_code == 302


def test_the_owner_of_a_key_result_may_not_edit_its_objective(
    client: Client, bob: Person, carol: Person, cycle: Cycle
) -> None:
    objective = make_objective(bob, cycle)
    make_key_result(objective, carol)
    client.sign_in(carol)
    assert client.get(f"/objectives/{objective.id}/edit").status_code == 403
    assert client.get(new(objective)).status_code == 403


def test_bad_input_keeps_what_was_typed(client: Client, bob: Person, key_result: KeyResult) -> None:
    client.sign_in(bob)
    typed = {"title": "", "target": "plenty", "last_day": "2025-12-31"}
    page = client.see(client.submit(client.page(edit(key_result)), "Save", typed), 422)
    assert page.error("Title") == "Give it a title."
    assert page.error("Target") == "Write a number, such as 20 or 1,200.5."
    assert page.error("Last day") == "The last day must not be before Spring begins."
    assert page.field("Target").value == "plenty"
    stored = db.session.get_one(KeyResult, key_result.id, populate_existing=True)
    assert stored.title == "Publish posts"
