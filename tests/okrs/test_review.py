"""The review of a cycle: what it shows, and many decisions in one step or none."""

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person, Workspace
from app.db import db
from app.okrs.models import CLOSED, KPI, PERCENT, POSTPONED, Cycle, KeyResult, Measure, Objective
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import count_of, make_cycle, make_key_result, make_measure, make_objective
from tests.okrs.private import make_private
from tests.okrs.readings import read
from tests.okrs.test_close import measure_of
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person
from tests.support.sql import count_statements

OVER = date(2026, 4, 20)


@pytest.fixture
def later(cycle: Cycle) -> Cycle:
    return make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "today", lambda _workspace: OVER)


def review(cycle_id: int) -> str:
    return f"/cycles/{cycle_id}/review"


def decide(page: Page, item: Objective | KeyResult, what: str, **values: str) -> dict[str, str]:
    """The changes to the form by which this becomes of the item."""
    said = {"do": what, **values}
    changes = {f"{item.measure_id}-{name}": value for name, value in said.items()}
    assert all(page.all(f"#{name}") for name in changes)
    return changes


def chosen(page: Page, item: Objective | KeyResult) -> tuple[str, str, str]:
    """What is filled in for an item."""
    names = ("do", "value", "score")
    found = [page.one(f"#{item.measure_id}-{name}").value for name in names]
    return str(found[0]), str(found[1]), str(found[2])


def test_it_shows_how_the_cycle_went(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, key_result: KeyResult
) -> None:
    read(key_result.measure, date(2026, 2, 1), 12)
    other = make_objective(bob, cycle, "Sell", measure=make_measure(PERCENT, value=60))
    client.sign_in(bob)
    client.post(f"/objectives/{other.id}/close", {"value": "55", "score": "0.6", "parts": "leave"})
    page = client.page(client.page("/cycles").link("Review Spring"))
    assert page.h1 == "Review, Spring"
    by_status, by_score, items = page.all("tbody")
    assert [row.text for row in by_status.all("tr")] == ["On track 1 1", "Closed 1 0"]
    assert [row.text for row in by_score.all("tr")] == ["0.4 to 0.69 1 0"]
    assert "Mean score of objectives: 0.6." in page.text
    rows = [row.text for row in items.all("tr")]
    assert [row.split()[0] for row in rows] == ["People", "Publish", "Sell"]
    assert "Closed 55 % 55 % 0.6" in rows[2]
    assert chosen(page, key_result) == ("along", "12", "0.6")


def test_once_the_cycle_is_over_what_did_not_move_is_carried_over(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    later: Cycle,
    over: None,
) -> None:
    read(key_result.measure, date(2026, 2, 1), 12)
    read(objective.measure, date(2026, 2, 1), 60)
    still = make_objective(bob, objective.cycle, "Still")
    part = make_key_result(still, bob)
    client.sign_in(bob)
    page = client.page(review(objective.cycle_id))
    assert chosen(page, objective)[0] == "close"
    assert chosen(page, key_result) == ("along", "12", "0.6")
    assert chosen(page, still)[0] == str(later.id)
    assert chosen(page, part)[0] == "along"
    page = client.follow(client.submit(page, "Save"))
    assert page.flashes == ["2 closed, 2 postponed."]
    ended = [measure_of(one).ended_as for one in (objective, key_result, still, part)]
    assert ended == [CLOSED, CLOSED, POSTPONED, POSTPONED]
    assert len({measure_of(one).ended_at for one in (objective, key_result, still, part)}) == 1
    assert not page.named("Save")


