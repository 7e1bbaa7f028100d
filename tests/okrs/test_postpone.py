"""Postponing: what goes on elsewhere, from where, and what stays behind."""

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs.models import (
    CLOSED,
    KPI,
    PERCENT,
    POSTPONED,
    ROLL_UP,
    STAY_BELOW,
    Cycle,
    KeyResult,
    Measure,
    Objective,
    Source,
    SourceVersion,
    Tag,
)
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import (
    changes_of,
    count_of,
    make_cycle,
    make_key_result,
    make_measure,
    make_objective,
)
from tests.okrs.test_close import CLOSE, measure_of
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person

REACHED = "It has reached its target, so there is nothing left to postpone. Close it instead."


@pytest.fixture
def later(cycle: Cycle) -> Cycle:
    return make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))


def postpone(client: Client, item: Objective | KeyResult, into: object) -> Page:
    kind = "objective" if isinstance(item, Objective) else "key-result"
    page = client.page(f"/{kind}s/{item.id}/postpone")
    field = "cycle" if kind == "objective" else "objective"
    return client.follow(client.submit(page, "Postpone", {field: str(into.id)}))  # type: ignore[attr-defined]


def carried(item: Objective | KeyResult) -> Objective | KeyResult:
    db.session.expire_all()
    wanted = select(Measure).where(Measure.continues_id == item.measure_id)
    return db.session.scalars(wanted).one().item


def test_a_percentage_begins_at_0_and_a_kpi_where_it_stands(
    client: Client, bob: Person, objective: Objective, later: Cycle
) -> None:
    kpi = make_measure(KPI, start_value=2, target_value=20, unit="posts", value=9)
    one = make_key_result(objective, bob, "Posts", measure=kpi, starts_on=date(2026, 2, 1))
    other = make_key_result(objective, bob, "Pages", measure=make_measure(PERCENT, value=40))
    client.sign_in(bob)
    page = client.page(client.page(f"/objectives/{objective.id}").link("Postpone"))
    assert [row.text for row in page.all("form ul li")] == ["Posts", "Pages"]
    page = client.follow(client.submit(page, "Postpone", {"cycle": str(later.id)}))
    assert page.flashes == ["Objective postponed: this is how it goes on in Summer."]
    assert page.h1 == "People find us" and "Summer" in page.one(".trail").text
    made = carried(objective)
    assert (made.owner_id, made.cycle.name, made.measure.kind) == (bob.id, "Summer", ROLL_UP)
    posts, pages = carried(one), carried(other)
    measure = posts.measure
    assert (measure.start_value, measure.target_value, measure.unit) == (9, 20, "posts")
    assert (measure.value, measure.series, posts.starts_on) == (None, 1, None)
    assert (pages.measure.start_value, pages.measure.value) == (0, None)
    assert [posts.objective, pages.objective] == [made, made]
    assert (posts.position, pages.position) == (0, 1)


def test_both_pages_link_to_each_other(
    client: Client, bob: Person, objective: Objective, later: Cycle
) -> None:
    client.sign_in(bob)
    page = postpone(client, objective, later)
    assert "Postponed from People find us in Spring." in page.text
    assert "Bob Brown postponed it from Spring" in page.text
    page = client.page(page.link("People find us"))
    assert page.one("#standing")["data-status"] == POSTPONED
    assert "It goes on as People find us in Summer." in page.one("#ending").text
    assert "Bob Brown postponed it into Summer" in page.text
    assert client.page(page.link("People find us")).one("#standing")["data-status"] != POSTPONED
    old = measure_of(objective)
    assert (old.ended_as, old.ended_by_id, old.final_value) == (POSTPONED, bob.id, 0)
    assert changes_of(old.id) == [("postponed", "", "into Summer")]
    said = db.session.execute(select(AuditEntry.action, AuditEntry.detail)).all()
    assert [tuple(one) for one in said] == [
        ("objective.created", {"postponed_from": "People find us, Spring"}),
        ("objective.postponed", {"into": "Summer"}),
    ]


def test_it_takes_along_what_it_is(
    client: Client, alice: Person, bob: Person, later: Cycle
) -> None:
    ended = make_objective(alice, later, "Over")
    ended.measure.ended_as = CLOSED
    above = make_objective(alice, make_cycle("Year", date(2026, 1, 1), date(2026, 12, 31)), "Grow")
    objective = make_objective(
        bob,
        db.session.scalars(select(Cycle).where(Cycle.name == "Spring")).one(),
        description="Why",
        is_private=True,
        viewers=[alice],
        parent_measure_id=above.measure_id,
        starts_on=date(2026, 2, 1),
    )
    left = make_person("Lee Left", is_active=False)
    objective.measure.further_owners = [alice, left]
    objective.measure.tags = [Tag(name="Web", key="web")]
    guard = make_measure(KPI, guard=STAY_BELOW, target_value=5, value=3, warning_value=Fraction(4))
    key_result = make_key_result(objective, left, measure=guard, share=Fraction(70))
    db.session.commit()
    client.sign_in(bob)
    postpone(client, objective, later)
    made = carried(objective)
    assert isinstance(made, Objective)
    assert (made.description, made.is_private) == ("Why", True)
    assert [one.id for one in made.viewers] == [alice.id]
    assert (made.parent_measure_id, made.starts_on) == (above.measure_id, None)
    assert [one.id for one in made.measure.further_owners] == [alice.id]
    assert [tag.name for tag in made.measure.tags] == ["Web"]
    part = carried(key_result)
    measure = part.measure
    assert (measure.guard, measure.target_value, measure.warning_value) == (STAY_BELOW, 5, 4)
    assert (part.owner_id, part.share) == (bob.id, 70)  # who left owns nothing new


