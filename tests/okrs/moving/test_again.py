"""Importing what is here already: what was done here stays, unless it is said otherwise."""

from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.comments.models import Comment
from app.okrs.models import CheckIn, KeyResult, Objective, Tag
from app.okrs.moving.models import Import
from tests.okrs.items import changes_of, make_key_result, make_objective, only
from tests.okrs.moving.files import (
    KEY_RESULT,
    OBJECTIVE,
    answer_all,
    begin,
    check_in,
    csv_file,
    fates,
    move_in,
    viva_row,
)

FILE = csv_file([OBJECTIVE, KEY_RESULT])
ALIGNED = "Aligned To (weight, Objective ID)"
NOW = KEY_RESULT | {"Checkins": [check_in("2025-03-01", "600"), *KEY_RESULT["Checkins"]]}


@pytest.fixture
def edited(client, alice, bob):
    """A key result from a file, edited here since."""
    client.sign_in(alice)
    move_in(client, FILE)
    part = only(KeyResult)
    part.title, part.measure.target_value = "Publish better posts", Fraction(900)
    part.description = "Weekly"
    part.measure.tags = [Tag(name="Blog", key="blog")]
    db.session.commit()
    return part.measure_id


def whys(client, content, known="", name="export.csv"):
    """The dry run of a file, by titles: what becomes of the row, and why."""
    number = begin(client, content, name)
    answer_all(client, number, known=known)
    return {title: (fate, why) for _, title, fate, why in fates(client, number)}


def test_what_was_edited_here_stays_and_what_is_new_is_added(client, edited):
    stays = "Is here already; differs in title, target; stays as it is."
    told = whys(client, FILE)
    assert told == {"People find us": ("unchanged", ""), "Publish posts": ("unchanged", stays)}
    file = csv_file([OBJECTIVE, NOW])
    assert whys(client, file)["Publish posts"] == ("changed", f"1 check-in. {stays}")
    assert move_in(client, file) == {"changed": 1, "unchanged": 1, "check-ins": 1}
    part = only(KeyResult)
    assert (part.title, part.measure.target_value, part.measure.value) == (
        "Publish better posts",
        900,
        600,
    )
    assert (part.description, [one.name for one in part.measure.tags]) == ("Weekly", ["Blog"])
    assert changes_of(edited)[-1] == ("imported", "", "1 check-in")


def test_it_becomes_what_the_file_says_where_that_is_chosen(client, edited):
    file = csv_file([OBJECTIVE, NOW | {"Description": "Every\nweek", "Owner": "Alice Adams"}])
    fate, why = whys(client, file, "change")["Publish posts"]
    assert fate == "changed"
    for said in (
        "Title: Publish better posts → Publish posts",
        "Target: KPI, 0 to 900 posts → KPI, 0 to 1,200 posts",
        "Description: Weekly → Every week",
        "Owner: Bob Brown → Alice Adams",
        "1 check-in.",
    ):
        assert said in why, why
    move_in(client, file, known="change")
    part = only(KeyResult)
    assert (part.title, part.measure.target_value, part.measure.value) == (
        "Publish posts",
        1200,
        600,
    )
    assert [one.name for one in part.measure.tags] == ["Blog"]  # of tags the file says nothing
    assert changes_of(edited)[-4:] == [
        ("title", "Publish better posts", "Publish posts"),
        ("target", "KPI, 0 to 900 posts", "KPI, 0 to 1,200 posts"),
        ("owner", "Bob Brown", "Alice Adams"),
        ("imported", "", "title, target, description, owner, 1 check-in"),
    ]
    assert "changed the title: Publish better posts → Publish posts" in (
        client.page(f"/key-results/{part.id}").one("#timeline").text
    )
    log = client.page("/admin/audit").text
    assert "title: Publish better posts → Publish posts" in log


def test_a_choice_is_offered_where_something_is_here_and_kept_with_the_import(client, alice, bob):
    client.sign_in(alice)
    number = begin(client, FILE)
    assert "What is here already" not in client.page(f"/admin/imports/{number}").text
    answer_all(client, number)
    client.post(f"/admin/imports/{number}/run")
    number = begin(client, FILE)
    page = client.page(f"/admin/imports/{number}")
    assert "checked" in page.one("#known-leave") and "checked" not in page.one("#known-change")
    answer_all(client, number, known="change")
    assert db.session.get_one(Import, number).mapping["known"] == "change"
    page = client.page(f"/admin/imports/{number}")
    assert "checked" in page.one("#known-change")
    page = client.see(client.submit(page, "Look at the rows", {"known": "burn"}), 422)
    assert page.one("#known-errors").text == "Choose one from the list."
    assert db.session.get_one(Import, number).mapping["known"] == "change"


