"""Objectives and key results go to someone else when their owner leaves."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import ADMIN, MEMBER, OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs.belongings import what
from app.okrs.models import KeyResult, Objective, ObjectiveViewer
from tests.okrs.items import (
    FIRST_DAY,
    LAST_DAY,
    TODAY,
    changes_of,
    make_cycle,
    make_key_result,
    make_measure,
    make_objective,
)
from tests.support.people import make_person
from tests.support.sql import count_statements

DAY = timedelta(days=1)


def deactivate(client, person, heir):
    return client.post(f"/admin/people/{person.id}/deactivate", {"heir": heir.id})


def owners():
    db.session.remove()
    items = [*db.session.scalars(select(Objective)), *db.session.scalars(select(KeyResult))]
    return {one.title: one.owner.name for one in items}


def told(person):
    return {one.noun: list(one.names) for one in what(person)}


@pytest.mark.both_databases
def test_the_heir_owns_what_runs_and_the_timeline_says_so(client, alice, bob, carol, key_result):
    objective = db.session.get(Objective, key_result.objective_id)
    make_key_result(objective, carol, "Write guides")
    client.sign_in(alice)
    page = client.page(f"/admin/people/{bob.id}/deactivate")
    assert [one.text for one in page.all("section h2")] == ["1 objective", "1 key result"]
    client.follow(client.submit(page, "Deactivate", {"heir": carol.id}))
    assert set(owners().values()) == {"Carol Clark"}
    for measure_id in (objective.measure_id, key_result.measure_id):
        assert changes_of(measure_id) == [("owner", "Bob Brown", "Carol Clark")]
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action.endswith(".edited")))
    assert [(one.actor_name, one.thing_name, one.detail) for one in entries] == [
        ("Alice Adams", title, {"changed": ["owner: Bob Brown → Carol Clark"]})
        for title in ("People find us", "Publish posts")
    ]


@pytest.mark.both_databases
def test_what_is_over_ended_or_deleted_keeps_its_owner(client, alice, bob, carol, cycle):
    past = make_cycle("Winter", FIRST_DAY - 100 * DAY, FIRST_DAY - DAY)
    make_objective(bob, past, "Over")
    make_objective(bob, cycle, "Deleted", deleted_at=utcnow())
    make_objective(bob, cycle, "Ends early", ends_on=TODAY - DAY)
    make_objective(bob, cycle, "Closed", measure=make_measure("roll_up", ended_as="closed"))
    longer = make_objective(bob, past, "Goes on", ends_on=LAST_DAY)
    make_key_result(longer, bob, "Ended with its cycle")
    make_key_result(longer, bob, "Ends today", ends_on=TODAY)
    client.sign_in(alice)
    client.follow(deactivate(client, bob, carol))
    assert owners() == {
        "Over": "Bob Brown",
        "Deleted": "Bob Brown",
        "Ends early": "Bob Brown",
        "Closed": "Bob Brown",
        "Goes on": "Carol Clark",
        "Ended with its cycle": "Bob Brown",
        "Ends today": "Carol Clark",
    }


@pytest.mark.parametrize(
    ("starts", "ends", "is_told"),
    [
        (None, None, True),
        (None, TODAY, True),
        (None, TODAY - DAY, False),
        (TODAY, TODAY + DAY, True),
        # By the rule of days_of, one day of its own never lies beyond the other.
        (TODAY + DAY, None, True),
    ],
)
def test_today_is_the_last_day_of_what_runs(bob, cycle, starts, ends, is_told):
    make_objective(bob, cycle, starts_on=starts, ends_on=ends)
    assert told(bob)["objective"] == (["People find us"] if is_told else [])


def test_what_has_yet_to_begin_is_handed_over_too(bob, workspace):
    make_objective(bob, make_cycle("Summer", LAST_DAY + DAY, LAST_DAY + 90 * DAY))
    assert told(bob)["objective"] == ["People find us"]


def test_a_private_objective_is_its_new_owners(client, alice, bob, carol, cycle):
    objective = make_objective(bob, cycle, is_private=True)
    client.sign_in(carol)
    client.page(f"/objectives/{objective.id}", 404)
    client.sign_in(alice)
    client.follow(deactivate(client, bob, carol))
    client.sign_in(carol)
    client.page(f"/objectives/{objective.id}/edit")


@pytest.mark.both_databases
def test_the_heir_of_a_key_result_gets_to_see_its_private_objective(
    client, alice, bob, carol, cycle
):
    anna = make_person("Anna Arndt")
    objective = make_objective(anna, cycle, is_private=True, viewers=[bob])
    key_result = make_key_result(objective, bob)
    client.sign_in(alice)
    client.follow(deactivate(client, bob, carol))
    client.sign_in(carol)
    client.page(f"/key-results/{key_result.id}/edit")
    kept = db.session.get(Objective, objective.id)
    assert (kept.owner_id, kept.is_private) == (anna.id, True)
    assert [one.name for one in kept.viewers] == ["Bob Brown", "Carol Clark"]
    before = "its owner, Bob Brown and admins"
    after = "its owner, Bob Brown, Carol Clark and admins"
    assert changes_of(objective.measure_id) == [("viewers", before, after)]
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "objective.shared")
    ).one()
    assert (entry.thing_id, entry.detail) == (objective.id, {"before": before, "after": after})


@pytest.mark.parametrize("role", [MEMBER, OBSERVER])
def test_who_is_no_admin_any_more_goes_on_seeing_what_is_theirs(
    client, alice, bob, carol, cycle, role
):
    """What runs an observer hands over; what is over stays theirs."""
    anna = make_person("Anna Arndt", ADMIN)
    objective = make_objective(bob, cycle, is_private=True, viewers=[carol])
    key_result = make_key_result(objective, anna, ends_on=TODAY - DAY)
    client.sign_in(alice)
    client.follow(client.post(f"/admin/people/{anna.id}/role", {"role": role}))
    client.sign_in(anna)
    client.page(f"/key-results/{key_result.id}")
    before = "its owner, Carol Clark and admins"
    after = "its owner, Anna Arndt, Carol Clark and admins"
    assert changes_of(objective.measure_id) == [("viewers", before, after)]
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "objective.shared")
    ).one()
    assert (entry.actor_id, entry.thing_id) == (alice.id, objective.id)
    assert entry.detail == {"before": before, "after": after}


def test_who_comes_back_sees_what_is_theirs(client, alice, bob, dave, cycle):
    """While they were away, who sees it could be chosen without them."""
    objective = make_objective(bob, cycle, is_private=True)
    key_result = make_key_result(objective, dave)
    client.sign_in(alice)
    client.submit(client.page(f"/admin/people/{dave.id}"), "Reactivate")
    client.sign_in(db.session.get(Person, dave.id))
    client.page(f"/key-results/{key_result.id}/edit")
    assert changes_of(objective.measure_id) == [
        ("viewers", "its owner and admins", "its owner, Dave Dunn and admins")
    ]


def test_another_role_lets_nobody_see_more_than_that(client, alice, bob, carol, cycle):
    anna = make_person("Anna Arndt", ADMIN)
    own = make_objective(anna, cycle, "Own", is_private=True)
    make_key_result(own, anna)
    make_key_result(make_objective(bob, cycle, "Open"), anna)
    other = make_objective(bob, cycle, "Other", is_private=True)
    make_key_result(other, anna, deleted_at=utcnow())
    client.sign_in(alice)
    client.follow(client.post(f"/admin/people/{anna.id}/role", {"role": MEMBER}))
    assert db.session.scalars(select(ObjectiveViewer)).all() == []
    client.sign_in(anna)
    client.page(f"/objectives/{other.id}", 404)


def test_nobody_is_let_in_who_sees_it_anyway(client, alice, bob, carol, cycle):
    objective = make_objective(make_person("Anna Arndt"), cycle, is_private=True, viewers=[bob])
    make_key_result(objective, bob)
    client.sign_in(alice)
    client.follow(deactivate(client, bob, alice))
    kept = db.session.get(Objective, objective.id)
    assert [one.name for one in kept.viewers] == ["Bob Brown"]


def test_an_edit_that_was_open_meanwhile_does_not_undo_it(client, alice, bob, carol, objective):
    client.sign_in(alice)
    page = client.page(f"/objectives/{objective.id}/edit")
    client.follow(deactivate(client, bob, carol))
    page = client.follow(client.submit(page, "Save", {"title": "Everyone finds us"}))
    assert "You changed “Owner” after you opened the form: that stays." in page.text
    assert owners() == {"Everyone finds us": "Carol Clark"}


def test_becoming_an_observer_hands_over_as_well(client, alice, bob, carol, key_result):
    client.sign_in(alice)
    typed = {"role": OBSERVER, "heir": carol.id}
    client.follow(client.post(f"/admin/people/{bob.id}/role", typed))
    assert set(owners().values()) == {"Carol Clark"}


def test_handing_over_costs_the_same_for_any_number(client, alice, bob, carol, cycle):
    counts = []
    for number in (1, 12):
        leaver = make_person(f"Leaver{number} Lang")
        private = make_objective(bob, cycle, is_private=True, viewers=[leaver])
        for index in range(number):
            objective = make_objective(leaver, cycle, f"Aim {index}")
            make_key_result(objective, leaver, f"Step {index}")
            make_key_result(private, leaver, f"Private step {index}")
        client.sign_in(alice)
        with count_statements() as statements:
            client.follow(deactivate(client, leaver, carol))
        # Each has lines of its own in the log, and the items in their timelines.
        counts.append(len([one for one in statements if not one.startswith("INSERT")]))
    assert counts[0] == counts[1]
