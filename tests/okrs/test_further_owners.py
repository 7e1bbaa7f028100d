"""Further owners: who owns an item beside its owner."""

from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.belongings import what
from app.okrs.models import Cycle, ItemOwner, KeyResult, Objective
from app.okrs.owned import running_items
from tests.okrs.items import TODAY, changes_of, make_key_result, make_objective, only
from tests.support.client import Client
from tests.support.people import make_person
from tests.support.sql import count_statements


def share(item: Objective | KeyResult, *people: Person) -> None:
    kept = db.session.get_one(type(item), item.id)
    kept.measure.further_owners = [db.session.merge(one) for one in people]
    db.session.commit()


def owners_of(item: Objective | KeyResult) -> list[str]:
    db.session.remove()
    return [one.name for one in db.session.get_one(type(item), item.id).owners]


def test_they_are_chosen_in_both_forms_and_shown(
    client: Client, alice: Person, bob: Person, carol: Person, objective: Objective, cycle: Cycle
) -> None:
    key_result = make_key_result(objective, bob)
    client.sign_in(bob)
    for path, item in (
        (f"/objectives/{objective.id}", objective),
        (f"/key-results/{key_result.id}", key_result),
    ):
        form = client.page(f"{path}/edit")
        assert list(form.field("Further owners").options) == [
            "Alice Adams",
            "Bob Brown",
            "Carol Clark",
        ]
        chosen = [str(carol.id), str(alice.id), str(bob.id)]
        page = client.follow(client.submit(form, "Save", {"further_owners": chosen}))
        assert "OwnersBBBob Brown, Alice Adams, Carol Clark" in page.one(".facts").text
        assert owners_of(item) == ["Bob Brown", "Alice Adams", "Carol Clark"]
        assert changes_of(item.measure_id) == [
            ("further owners", "nobody", "Alice Adams, Carol Clark")
        ]
    page = client.page(f"/okrs?cycle={cycle.id}")
    said = [one["title"] for one in page.all(".row .who") if "title" in one]
    assert said == ["Bob Brown, Alice Adams, Carol Clark"] * 2
    entries = db.session.scalars(select(AuditEntry)).all()
    changed = ["further owners: nobody → Alice Adams, Carol Clark"]
    assert [one.detail for one in entries] == [{"changed": changed}] * 2