def test_what_is_new_under_what_is_here_leaves_its_shares_alone(client, alice, bob):
    client.sign_in(alice)
    move_in(client, FILE)
    with client.app.app_context():
        only(KeyResult).share = Fraction(80)
        make_key_result(only(Objective), bob, "Made here")
    new = viva_row("Win readers", Id="12", **{"Object Type": "Key result"})
    rows = [
        OBJECTIVE,
        KEY_RESULT | {ALIGNED: "People find us(weight: 40%, Id: 10)"},
        new | {ALIGNED: "People find us(weight: 60%, Id: 10)"},
    ]
    told = whys(client, csv_file(rows))
    assert told["Publish posts"][1] == "Is here already; differs in share; stays as it is."
    assert "Its share is left free, since those that are here stay." in told["Win readers"][1]
    move_in(client, csv_file(rows))
    shares = dict(db.session.execute(select(KeyResult.title, KeyResult.share)).all())
    assert shares == {"Publish posts": 80, "Made here": None, "Win readers": None}
    assert "Share: 80 % → 40 %" in whys(client, csv_file(rows), "change")["Publish posts"][1]


@pytest.mark.parametrize("known", ["leave", "change"])
def test_what_was_made_private_here_stays_private(client, alice, bob, carol, objective, known):
    objective.measure.further_owners = [carol]
    part = make_key_result(make_objective(bob, objective.cycle, "Open to all"), bob)
    client.sign_in(alice)
    file = client.get("/okrs/export.json").get_data()
    made_private(objective.id, part.id, alice)
    client.sign_in(alice)
    told = whys(client, file, known, "okrs.json")
    assert "It stays private here." in told["People find us"][1]
    if known == "change":
        kept = "It is private here, and keeps its owner, further owners."
        assert kept in told["People find us"][1]
        assert "It is private here, and keeps its alignment." in told["Publish posts"][1]
    move_in(client, file, "okrs.json", known=known)
    stored = db.session.scalars(select(Objective).where(Objective.id == objective.id)).one()
    assert (stored.is_private, stored.owner_id, stored.measure.further_owners) == (
        True,
        alice.id,
        [],
    )
    assert [one.id for one in stored.viewers] == [bob.id]
    assert db.session.get_one(KeyResult, part.id).objective_id == objective.id
    client.sign_in(carol)
    for path in (f"/objectives/{objective.id}", f"/key-results/{part.id}"):
        client.page(path, 404)


def made_private(objective_id, part_id, owner):
    """The objective with the key result under it, for its owner and Bob."""
    objective = db.session.get_one(Objective, objective_id)
    objective.is_private, objective.owner_id = True, owner.id
    objective.measure.further_owners = []
    bob = db.session.scalars(select(Person).where(Person.name == "Bob Brown")).one()
    objective.viewers = [bob]
    db.session.get_one(KeyResult, part_id).objective_id = objective_id
    db.session.commit()


def test_who_may_see_it_becomes_no_more_and_what_was_made_public_stays_so(
    client, alice, bob, carol, objective
):
    objective.is_private, objective.viewers = True, [bob, carol]
    db.session.commit()
    client.sign_in(alice)
    file = client.get("/okrs/export.json").get_data()
    for is_private, viewers in ((True, [bob.id]), (False, [])):
        stored = db.session.get_one(Objective, objective.id)
        stored.is_private = is_private
        stored.viewers = [db.session.get_one(Person, one) for one in viewers]
        db.session.commit()
        assert whys(client, file, "change", "okrs.json")["People find us"] == (
            "unchanged",
            "Who sees it stays as it is here.",
        )


def test_what_lies_under_something_private_is_told_without_its_title(client, alice, bob, objective):
    other = make_objective(bob, objective.cycle, "Hire quietly", is_private=True)
    objective.parent_measure_id = other.measure_id
    db.session.commit()
    client.sign_in(alice)
    file = client.get("/okrs/export.json").get_data()
    stored = db.session.get_one(Objective, objective.id)
    stored.parent_measure_id = None
    db.session.commit()
    move_in(client, file, "okrs.json", known="change")
    assert ("alignment", "nothing", "a private objective") in changes_of(objective.measure_id)


def test_what_ended_where_it_comes_from_ends_here_where_that_is_chosen(client, alice, bob):
    client.sign_in(alice)
    move_in(client, FILE)
    file = csv_file([OBJECTIVE, KEY_RESULT | {"Status": "Closed", "Score": "0.3"}])
    told = whys(client, file)["Publish posts"]
    assert told == ("unchanged", "Is here already; differs in ending; stays as it is.")
    why = whys(client, file, "change")["Publish posts"][1]
    assert "Ending: not ended → closed at 300 posts, score 0.3" in why
    move_in(client, file, known="change")
    measure = only(KeyResult).measure
    assert measure.ended_as == "closed"
    assert ("closed", "", "at 300 posts, score 0.3") in changes_of(measure.id)


def test_answers_from_before_the_choice_was_offered_leave_what_is_here(client, edited):
    number = begin(client, FILE)
    answer_all(client, number)
    begun = db.session.get_one(Import, number)
    begun.mapping = {name: one for name, one in begun.mapping.items() if name != "known"}
    db.session.commit()
    assert [fate for _, _, fate, _ in fates(client, number)] == ["unchanged", "unchanged"]
    assert db.session.scalars(select(Comment)).all() == []
    assert len(db.session.scalars(select(CheckIn)).all()) == 2