def test_many_are_decided_in_one_step(
    client: Client, alice: Person, bob: Person, cycle: Cycle, later: Cycle
) -> None:
    above = make_objective(bob, cycle, "Above")
    below = make_objective(bob, cycle, "Below", parent_measure_id=above.measure_id)
    closed = make_objective(bob, cycle, "Closed")
    one = make_key_result(closed, bob, "One", measure=make_measure(PERCENT, value=40))
    left = make_key_result(closed, bob, "Left")
    client.sign_in(alice)
    page = client.page(review(cycle.id))
    into = str(later.id)
    changes = (
        decide(page, below, into)
        | decide(page, above, into)
        | decide(page, closed, "close", value="35", score="0.3")
        | decide(page, one, "close", value="45", score="")
        | decide(page, left, "leave")
    )
    page = client.follow(client.submit(page, "Save", changes))
    assert page.flashes == ["2 closed, 2 postponed."]
    assert measure_of(left).ended_as is None
    assert (measure_of(closed).final_value, measure_of(closed).score) == (35, Fraction(3, 10))
    assert (measure_of(one).final_value, measure_of(one).score) == (45, None)
    carried = {
        new.title: new
        for new in db.session.scalars(select(Objective).where(Objective.cycle_id == later.id))
    }
    assert carried["Below"].parent_measure_id == carried["Above"].measure_id
    assert carried["Above"].owner_id == bob.id


def test_key_results_are_closed_with_their_objective_unless_chosen_otherwise(
    client: Client, bob: Person, objective: Objective, later: Cycle
) -> None:
    along, left, alone = (
        make_key_result(one, bob, measure=make_measure(PERCENT, value=40))
        for one in (objective, objective, make_objective(bob, objective.cycle, "Runs"))
    )
    client.sign_in(bob)
    page = client.page(review(objective.cycle_id))
    closed = decide(page, objective, "close") | decide(page, left, "leave")
    wrong = closed | decide(page, along, "along", value="101")
    refused = client.see(client.submit(page, "Save", wrong), 422)
    assert refused.one(f"#{along.measure_id}-value-errors").text == (
        "Give a percentage from 0 to 100."
    )
    assert chosen(refused, along) == ("along", "101", "0.4")
    changes = closed | decide(page, along, "along", value="45", score="0.5")
    page = client.follow(client.submit(page, "Save", changes))
    assert page.flashes == ["2 closed, 0 postponed."]
    measure = measure_of(along)
    assert (measure.ended_as, measure.final_value, measure.score) == (CLOSED, 45, Fraction(1, 2))
    assert measure.ended_at == measure_of(objective).ended_at
    assert [measure_of(one).ended_as for one in (left, alone)] == [None, None]
    # Under an objective that has ended there is nothing to go with.
    assert "With its objective" not in page.one(f"#{left.measure_id}-do").options
    assert chosen(page, left)[0] == "leave"


def test_what_a_postponed_objective_takes_along_cannot_be_left_open(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, later: Cycle
) -> None:
    client.sign_in(bob)
    page = client.page(review(objective.cycle_id))
    going = decide(page, objective, str(later.id))
    refused = client.see(
        client.submit(page, "Save", going | decide(page, key_result, "leave")), 422
    )
    assert refused.one(f"#{key_result.measure_id}-do-errors").text == (
        "Its objective is postponed and takes it along: leave it with its objective, or close it."
    )
    assert client.follow(client.submit(page, "Save", going)).flashes == ["0 closed, 2 postponed."]


def test_all_that_are_open_are_closed_in_one_step(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, later: Cycle
) -> None:
    read(key_result.measure, date(2026, 2, 1), 12)
    going = make_objective(bob, objective.cycle, "Goes")
    part = make_key_result(going, bob, "Goes too")
    left = make_key_result(objective, bob, "Left")
    client.sign_in(bob)
    page = client.page(review(objective.cycle_id))
    late = make_objective(bob, objective.cycle, "Late")
    postponed = decide(page, going, str(later.id))
    wrong = postponed | decide(page, left, "leave", score="7")
    refused = client.see(client.submit(page, "Close all that are open", wrong), 422)
    assert refused.one(f"#{left.measure_id}-score-errors").text.startswith("Give a score from 0")
    assert chosen(refused, left) == ("leave", "0", "7")
    assert measure_of(objective).ended_as is None
    changes = postponed | decide(page, left, "leave", score="0.1")
    page = client.follow(client.submit(page, "Close all that are open", changes))
    assert page.flashes == ["3 closed, 2 postponed."]
    closed = [measure_of(one) for one in (objective, key_result, left)]
    assert [one.ended_as for one in closed] == [CLOSED] * 3
    assert [one.score for one in closed[1:]] == [Fraction(6, 10), Fraction(1, 10)]
    assert [measure_of(one).ended_as for one in (going, part)] == [POSTPONED] * 2
    assert measure_of(late).ended_as is None  # nobody saw it on the page


