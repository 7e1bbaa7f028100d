"""The order of an objective's key results."""

import pytest
from sqlalchemy import select, update

from app.accounts.models import OBSERVER, Person
from app.db import db
from app.okrs import ordering
from app.okrs.models import CLOSED, Cycle, KeyResult, Measure, Objective
from app.okrs.ordering import DOWN, UP, move
from tests.okrs.items import make_key_result
from tests.support.client import Client
from tests.support.people import make_person

TITLES = ["Write", "Print", "Post"]


@pytest.fixture
def three(objective: Objective, bob: Person) -> list[KeyResult]:
    """Key results that were all made at the same place, as those from before may be."""
    return [make_key_result(objective, bob, title) for title in TITLES]


def order(objective: Objective) -> list[str]:
    db.session.remove()
    query = select(KeyResult.title).where(KeyResult.objective_id == objective.id)
    return list(db.session.scalars(query.order_by(KeyResult.position, KeyResult.id)))


def test_moving_up_and_down(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    page = client.page(client.page(f"/objectives/{objective.id}").link("Order"))
    assert [one.text for one in page.all("#order tbody th")] == TITLES
    still = [one["id"] for one in page.all("#order [aria-disabled]")]
    assert still == [f"up-{three[0].id}", f"down-{three[2].id}"]
    page = client.follow(client.submit(page, "Up: Post"))
    assert [one.text for one in page.all("#order tbody th")] == ["Write", "Post", "Print"]
    page = client.follow(client.submit(page, "Down: Write"))
    assert order(objective) == ["Post", "Write", "Print"]
    names = [one.text for one in client.page(f"/okrs?cycle={cycle.id}").all(".row.kr .name")]
    assert names == ["Post", "Write", "Print"]


def test_at_an_end_it_stays(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    client.follow(client.post(f"/key-results/{three[0].id}/move", {"way": UP}))
    client.follow(client.post(f"/key-results/{three[2].id}/move", {"way": DOWN}))
    assert order(objective) == TITLES


def test_htmx_gets_the_list_alone(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    answer = client.post(f"/key-results/{three[1].id}/move", {"way": UP}, htmx=True)
    part = client.see_fragment(answer)
    assert [one.text for one in part.all("#order tbody th")] == ["Print", "Write", "Post"]
    assert part.all("form")[0]["hx-target"] == "#order"


@pytest.mark.parametrize("way", ["", "sideways"])
def test_another_way_is_refused(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult], way: str
) -> None:
    client.sign_in(bob)
    assert client.post(f"/key-results/{three[1].id}/move", {"way": way}).status_code == 422
    assert order(objective) == TITLES


def test_only_who_may_edit_the_objective_changes_the_order(
    client: Client, alice: Person, bob: Person, carol: Person, objective: Objective
) -> None:
    hers = make_key_result(objective, carol, "Hers")
    make_key_result(objective, bob, "His")
    observer = make_person("Otto Orr", OBSERVER)
    for person, shown, moved in (
        (carol, 403, 403),
        (observer, 403, 403),
        (alice, 200, 303),
        (bob, 200, 303),
    ):
        client.sign_in(person)
        assert client.get(f"/objectives/{objective.id}/order").status_code == shown
        answer = client.post(f"/key-results/{hers.id}/move", {"way": DOWN})
        assert answer.status_code == moved
        assert order(objective) == (["Hers", "His"] if moved == 403 else ["His", "Hers"])
    assert client.post("/key-results/999/move", {"way": UP}).status_code == 404


def test_what_has_ended_keeps_its_order(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    db.session.get_one(Measure, objective.measure_id).ended_as = CLOSED
    db.session.commit()
    client.sign_in(bob)
    page = client.follow(client.get(f"/objectives/{objective.id}/order"))
    assert page.flashes == ["This objective is closed, so it stays as it is. Reopen it first."]
    client.follow(client.post(f"/key-results/{three[1].id}/move", {"way": UP}))
    assert order(objective) == TITLES


def test_what_ends_meanwhile_keeps_its_order(
    client: Client,
    bob: Person,
    objective: Objective,
    three: list[KeyResult],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold = ordering.hold

    def closed_by_another(measure: Measure) -> None:
        closing = update(Measure).where(Measure.id == measure.id).values(ended_as=CLOSED)
        db.session.execute(closing.execution_options(synchronize_session=False))
        hold(measure)

    monkeypatch.setattr(ordering, "hold", closed_by_another)
    client.sign_in(bob)
    answer = client.post(f"/key-results/{three[1].id}/move", {"way": UP})
    assert "stays as it is. Reopen it first." in client.follow(answer).text
    assert order(objective) == TITLES


@pytest.mark.both_databases
def test_one_that_was_deleted_meanwhile_moves_nothing(
    objective: Objective, three: list[KeyResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = db.session.get_one(KeyResult, three[1].id)
    chosen.deleted_at = chosen.created_at
    db.session.flush()
    assert [one.title for one in move(chosen, UP)] == ["Write", "Post"]


@pytest.mark.both_databases
def test_two_at_once_make_two_moves(
    client: Client,
    bob: Person,
    objective: Objective,
    three: list[KeyResult],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second looks at the order only once nobody else can change it."""
    held: list[str] = []
    hold, look = ordering.hold, ordering.in_order
    monkeypatch.setattr(ordering, "hold", lambda measure: (held.append("held"), hold(measure)))
    monkeypatch.setattr(ordering, "in_order", lambda one: (held.append("looked"), look(one))[1])
    client.sign_in(bob)
    for _ in range(2):
        client.follow(client.post(f"/key-results/{three[2].id}/move", {"way": UP}))
    assert order(objective) == ["Post", "Write", "Print"]
    assert held == ["held", "looked"] * 2