def test_they_edit_and_are_at_home_with_it(
    client: Client, carol: Person, bob: Person, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(carol)
    assert client.get(f"/objectives/{objective.id}/edit").status_code == 403
    share(objective, carol)
    form = client.page(f"/objectives/{objective.id}/edit")
    client.follow(client.submit(form, "Save", {"title": "Readers stay"}))
    assert client.get(f"/key-results/{key_result.id}/edit").status_code == 200
    assert only(Objective).title == "Readers stay"


def test_it_is_theirs_in_mails_and_on_their_start_page(
    client: Client, carol: Person, objective: Objective, key_result: KeyResult
) -> None:
    assert running_items(carol, TODAY) == []
    share(objective, carol)
    share(key_result, carol)
    told = [one.title for one in running_items(carol, TODAY)]
    assert told == ["People find us", "Publish posts"]
    client.sign_in(carol)
    page = client.page("/")
    assert [one.text for one in page.all(".row .name a")] == told


@pytest.mark.parametrize("who", ["observer", "dave", "4711", "x"])
def test_only_who_may_own_can_be_chosen(
    client: Client, bob: Person, dave: Person, objective: Objective, who: str
) -> None:
    people = {"observer": make_person("Otto Orr", OBSERVER), "dave": dave}
    client.sign_in(bob)
    form = client.page(f"/objectives/{objective.id}/edit")
    sent = str(people[who].id) if who in people else who
    page = client.see(client.submit(form, "Save", {"further_owners": sent}), 422)
    assert page.error("Further owners") == "Choose from the list."
    assert owners_of(objective) == ["Bob Brown"]


def test_who_left_stays_until_someone_takes_them_out(
    client: Client, bob: Person, dave: Person, objective: Objective
) -> None:
    share(objective, dave)
    client.sign_in(bob)
    form = client.page(f"/objectives/{objective.id}/edit")
    assert "Dave Dunn (deactivated)" in form.field("Further owners").options
    client.follow(client.submit(form, "Save", {"title": "Readers stay"}))
    assert owners_of(objective) == ["Bob Brown", "Dave Dunn"]
    form = client.page(f"/objectives/{objective.id}/edit")
    client.follow(client.submit(form, "Save", {"further_owners": None}))
    assert owners_of(objective) == ["Bob Brown"]


def test_the_new_owner_is_no_further_one(
    client: Client, bob: Person, carol: Person, objective: Objective
) -> None:
    share(objective, carol)
    client.sign_in(bob)
    form = client.page(f"/objectives/{objective.id}/edit")
    chosen = {"owner": str(carol.id), "further_owners": [str(carol.id), str(bob.id)]}
    client.follow(client.submit(form, "Save", chosen))
    assert owners_of(objective) == ["Carol Clark", "Bob Brown"]


def test_an_owner_who_joined_meanwhile_stays(
    client: Client, bob: Person, carol: Person, objective: Objective
) -> None:
    client.sign_in(bob)
    form = client.page(f"/objectives/{objective.id}/edit")
    share(objective, carol)
    page = client.follow(client.submit(form, "Save", {"title": "Readers stay"}))
    assert "changed “Further owners” after you opened the form: that stays." in page.text
    assert owners_of(objective) == ["Bob Brown", "Carol Clark"]


def test_a_key_result_of_a_private_objective_goes_to_those_who_see_it(
    client: Client, bob: Person, carol: Person, cycle: Cycle
) -> None:
    objective = make_objective(bob, cycle, is_private=True)
    key_result = make_key_result(objective, bob)
    client.sign_in(bob)
    form = client.page(f"/key-results/{key_result.id}/edit")
    page = client.see(client.submit(form, "Save", {"further_owners": str(carol.id)}), 422)
    assert page.error("Further owners").startswith("Carol Clark can't see this private objective.")
    share(objective, carol)
    form = client.page(f"/key-results/{key_result.id}/edit")
    client.follow(client.submit(form, "Save", {"further_owners": str(carol.id)}))
    form = client.page(f"/objectives/{objective.id}/edit")
    page = client.see(client.submit(form, "Save", {"further_owners": None}), 422)
    said = "Carol Clark owns a key result of it, and so has to see it."
    assert page.one("#viewers-errors").text == said


@pytest.mark.both_databases
def test_whoever_takes_over_takes_the_place_of_who_leaves(
    client: Client, alice: Person, bob: Person, carol: Person, cycle: Cycle
) -> None:
    anna = make_person("Anna Arndt")
    shared = make_objective(anna, cycle, "Shared")
    share(shared, bob)
    hers = make_objective(carol, cycle, "Hers")
    share(hers, bob, anna)
    his = make_objective(bob, cycle, "His")
    share(his, carol, anna)
    part = make_key_result(his, anna, "Part")
    share(part, bob, carol)
    over = make_objective(anna, cycle, "Over", ends_on=TODAY.replace(day=1))
    share(over, bob)
    told = {one.noun: list(one.names) for one in what(bob)}
    assert told["item"] == ["Hers", "Shared", "Part"]
    client.sign_in(alice)
    page = client.page(f"/admin/people/{bob.id}/deactivate")
    assert "3 items with several owners" in page.text
    assert "Whoever takes over owns it with them." in page.text
    client.follow(client.submit(page, "Deactivate", {"heir": str(carol.id)}))
    assert owners_of(shared) == ["Anna Arndt", "Carol Clark"]
    assert owners_of(hers) == ["Carol Clark", "Anna Arndt"]
    assert owners_of(his) == ["Carol Clark", "Anna Arndt"]
    assert owners_of(part) == ["Anna Arndt", "Carol Clark"]
    assert owners_of(over) == ["Anna Arndt", "Bob Brown"]
    assert changes_of(shared.measure_id) == [("further owners", "Bob Brown", "Carol Clark")]
    assert changes_of(his.measure_id) == [
        ("owner", "Bob Brown", "Carol Clark"),
        ("further owners", "Anna Arndt, Carol Clark", "Anna Arndt"),
    ]
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.thing_name == "Shared"))
    assert [one.detail for one in entries] == [
        {"changed": ["further owners: Bob Brown → Carol Clark"]}
    ]


def test_the_heir_sees_the_private_objective_of_a_key_result_that_they_now_own_with_others(
    client: Client, alice: Person, bob: Person, carol: Person, cycle: Cycle
) -> None:
    anna = make_person("Anna Arndt")
    objective = make_objective(anna, cycle, is_private=True, viewers=[bob])
    key_result = make_key_result(objective, anna)
    share(key_result, bob)
    client.sign_in(alice)
    client.follow(client.post(f"/admin/people/{bob.id}/deactivate", {"heir": carol.id}))
    client.sign_in(carol)
    client.page(f"/key-results/{key_result.id}/edit")


def test_handing_over_costs_the_same_for_any_number(
    client: Client, alice: Person, bob: Person, carol: Person, cycle: Cycle
) -> None:
    client.sign_in(alice)
    counts = []
    for number in (1, 9):
        leaver = make_person(f"Leaver{number} Lang")
        for index in range(number):
            objective = make_objective(bob, cycle, f"Aim {index}", is_private=True)
            share(objective, leaver)
            share(make_key_result(objective, bob, f"Step {index}"), leaver)
        with count_statements() as statements:
            typed: dict[str, Any] = {"heir": carol.id}
            client.follow(client.post(f"/admin/people/{leaver.id}/deactivate", typed))
        # Each has lines of its own in the log and the timelines, and its owners.
        ours = ("INSERT", "DELETE FROM item_owner")
        counts.append(len([one for one in statements if not one.startswith(ours)]))
    assert counts[0] == counts[1]
    left = db.session.scalars(select(ItemOwner.person_id).distinct()).all()
    assert left == [carol.id]
