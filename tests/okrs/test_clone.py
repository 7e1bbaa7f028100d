"""Copies: of what an item is, without anything that happened to it."""

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import COMPANY, KPI, PERSONAL, TEAM, Cycle, KeyResult, Objective
from app.teams.models import Team
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import (
    changes_of,
    count_of,
    make_cycle,
    make_key_result,
    make_measure,
    make_objective,
)
from tests.support.client import Client
from tests.teams.making import make_team


@pytest.fixture
def counted(objective: Objective, bob: Person) -> KeyResult:
    measure = make_measure(KPI, start_value=2, target_value=20, unit="posts", value=9)
    return make_key_result(objective, bob, measure=measure)


def newest(kind: type[Objective] | type[KeyResult]) -> Objective | KeyResult:
    db.session.expire_all()
    return db.session.scalars(select(kind).order_by(kind.id.desc())).all()[0]


def test_a_copy_begins_anew(
    client: Client, bob: Person, objective: Objective, counted: KeyResult
) -> None:
    later = make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))
    client.sign_in(bob)
    page = client.page(client.page(f"/objectives/{objective.id}").link("Clone"))
    assert page.field("Cycle").value == str(later.id)
    page = client.follow(client.submit(page, "Clone"))
    assert page.flashes == ["Objective cloned."]
    assert "Bob Brown cloned it from “People find us”" in page.text
    made, part = newest(Objective), newest(KeyResult)
    assert (made.title, made.cycle.name, made.measure.continues_id) == (
        "People find us",
        "Summer",
        None,
    )
    measure = part.measure
    assert (measure.start_value, measure.target_value, measure.value) == (2, 20, None)
    assert isinstance(part, KeyResult) and part.objective_id == made.id
    assert objective.measure.ended_as is None


def test_it_stays_aligned_only_where_the_parent_reaches_into_its_cycle(
    client: Client, bob: Person, cycle: Cycle
) -> None:
    summer = make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))
    after = make_cycle("After", date(2027, 1, 1), date(2027, 3, 31))
    above = make_objective(bob, make_cycle("Year", date(2026, 1, 1), date(2026, 12, 31)), "Grow")
    objective = make_objective(bob, cycle, "Sell", parent_measure_id=above.measure_id)
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/clone")
    hint = page.one("#cycle-hint").text
    assert "Summer: it will be aligned under “Grow” as well." in hint
    assert "After: “Grow” ends before that, so it will be aligned under nothing." in hint
    for into, parent in ((summer, above.measure_id), (after, None)):
        page = client.page(f"/objectives/{objective.id}/clone")
        client.submit(page, "Clone", {"cycle": str(into.id)})
        made = newest(Objective)
        assert isinstance(made, Objective) and made.parent_measure_id == parent


def test_a_parent_that_may_not_be_seen_is_not_named(
    client: Client, alice: Person, bob: Person, cycle: Cycle
) -> None:
    above = make_objective(alice, cycle, "Hire quietly", is_private=True)
    objective = make_objective(bob, cycle, parent_measure_id=above.measure_id)
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/clone")
    assert "aligned under what this one is under as well" in page.one("#cycle-hint").text
    assert "Hire quietly" not in page.text


def test_what_counts_at_once_is_said(
    client: Client, bob: Person, objective: Objective, counted: KeyResult, abacus: Abacus
) -> None:
    client.sign_in(bob)
    paths = [f"/objectives/{objective.id}/clone", f"/key-results/{counted.id}/clone"]
    assert all("data source counts" not in client.page(path).text for path in paths)
    db.session.add(AbacusSource(measure_id=counted.measure_id, linked_by_id=bob.id))
    db.session.commit()
    said = "What has a data source counts from the start: today 9 posts."
    assert all(said in client.page(path).text for path in paths)


def test_pressed_twice_it_is_cloned_once(
    client: Client, bob: Person, objective: Objective, counted: KeyResult
) -> None:
    client.sign_in(bob)
    for path in (f"/objectives/{objective.id}/clone", f"/key-results/{counted.id}/clone"):
        page = client.page(path)
        made = client.follow(client.submit(page, "Clone"))
        again = client.follow(client.submit(page, "Clone"))
        assert again.flashes == ["It was cloned already: this is the clone."]
        assert again.path == made.path
    assert (count_of(Objective), count_of(KeyResult)) == (2, 3)
    client.submit(client.page(path), "Clone")  # from a page made since, it is one more
    assert count_of(KeyResult) == 4


def test_a_namesake_that_was_cloned_meanwhile_is_no_clone_of_it(
    client: Client, bob: Person, objective: Objective, counted: KeyResult
) -> None:
    namesake = make_key_result(objective, bob, counted.title)
    client.sign_in(bob)
    page = client.page(f"/key-results/{counted.id}/clone")
    client.submit(client.page(f"/key-results/{namesake.id}/clone"), "Clone")
    page = client.follow(client.submit(page, "Clone"))
    assert page.flashes == ["Key result cloned."] * 2
    assert "Bob Brown cloned it from “Publish posts”" in page.text
    assert f"measure {counted.measure_id}" not in page.text
    assert count_of(KeyResult) == 4


