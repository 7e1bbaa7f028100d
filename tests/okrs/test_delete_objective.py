"""Deleting: what is said first, and that it then is nowhere."""

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.loading import live_measures, visible_key_results, visible_objectives
from app.okrs.models import Cycle, KeyResult, Objective
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import changes_of, make_key_result, make_objective
from tests.support.client import Client


def live() -> set[int]:
    return set(db.session.scalars(live_measures()))


def test_it_says_what_goes_with_it(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, abacus: Abacus
) -> None:
    make_key_result(objective, bob, "Answer mail")
    db.session.add(AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id))
    db.session.commit()
    client.sign_in(bob)
    page = client.page(client.page(f"/objectives/{objective.id}").link("Delete"))
    assert "2 key results go with it. 1 data source stops counting." in page.text
    assert db.session.get_one(Objective, objective.id).deleted_at is None
    page = client.page(f"/key-results/{key_result.id}/delete")
    assert "1 data source stops counting." in page.text


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_then_it_is_nowhere(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    name: str,
    request: pytest.FixtureRequest,
) -> None:
    path = f"/objectives/{objective.id}"
    person = request.getfixturevalue(name)
    client.sign_in(person)
    answer = client.submit(client.page(f"{path}/delete"), "Delete")
    page = client.follow(answer)
    assert page.flashes == ["Objective deleted."]
    assert page.path.startswith("") and "People find us" not in page.text
    for gone in (path, f"{path}/edit", f"{path}/standing", f"/key-results/{key_result.id}"):
        assert client.get(gone).status_code == 404
    assert client.post(f"{path}/delete").status_code == 404
    assert "People find us" not in client.page("/").text
    db.session.remove()
    stored = db.session.get_one(Objective, objective.id)
    assert stored.deleted_at is not None
    assert stored.deleted_by_id == person.id
    assert changes_of(objective.measure_id) == [("deleted", "", "")]
    assert not db.session.scalars(visible_objectives(bob)).all()
    assert not db.session.scalars(visible_key_results(bob)).all()
    assert live() == set()


def test_a_key_result_goes_alone(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult
) -> None:
    assert live() == {objective.measure_id, key_result.measure_id}
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}/delete")
    assert "Nothing else goes with it." in page.text
    page = client.follow(client.submit(page, "Delete"))
    assert page.h1 == "People find us"
    assert "No key results yet." in page.text
    assert client.get(f"/key-results/{key_result.id}").status_code == 404
    assert client.post(f"/key-results/{key_result.id}/delete").status_code == 404
    assert live() == {objective.measure_id}


def test_others_may_not(
    client: Client, carol: Person, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(carol)
    for path in (f"/objectives/{objective.id}", f"/key-results/{key_result.id}"):
        assert client.get(f"{path}/delete").status_code == 403
        assert client.post(f"{path}/delete").status_code == 403
    client.sign_out()
    answer = client.post(f"/objectives/{objective.id}/delete")
    assert answer.headers["Location"].startswith("/login")
    assert not db.session.scalars(select(Objective).where(Objective.deleted_at.is_not(None))).all()


def test_what_is_not_there_is_not_found(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    for path in ("/objectives/99/delete", "/key-results/99/delete", f"/key-results/{9**30}/delete"):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404


def test_the_owner_of_the_objective_deletes_its_key_results(
    client: Client, bob: Person, carol: Person, cycle: Cycle
) -> None:
    key_result = make_key_result(make_objective(bob, cycle), carol)
    client.sign_in(bob)
    assert client.post(f"/key-results/{key_result.id}/delete").status_code == 303