def test_it_is_aligned_under_what_carries_on_its_parent(
    client: Client, bob: Person, cycle: Cycle, later: Cycle
) -> None:
    above = make_objective(bob, cycle, "Grow")
    below = make_objective(bob, cycle, "Sell", parent_measure_id=above.measure_id)
    client.sign_in(bob)
    postpone(client, above, later)
    postpone(client, below, later)
    made = carried(below)
    assert isinstance(made, Objective)
    assert made.parent_measure_id == carried(above).measure_id


def test_under_a_parent_that_ends_before_it_is_aligned_under_nothing(
    client: Client, bob: Person, cycle: Cycle, later: Cycle
) -> None:
    above = make_objective(bob, cycle, "Grow")
    below = make_objective(bob, cycle, "Sell", parent_measure_id=above.measure_id)
    figure = make_key_result(above, bob, measure=make_measure(PERCENT, value=60))
    client.sign_in(bob)
    page = client.page(f"/objectives/{below.id}/postpone")
    assert "Summer: “Grow” ends before that, so it will be aligned under nothing." in (
        page.one("#cycle-hint").text
    )
    postpone(client, below, later)
    made = carried(below)
    assert isinstance(made, Objective) and made.parent_measure_id is None
    standing = client.page(f"/objectives/{above.id}").one("#standing")
    assert standing["data-progress"] == "60.000000"
    assert measure_of(figure).ended_as is None


def test_what_has_a_source_goes_on_as_it_counts(
    client: Client, bob: Person, objective: Objective, abacus: Abacus
) -> None:
    measure = make_measure(PERCENT, value=49)
    key_result = make_key_result(objective, bob, measure=measure)
    make_objective(bob, make_cycle("Fall", date(2026, 9, 1), date(2026, 11, 1)), "Next")
    client.sign_in(bob)
    assert (
        "new key result, from 0 %, with"
        in client.page(f"/key-results/{key_result.id}/postpone").text
    )
    db.session.add(AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id))
    db.session.commit()
    for path in (f"/key-results/{key_result.id}/postpone", f"/objectives/{objective.id}/postpone"):
        text = client.page(path).text
        assert "from 0 %" not in text
        assert "What has a data source counts from the start: today 49 %." in text


def test_what_was_closed_stays_and_what_is_reached_is_closed(
    client: Client, bob: Person, objective: Objective, later: Cycle
) -> None:
    closed = make_key_result(objective, bob, "Closed", measure=make_measure(PERCENT, value=50))
    beyond = make_measure(KPI, start_value=0, target_value=20, unit="posts", value=25)
    reached = make_key_result(objective, bob, "Reached", measure=beyond)
    client.sign_in(bob)
    client.post(f"/key-results/{closed.id}/close", CLOSE | {"value": "50"})
    page = client.page(f"/objectives/{objective.id}/postpone")
    assert "The target is reached, so it is closed" in page.text
    page = postpone(client, objective, later)
    assert page.flashes[-1] == "Closed, since the target is reached: “Reached”."
    assert "No key results yet." in page.text
    measure = measure_of(reached)
    assert (measure.ended_as, measure.final_value, measure.score) == (CLOSED, 25, 1)
    assert measure_of(closed).final_value == 50


def test_a_kpi_that_is_reached_is_to_be_closed(
    client: Client, bob: Person, objective: Objective, later: Cycle
) -> None:
    make_objective(bob, later, "Next")
    measure = make_measure(KPI, start_value=12, target_value=0, value=0)
    key_result = make_key_result(objective, bob, measure=measure)
    client.sign_in(bob)
    address = f"/key-results/{key_result.id}/postpone"
    for ask in (client.get, client.post):
        page = client.follow(ask(address))
        assert (page.h1, page.flashes) == ("Close", [REACHED])
    assert measure_of(key_result).ended_as is None