@pytest.mark.parametrize("name", ["bob", "alice"])
def test_a_copy_is_of_a_team_only_where_the_person_may_give_it_that(
    client: Client, bob: Person, cycle: Cycle, name: str, request: pytest.FixtureRequest
) -> None:
    """Bob owns it without being in the team; an admin may, until the team is archived."""
    team = make_team("Marketing")
    objective = make_objective(bob, cycle, level=TEAM, team_id=team.id)
    client.sign_in(request.getfixturevalue(name))
    client.submit(client.page(f"/objectives/{objective.id}/clone"), "Clone")
    made, may = newest(Objective), name == "alice"
    assert isinstance(made, Objective)
    assert (made.level, made.team_id) == ((TEAM, team.id) if may else (PERSONAL, None))
    db.session.get_one(Team, team.id).archived_at = utcnow()
    db.session.commit()
    client.submit(client.page(f"/objectives/{objective.id}/clone"), "Clone")
    made = newest(Objective)
    assert isinstance(made, Objective) and (made.level, made.team_id) == (PERSONAL, None)


def test_a_copy_is_a_newcomer_where_no_share_is_left(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, counted: KeyResult
) -> None:
    """A third of what was fixed has left: what is there has all of it."""
    home = make_objective(bob, cycle, "Home")
    there = make_key_result(home, bob, "There", share=Fraction(60))
    aligned = make_objective(bob, cycle, "Aligned", parent_measure_id=objective.measure_id)
    counted.share = Fraction(60)
    aligned.share = Fraction(30)
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/key-results/{counted.id}/clone")
    client.submit(page, "Clone", {"objective": str(home.id)})
    made = newest(KeyResult)
    assert isinstance(made, KeyResult) and (made.objective_id, made.share) == (home.id, None)
    assert db.session.get_one(KeyResult, there.id).share == 100
    client.submit(client.page(f"/objectives/{aligned.id}/clone"), "Clone")
    copy = newest(Objective)
    assert isinstance(copy, Objective)
    assert (copy.parent_measure_id, copy.share) == (objective.measure_id, None)
    parts = db.session.get_one(KeyResult, counted.id), db.session.get_one(Objective, aligned.id)
    assert sum(one.share or 0 for one in parts) == 100


def test_what_comes_along_keeps_its_share(
    client: Client, bob: Person, objective: Objective, counted: KeyResult
) -> None:
    counted.share = Fraction(60)
    make_key_result(objective, bob, "Free")
    client.sign_in(bob)
    client.submit(client.page(f"/objectives/{objective.id}/clone"), "Clone")
    copy = newest(Objective)
    assert isinstance(copy, Objective)
    assert [one.share for one in copy.key_results] == [60, None]


def test_its_key_results_may_be_left_out(
    client: Client, bob: Person, objective: Objective, counted: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/clone")
    client.submit(page, "Clone", {"with_parts": None})
    assert (count_of(Objective), count_of(KeyResult)) == (2, 1)


def test_beside_the_original_its_title_says_what_it_is(
    client: Client, bob: Person, objective: Objective, counted: KeyResult
) -> None:
    counted.title = "x" * 200
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/clone")
    client.submit(page, "Clone", {"cycle": str(objective.cycle_id), "with_parts": None})
    assert newest(Objective).title == "People find us (clone)"
    page = client.page(f"/key-results/{counted.id}/clone")
    assert page.field("Objective").value == str(objective.id)
    page = client.follow(client.submit(page, "Clone"))
    assert page.h1 == "x" * 192 + " (clone)"
    made = newest(KeyResult)
    assert isinstance(made, KeyResult) and made.position == 1
    assert [what for what, *_ in changes_of(made.measure_id)] == ["copied"]


def test_what_has_ended_is_cloned_too(
    client: Client, bob: Person, objective: Objective, counted: KeyResult
) -> None:
    client.sign_in(bob)
    client.submit(client.page(f"/objectives/{objective.id}/close"), "Close")
    page = client.page(client.page(f"/objectives/{objective.id}").link("Clone"))
    page = client.follow(client.submit(page, "Clone"))
    assert page.one("#standing")["data-value"] == "0.000000" and not page.all("#ending")
    assert count_of(KeyResult) == 2


@pytest.mark.parametrize(("name", "level"), [("alice", COMPANY), ("bob", PERSONAL)])
def test_company_objectives_are_the_admins(
    client: Client, bob: Person, cycle: Cycle, name: str, level: str, request: pytest.FixtureRequest
) -> None:
    objective = make_objective(bob, cycle, level=COMPANY)
    client.sign_in(request.getfixturevalue(name))
    client.submit(client.page(f"/objectives/{objective.id}/clone"), "Clone")
    made = newest(Objective)
    assert isinstance(made, Objective) and made.level == level


def test_a_place_that_is_none_is_refused(
    client: Client, bob: Person, carol: Person, objective: Objective, counted: KeyResult
) -> None:
    others = make_objective(carol, objective.cycle, "Hers")
    client.sign_in(bob)
    for wrong in (str(others.id), "99", ""):
        answer = client.post(f"/key-results/{counted.id}/clone", {"objective": wrong})
        assert client.see(answer, 422).error("Objective") == "Choose one from the list."
    answer = client.post(f"/objectives/{objective.id}/clone", {"cycle": "99"})
    assert client.see(answer, 422).error("Cycle") == "Choose one from the list."
    assert (count_of(Objective), count_of(KeyResult)) == (2, 1)
