"""Two who edit one thing that is no objective and no key result, or one person in two tabs."""

from fractions import Fraction

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import db
from app.okrs.comments.models import Comment
from app.okrs.models import CheckIn, Cycle, Objective
from app.teams.models import Team
from tests.okrs.items import make_key_result
from tests.support.opened import opened, told
from tests.teams.making import make_team


@pytest.fixture
def dana(alice: Person) -> Person:
    """Another admin."""
    dana = Person(name="Dana Dorn", email="dana@example.com", role="admin")
    db.session.add(dana)
    db.session.commit()
    return dana


@pytest.fixture
def teams(bob: Person) -> list[Team]:
    return [make_team(name) for name in ("Sales", "Growth")]


@pytest.fixture
def check_in(objective: Objective, bob: Person) -> CheckIn:
    key_result = make_key_result(objective, bob)
    made = CheckIn(measure_id=key_result.measure_id, person_id=bob.id, note="Well.", confidence=5)
    db.session.add(made)
    db.session.commit()
    return made


@pytest.fixture
def comment(objective: Objective, bob: Person) -> Comment:
    made = Comment(measure_id=objective.measure_id, person_id=bob.id, text="Well.")
    db.session.add(made)
    db.session.commit()
    return made


@pytest.mark.parametrize(
    ("path", "label", "values"),
    [
        ("/admin/workspace", "Workspace name", ("Acme", "Umbrella")),
        ("/admin/workspace", "First month of the year", ("4", "7")),
        ("/admin/workspace", "At risk above", ("30", "40")),
        ("/admin/workspace", "Time zone", ("Europe/Berlin", "Asia/Tokyo")),
        ("/teams/{team}/edit", "Name", ("Selling", "Sellers")),
        ("/teams/{team}/edit", "Lead", ("{bob}", "{carol}")),
        ("/teams/{team}/edit", "Part of", ("{growth}", "{other}")),
        ("/cycles/{cycle}/edit", "Name", ("One", "Two")),
        ("/cycles/{cycle}/edit", "Last day", ("2026-04-12", "2026-04-13")),
    ],
)
def test_two_admins(
    app: Flask,
    alice: Person,
    bob: Person,
    carol: Person,
    dana: Person,
    cycle: Cycle,
    teams: list[Team],
    path: str,
    label: str,
    values: tuple[str, str],
) -> None:
    ids = {"team": teams[0].id, "growth": teams[1].id, "other": make_team("Other").id}
    ids |= {"cycle": cycle.id, "bob": bob.id, "carol": carol.id}
    hers, theirs = opened(app, path.format(**ids), alice, dana)
    name = hers.page.field(label)["name"]
    wanted = [one.format(**ids) for one in values]
    hers.save(**{name: wanted[0]})
    page = theirs.refused(**{name: wanted[1]})
    assert page.field(label).value == wanted[1]
    assert page.error(label).startswith("Alice Adams changed this to “")
    assert told(page)[0].startswith(f"{label}, changed by Alice Adams")
    theirs.save()
    (again,) = opened(app, path.format(**ids), alice)
    assert again.page.field(label).value == wanted[1]


@pytest.mark.parametrize(
    ("path", "first", "second"),
    [
        ("/admin/workspace", {"name": "Acme"}, {"at_risk_above": "40"}),
        ("/teams/{team}/edit", {"name": "Selling"}, {"lead": "{bob}"}),
        ("/cycles/{cycle}/edit", {"name": "One"}, {"last_day": "2026-04-12"}),
    ],
)
def test_two_admins_in_different_fields(
    app: Flask,
    alice: Person,
    bob: Person,
    dana: Person,
    cycle: Cycle,
    teams: list[Team],
    path: str,
    first: dict[str, str],
    second: dict[str, str],
) -> None:
    ids = {"team": teams[0].id, "cycle": cycle.id, "bob": bob.id}
    second = {name: value.format(**ids) for name, value in second.items()}
    hers, theirs = opened(app, path.format(**ids), alice, dana)
    hers.save(**first)
    assert "Alice Adams changed" in theirs.save(**second).flashes[0]
    (again,) = opened(app, path.format(**ids), alice)
    for name, value in (first | second).items():
        assert again.page.one(f"#{name}").value == value


def test_shares_are_never_mixed(
    app: Flask, alice: Person, bob: Person, objective: Objective
) -> None:
    names = [f"share-{make_key_result(objective, bob, one).measure_id}" for one in ("A", "B")]
    path = f"/objectives/{objective.id}/contributions"
    hers, his = opened(app, path, alice, bob)
    his.save(**{names[0]: "40"})
    page = hers.refused(**{names[1]: "70"})
    assert page.error("A").startswith("Bob Brown changed this to “40”")
    assert (page.field("A").value, page.field("B").value) == ("", "70")
    hers.save()
    (again,) = opened(app, path, bob)
    assert (again.page.field("A").value, again.page.field("B").value) == ("", "70")


@pytest.mark.parametrize("what", ["check-in", "comment", "profile"])
def test_ones_own_in_two_tabs(
    app: Flask, bob: Person, check_in: CheckIn, comment: Comment, what: str
) -> None:
    path, label = {
        "check-in": (f"/check-ins/{check_in.id}/edit", "Note"),
        "comment": (f"/comments/{comment.id}/edit", "Comment"),
        "profile": ("/profile", "Name"),
    }[what]
    first, second = opened(app, path, bob, bob)
    name = first.page.field(label)["name"]
    first.save(**{name: "One."})
    page = second.refused(**{name: "Two."})
    assert page.field(label).value == "Two."
    assert page.error(label).startswith("You changed this to “One.”")
    second.save()
    (again,) = opened(app, path, bob)
    assert again.page.field(label).value == "Two."


def test_a_check_in_keeps_what_only_the_other_tab_changed(
    app: Flask, bob: Person, check_in: CheckIn
) -> None:
    first, second = opened(app, f"/check-ins/{check_in.id}/edit", bob, bob)
    first.save(value="9", confidence="8")
    second.save(note="Better.")
    db.session.remove()
    stored = db.session.get_one(CheckIn, check_in.id)
    assert (stored.value, stored.note, stored.confidence) == (Fraction(9), "Better.", 8)


def test_a_team_that_both_gave_a_taken_name(
    app: Flask, alice: Person, dana: Person, teams: list[Team]
) -> None:
    hers, theirs = opened(app, f"/teams/{teams[0].id}/edit", alice, dana)
    hers.save(lead=str(alice.id))
    page = theirs.refused(name="Growth")
    assert page.error("Name").startswith("There is a team of this name.")
    assert page.field("Lead").value == str(alice.id)
    page = theirs.save(name="Sellers")
    assert page.h1 == "Sellers"