def test_a_key_result_goes_under_an_objective_elsewhere(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, later: Cycle
) -> None:
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}/postpone")
    assert "There is no open objective in another cycle for it" in page.text
    make_objective(bob, later, "Next")
    home = make_objective(bob, later, "Then", measure=make_measure(ROLL_UP))
    home.measure.continues_id = objective.measure_id
    db.session.commit()
    page = client.page(f"/key-results/{key_result.id}/postpone")
    assert list(page.field("Objective").options) == ["Next (Summer)", "Then (Summer)"]
    assert page.field("Objective").value == str(home.id)
    page = client.follow(client.submit(page, "Postpone"))
    assert page.flashes == ["Key result postponed: this is how it goes on in Summer."]
    made = carried(key_result)
    assert isinstance(made, KeyResult) and made.objective_id == home.id
    assert measure_of(key_result).ended_as == POSTPONED
    assert measure_of(objective).ended_as is None


def test_postponed_it_counts_for_nothing_and_its_share_is_spread(
    client: Client, bob: Person, objective: Objective, later: Cycle
) -> None:
    home = make_objective(bob, later, "Next")
    stays = make_key_result(objective, bob, measure=make_measure(PERCENT, value=60))
    goes = make_key_result(objective, bob, measure=make_measure(PERCENT, value=0))
    client.sign_in(bob)
    before = client.page(f"/objectives/{objective.id}").one("#standing")["data-progress"]
    postpone(client, goes, home)
    after = client.page(f"/objectives/{objective.id}").one("#standing")["data-progress"]
    assert (before, after) == ("30.000000", "60.000000")
    assert measure_of(stays).ended_as is None


@pytest.mark.parametrize("may", [True, False])
def test_its_source_is_linked_anew_where_the_person_may(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    later: Cycle,
    abacus: Abacus,
    may: bool,
) -> None:
    source = AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id)
    source.versions.append(SourceVersion(definition={"beads": "9"}))
    db.session.add(source)
    db.session.commit()
    abacus.kept_from = [] if may else ["Bob Brown"]
    client.sign_in(bob)
    page = postpone(client, objective, later)
    made = carried(key_result).measure
    if may:
        assert made.source is not None
        assert made.source.versions[-1].definition == {"beads": "9"}
        assert ("source", "", "Abacus") in changes_of(made.id)
    else:
        assert page.flashes[-1] == (
            "No data source, since you may not use the connection: “Publish posts”."
        )
        assert count_of(Source) == 1


def test_a_second_press_is_told(
    client: Client, bob: Person, objective: Objective, later: Cycle
) -> None:
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/postpone")
    client.submit(page, "Postpone", {"cycle": str(later.id)})
    page = client.follow(client.submit(page, "Postpone", {"cycle": str(later.id)}))
    assert page.flashes[-1] == (
        "This objective is postponed, so it stays as it is. Reopen it first."
    )
    assert count_of(Objective) == 2


def test_reopened_it_is_not_carried_into_the_same_cycle_again(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, later: Cycle
) -> None:
    client.sign_in(bob)
    postpone(client, objective, later)
    page = client.page(f"/objectives/{objective.id}/reopen")
    assert "What it goes on as elsewhere stays where it is." in page.text
    client.submit(page, "Reopen")
    assert measure_of(key_result).ended_as is None
    page = client.page(f"/objectives/{objective.id}/postpone")
    assert "Summer" not in page.field("Cycle").options
    answer = client.post(f"/objectives/{objective.id}/postpone", {"cycle": str(later.id)})
    assert client.see(answer, 422).error("Cycle") == "Choose one from the list."
    client.post(f"/objectives/{carried(objective).id}/delete")
    page = client.page(f"/objectives/{objective.id}/postpone")
    assert "Summer" in page.field("Cycle").options


def test_the_cycle_that_follows_is_offered_and_none_that_is_over_or_closed(
    client: Client, bob: Person, objective: Objective, later: Cycle
) -> None:
    make_cycle("Winter", date(2025, 10, 1), date(2025, 12, 31))
    closed = make_cycle("Closed", date(2026, 4, 20), date(2026, 7, 30))
    closed.closed_at = utcnow()
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/postpone")
    assert list(page.field("Cycle").options) == ["Q1 2026", "Q2 2026", "Summer"]
    assert page.field("Cycle").value == str(later.id)
    for wrong in (closed.id, objective.cycle_id, 99, "x"):
        answer = client.post(f"/objectives/{objective.id}/postpone", {"cycle": str(wrong)})
        assert client.see(answer, 422).error("Cycle") == "Choose one from the list."
    assert count_of(Objective) == 1


def test_others_may_not(
    client: Client, carol: Person, objective: Objective, key_result: KeyResult, later: Cycle
) -> None:
    client.sign_in(carol)
    for one in (f"/objectives/{objective.id}", f"/key-results/{key_result.id}"):
        for action in ("postpone", "clone"):
            assert not client.page(one).named(action.capitalize())
            assert client.get(f"{one}/{action}").status_code == 403
            assert client.post(f"{one}/{action}", {"cycle": str(later.id)}).status_code == 403
    assert count_of(Objective) == 1
    for missing in ("/objectives/99/postpone", "/key-results/99/clone"):
        assert client.get(missing).status_code == 404
        assert client.post(missing).status_code == 404