def test_what_counts_by_itself_is_not_said_to_begin_at_0(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, abacus: Abacus
) -> None:
    client.sign_in(bob)
    assert "a percentage from 0, a KPI" in client.page(review(objective.cycle_id)).text
    db.session.add(AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id))
    db.session.commit()
    said = client.page(review(objective.cycle_id)).text
    assert "a percentage that people type from 0" in said
    assert "what has a data source as that counts" in said


def test_one_refusal_keeps_all_as_it_is(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, later: Cycle
) -> None:
    reached = make_measure(KPI, start_value=0, target_value=20, value=25)
    there = make_key_result(objective, bob, "There", measure=reached)
    other = make_objective(bob, objective.cycle, "Other")
    client.sign_in(bob)
    page = client.page(review(objective.cycle_id))
    into = str(later.id)
    changes = (
        decide(page, objective, "close", value="101", score="7")
        | decide(page, key_result, into)
        | decide(page, there, into)
        | decide(page, other, "close")
    )
    page = client.see(client.submit(page, "Save", changes), 422)
    assert "Nothing was saved yet: see what is said at the rows." in page.text

    def said(item: Objective | KeyResult, name: str) -> str:
        return page.one(f"#{item.measure_id}-{name}-errors").text

    assert said(objective, "value") == "Give a percentage from 0 to 100."
    assert said(objective, "score") == "Give a score from 0 to 1, such as 0.7."
    assert said(key_result, "do").startswith("Its objective is not postponed into Summer")
    assert said(there, "do").startswith("It has reached its target")
    assert chosen(page, objective) == ("close", "101", "7")
    assert chosen(page, key_result)[0] == into
    assert db.session.scalars(select(Measure).where(Measure.ended_as.is_not(None))).all() == []
    assert count_of(Objective) == 2


def test_a_key_result_goes_where_its_objective_goes_or_went(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, later: Cycle
) -> None:
    quarter = make_cycle("Fall", date(2026, 9, 1), date(2026, 11, 1))
    client.sign_in(bob)
    page = client.page(review(objective.cycle_id))
    changes = decide(page, objective, str(later.id)) | decide(page, key_result, str(quarter.id))
    refused = client.see(client.submit(page, "Save", changes), 422)
    assert "Its objective goes into Summer." in refused.text
    home = make_objective(bob, later, "Then")
    home.measure.continues_id = objective.measure_id
    db.session.commit()
    page = client.page(review(objective.cycle_id))
    refused = client.see(client.submit(page, "Save", decide(page, objective, str(later.id))), 422)
    assert "It was postponed into Summer before." in refused.text
    changes = decide(page, key_result, str(later.id))
    client.follow(client.submit(page, "Save", changes))
    made = db.session.scalars(
        select(KeyResult).join(Measure).where(Measure.continues_id == key_result.measure_id)
    ).one()
    assert made.objective_id == home.id
    assert measure_of(objective).ended_as is None


def test_what_ended_meanwhile_is_told_and_nothing_saved(
    client: Client, bob: Person, objective: Objective, later: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_objective(bob, objective.cycle, "Other")
    client.sign_in(bob)
    page = client.page(review(objective.cycle_id))

    def ends(items: object, beside: object) -> None:
        db.session.get_one(Measure, objective.measure_id).ended_as = CLOSED

    monkeypatch.setattr("app.okrs.endings.deciding.hold_items", ends)
    changes = decide(page, objective, "close") | decide(page, other, str(later.id))
    page = client.see(client.submit(page, "Save", changes), 422)
    assert "ended or closed by someone else since you opened it" in page.text
    assert count_of(Objective) == 2 and measure_of(other).ended_as is None


def test_an_item_that_came_since_is_left_alone(
    client: Client, bob: Person, cycle: Cycle, objective: Objective, over: None
) -> None:
    client.sign_in(bob)
    page = client.page(review(objective.cycle_id))
    late = make_objective(bob, cycle, "Late", measure=make_measure(PERCENT, value=60))
    changes = decide(page, objective, "close")
    assert client.follow(client.submit(page, "Save", changes)).flashes == ["1 closed, 0 postponed."]
    assert measure_of(late).ended_as is None


def test_leaving_everything_says_so(client: Client, bob: Person, objective: Objective) -> None:
    client.sign_in(bob)
    page = client.page(review(objective.cycle_id))
    page = client.see(client.submit(page, "Save"), 422)
    assert "Nothing was chosen: everything is left open." in page.text


def test_everyone_looks_and_decides_only_on_what_they_may_edit(
    client: Client, alice: Person, bob: Person, carol: Person, cycle: Cycle, later: Cycle
) -> None:
    private = make_private(alice, bob, carol, cycle)
    open_one = make_objective(bob, cycle, "Open")
    hers = make_key_result(open_one, carol, "Hers")
    client.sign_in(carol)
    page = client.page(review(cycle.id))
    assert "Hire quietly" not in page.text and "Open" in page.text
    assert [one["name"] for one in page.all("select")] == [f"{hers.measure_id}-do"]
    forged = {
        f"{one.measure_id}-{name}": value
        for one in (private.objective, open_one)
        for name, value in (("do", "close"), ("value", "50"), ("score", "0.5"))
    }
    assert client.post(review(cycle.id), forged).status_code == 422
    assert measure_of(private.objective).ended_as is None
    assert measure_of(open_one).ended_as is None
    client.sign_in(make_person("Olga Orlova", OBSERVER))
    assert not client.page(review(cycle.id)).named("Save")
    assert client.post(review(cycle.id)).status_code == 403


def test_an_empty_cycle_says_so(client: Client, bob: Person, cycle: Cycle) -> None:
    client.sign_in(bob)
    assert "Nothing in Spring" in client.page(review(cycle.id)).text


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_it_takes_as_many_statements_for_many(
    client: Client, bob: Person, cycle: Cycle, name: str, over: None, request: pytest.FixtureRequest
) -> None:
    client.sign_in(request.getfixturevalue(name))
    counts = []
    for _ in range(2):
        for number in range(4):
            objective = make_objective(bob, cycle, f"Number {number}")
            for _ in range(2):
                key_result = make_key_result(objective, bob)
                read(key_result.measure, date(2026, 3, 1), 5)
                read(key_result.measure, date(2026, 4, 15), 9)
        client.page(review(cycle.id))
        with count_statements() as statements:
            client.page(review(cycle.id))
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 20


def test_deciding_reads_as_many_times_for_many(
    client: Client, bob: Person, cycle: Cycle, over: None
) -> None:
    client.sign_in(bob)
    counts = []
    for number in (2, 6):
        objectives = [make_objective(bob, cycle, f"Number {one}") for one in range(number)]
        items = [*objectives, *(make_key_result(one, bob) for one in objectives)]
        page = client.page(review(cycle.id))
        changes = {
            name: value for one in items for name, value in decide(page, one, "close").items()
        }
        with count_statements() as statements:
            answer = client.submit(page, "Save", changes)
        assert client.follow(answer).flashes == [f"{2 * number} closed, 0 postponed."]
        counts.append(sum(one.startswith("SELECT") for one in statements))
    assert counts[0] == counts[1]
