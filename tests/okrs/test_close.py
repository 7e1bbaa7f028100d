"""Closing: what is proposed, what is kept, what becomes of key results, and who may."""

from collections.abc import Collection
from datetime import date, time
from fractions import Fraction

import pytest

from app.accounts.models import OBSERVER, Person, Workspace
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.loading import live_measures
from app.okrs.models import (
    CLOSED,
    KPI,
    PERCENT,
    POSTPONED,
    ROLL_UP,
    Cycle,
    KeyResult,
    Measure,
    Objective,
    SourceVersion,
)
from app.okrs.owned import running_items
from app.okrs.rollup.settling import settle
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import (
    LAST_DAY,
    TODAY,
    changes_of,
    cycle_of_today,
    make_cycle,
    make_key_result,
    make_measure,
    make_objective,
    only,
)
from tests.okrs.readings import read
from tests.support.client import Client
from tests.support.html import Page
from tests.support.meanwhile import one_after_the_other, pause
from tests.support.people import make_person

FIXED = "This key result is closed, so it stays as it is. Reopen it first."
CLOSE = {"value": "18", "score": "0.9", "note": "Nearly.", "parts": "close"}


def path(key_result: KeyResult) -> str:
    return f"/key-results/{key_result.id}/close"


def measure_of(item: KeyResult | Objective) -> Measure:
    return db.session.get_one(Measure, item.measure_id, populate_existing=True)


def proposed(page: Page) -> tuple[str, str]:
    return str(page.field("Final value").value), str(page.field("Score").value)


def test_the_value_of_the_last_day_is_proposed(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    read(key_result.measure, date(2026, 3, 1), 5)
    read(key_result.measure, LAST_DAY, 13, time(23, 59, 59))
    read(key_result.measure, date(2026, 4, 12), 19, time(0))
    client.sign_in(bob)
    page = client.page(client.page(f"/key-results/{key_result.id}").link("Close"))
    assert proposed(page) == ("13", "0.65")
    assert "read last by the end of 11 Apr 2026" in page.text


def test_the_last_day_is_one_of_the_workspace(
    client: Client, bob: Person, workspace: Workspace, key_result: KeyResult
) -> None:
    workspace.time_zone = "America/New_York"
    read(key_result.measure, date(2026, 4, 12), 19, time(3))
    client.sign_in(bob)
    assert proposed(client.page(path(key_result))) == ("19", "0.95")


def test_before_its_last_day_is_over_the_present_value_is_proposed(
    client: Client, bob: Person, objective: Objective
) -> None:
    measure = make_measure(PERCENT, value=37)
    key_result = make_key_result(objective, bob, measure=measure, ends_on=date(2099, 1, 1))
    client.sign_in(bob)
    assert proposed(client.page(path(key_result))) == ("37", "0.37")


@pytest.mark.parametrize(
    ("value", "score"), [(-5, "0"), (30, "1"), (9, "0.45"), (Fraction(29, 3), "0.48")]
)
def test_the_score_follows_from_progress_and_stays_between_0_and_1(
    client: Client, bob: Person, objective: Objective, value: Fraction, score: str
) -> None:
    measure = make_measure(KPI, target_value=20, value=value)
    key_result = make_key_result(objective, bob, measure=measure)
    client.sign_in(bob)
    assert proposed(client.page(path(key_result)))[1] == score


def test_closed_it_shows_what_it_ended_with(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    read(key_result.measure, date(2026, 2, 1), 12)
    client.sign_in(bob)
    page = client.follow(client.submit(client.page(path(key_result)), "Close", CLOSE))
    assert page.flashes == ["Key result closed."]
    said = page.one("#ending").text
    assert said.startswith("Closed on ") and "by Bob Brown at 18 of 20 posts" in said
    assert said.endswith("with a score of 0.9. Nearly.")
    standing = page.one("#standing")
    assert standing["data-status"] == CLOSED
    assert (standing["data-value"], standing["data-progress"]) == ("18.000000", "90.000000")
    assert page.one("#standing .say").text == "Closed."
    measure = measure_of(key_result)
    assert (measure.final_value, measure.value) == (18, 12)  # readings stay as they are
    assert (measure.score, measure.ended_by_id) == (Fraction(9, 10), bob.id)
    assert changes_of(measure.id) == [("closed", "", "18 of 20 posts, score 0.9")]
    entry = only(AuditEntry)
    assert (entry.action, entry.actor_id) == ("key_result.closed", bob.id)
    detail = {"final_value": "18 of 20 posts", "score": "0.9", "note": "Nearly."}
    assert entry.detail == detail
    assert measure.id not in set(db.session.scalars(live_measures()))


def test_what_is_proposed_is_kept_unrounded(client: Client, bob: Person) -> None:
    objective = make_objective(bob, cycle_of_today())
    for value in (100, 0, 0):
        make_key_result(objective, bob, measure=make_measure(PERCENT, value=value))
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/close")
    assert proposed(page) == ("33.333333", "0.33")
    client.follow(client.submit(page, "Close", {"parts": "leave"}))
    assert measure_of(objective).final_value == Fraction(100, 3)


@pytest.mark.parametrize(
    ("changes", "label", "sentence"),
    [
        ({"score": "7"}, "Score", "Give a score from 0 to 1, such as 0.7."),
        ({"score": "-0.1"}, "Score", "Give a score from 0 to 1, such as 0.7."),
        ({"score": "0,7"}, "Score", "Write decimals with a point, as in 1,200.5."),
        ({"score": "good"}, "Score", "Write a number, such as 20 or 1,200.5."),
        ({"value": ""}, "Final value", "Give the value it ends with."),
        ({"value": "most"}, "Final value", "Write a number, such as 20 or 1,200.5."),
        ({"note": "x" * 10_001}, "Note", "Use at most 10,000 characters."),
    ],
)
def test_what_makes_no_sense_is_refused_and_kept(
    client: Client,
    bob: Person,
    key_result: KeyResult,
    changes: dict[str, str],
    label: str,
    sentence: str,
) -> None:
    client.sign_in(bob)
    page = client.see(client.post(path(key_result), CLOSE | changes), 422)
    assert page.error(label) == sentence
    for name, typed in (CLOSE | changes).items():
        assert name == "parts" or page.one(f"#{name}").value == typed
    assert measure_of(key_result).ended_as is None


def test_a_percentage_ends_between_0_and_100(
    client: Client, bob: Person, objective: Objective
) -> None:
    key_result = make_key_result(objective, bob, measure=make_measure(PERCENT))
    client.sign_in(bob)
    page = client.see(client.post(path(key_result), CLOSE | {"value": "101"}), 422)
    assert page.error("Final value") == "Give a percentage from 0 to 100."
    assert client.post(path(key_result), CLOSE | {"value": "100"}).status_code == 303


def test_a_score_may_be_left_out(client: Client, bob: Person, key_result: KeyResult) -> None:
    client.sign_in(bob)
    page = client.follow(client.post(path(key_result), CLOSE | {"score": "", "note": ""}))
    assert page.one("#ending").text.endswith("at 18 of 20 posts.")
    assert measure_of(key_result).score is None


def test_an_objective_says_what_is_proposed_for_its_key_results(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult
) -> None:
    read(key_result.measure, date(2026, 3, 1), 5)
    make_key_result(objective, bob, "Answer mail", measure=make_measure(PERCENT, value=80))
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/close")
    assert [row.text for row in page.all("tbody tr")] == [
        "Publish posts 5 posts 0.25",
        "Answer mail 80 % 0.8",
    ]
    assert proposed(page)[1] == "0.53"  # the mean of their scores, not that of its progress


@pytest.mark.parametrize(
    ("shares", "aligned", "score"),
    [
        ((80, None), False, "0.32"),  # 80 % of 0.2, 20 % of 0.8
        ((0, None), False, "0.8"),
        ((0, 0), False, "0"),  # as if nothing were there
        ((None, None), True, "0.63"),  # what is aligned under it counts too
        ((None, 0), True, "0.54"),
    ],
)
def test_the_scores_enter_by_the_shares_of_the_contributions(
    client: Client,
    bob: Person,
    objective: Objective,
    shares: tuple[int | None, int | None],
    aligned: bool,
    score: str,
) -> None:
    for share, value in zip(shares, (20, 80), strict=True):
        fixed = None if share is None else Fraction(share)
        measure = make_measure(PERCENT, value=value)
        make_key_result(objective, bob, measure=measure, share=fixed)
    left_out = make_measure(PERCENT, value=5, ended_as=POSTPONED, final_value=Fraction(5))
    make_key_result(objective, bob, measure=left_out)
    if aligned:
        below = make_measure(PERCENT, value=88)
        make_objective(bob, objective.cycle, measure=below, parent_measure_id=objective.measure_id)
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/close")
    assert proposed(page)[1] == score
    assert "their mean by the shares of the contributions" in page.text


def test_an_objective_judged_by_a_measure_of_its_own_is_scored_by_that(
    client: Client, bob: Person, cycle: Cycle
) -> None:
    objective = make_objective(bob, cycle, measure=make_measure(PERCENT, value=60))
    make_key_result(objective, bob, measure=make_measure(PERCENT, value=10))
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/close")
    assert proposed(page) == ("60", "0.6")
    assert "shares" not in page.text


@pytest.mark.parametrize("what", ["close", "leave"])
def test_its_open_key_results_are_closed_or_left(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult, what: str
) -> None:
    read(key_result.measure, date(2026, 3, 1), 5)
    closed = make_key_result(objective, bob, measure=make_measure(PERCENT, value=80))
    client.sign_in(bob)
    client.post(path(closed), {"value": "70", "score": "0.6", "parts": "close"})
    page = client.page(f"/objectives/{objective.id}/close")
    page = client.follow(client.submit(page, "Close", {"parts": what}))
    assert page.flashes == ["Objective closed."]
    measure = measure_of(key_result)
    assert measure_of(objective).ended_as == CLOSED
    assert (measure.ended_as, measure.final_value, measure.score) == (
        (CLOSED, 5, Fraction(1, 4)) if what == "close" else (None, None, None)
    )
    assert measure_of(closed).final_value == 70
    assert not page.named("New key result")


def test_closed_key_results_count_with_what_they_ended_with(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    client.follow(client.post(path(key_result), CLOSE))
    page = client.page(f"/objectives/{objective.id}")
    standing = page.one("#standing")
    assert (standing["data-progress"], standing["data-status"]) == ("90.000000", CLOSED)
    assert page.one("#standing .say").text == "Closed, like all that counts for it."
    page = client.page(f"/objectives/{objective.id}/close")
    assert proposed(page) == ("90", "0.9")
    client.submit(page, "Close", {"value": "50"})
    settle()
    assert measure_of(objective).final_value == 50
    assert client.page(f"/objectives/{objective.id}").one("#standing")["data-progress"] == (
        "50.000000"
    )


def test_a_closed_objective_no_longer_follows_its_key_results(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/close")
    client.submit(page, "Close", {"value": "40", "parts": "leave"})
    client.post(f"/key-results/{key_result.id}/check-in", {"value": "20"})
    page = client.page(f"/objectives/{objective.id}")
    assert page.one("#standing")["data-progress"] == "40.000000"
    assert page.one("#standing .kr").text.count("100 %") == 1


def test_closed_again_it_says_so(client: Client, bob: Person, key_result: KeyResult) -> None:
    client.sign_in(bob)
    client.post(path(key_result), CLOSE)
    again = client.post(path(key_result), CLOSE | {"value": "1"})
    assert client.follow(again).flashes[-1] == FIXED
    assert client.follow(client.get(path(key_result))).flashes == [FIXED]
    assert measure_of(key_result).final_value == 18
    assert len(changes_of(key_result.measure_id)) == 1


def test_a_key_result_that_was_added_meanwhile_is_looked_at_first(
    client: Client, bob: Person, objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.okrs.endings import closing

    hold_all = closing.hold_all

    def late(measures: Collection[Measure]) -> None:
        with db.session.no_autoflush:
            added = KeyResult(title="Late", objective_id=objective.id, owner_id=bob.id)
            added.measure = make_measure()
            db.session.add(added)
        hold_all(measures)

    monkeypatch.setattr(closing, "hold_all", late)
    client.sign_in(bob)
    page = client.follow(client.post(f"/objectives/{objective.id}/close", CLOSE))
    assert page.flashes == [
        "A key result was added at the same moment. Look at it once more, then go on."
    ]
    assert measure_of(objective).ended_as is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_at_once_the_second_is_told(
    client: Client,
    alice: Person,
    bob: Person,
    key_result: KeyResult,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.okrs.endings import closing_views

    others = Client(client.app)
    client.sign_in(bob)
    others.sign_in(alice)
    is_there = pause(monkeypatch, closing_views, "hold_items")
    first, second = one_after_the_other(
        lambda: client.post(path(key_result), CLOSE),
        is_there,
        lambda: others.post(path(key_result), CLOSE | {"value": "1"}),
    )
    assert client.follow(first).flashes == ["Key result closed."]
    assert others.follow(second).flashes == [FIXED]
    assert measure_of(key_result).final_value == 18


def test_others_may_not(
    client: Client, carol: Person, objective: Objective, key_result: KeyResult
) -> None:
    observer = make_person("Olga Orlova", OBSERVER)
    for person in (carol, observer):
        client.sign_in(person)
        for one in (f"/objectives/{objective.id}", f"/key-results/{key_result.id}"):
            assert not client.page(one).named("Close")
            assert client.get(f"{one}/close").status_code == 403
            assert client.post(f"{one}/close", CLOSE).status_code == 403
    assert measure_of(key_result).ended_as is None


def test_what_is_closed_is_no_work_any_more(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult
) -> None:
    def at_work() -> list[int]:
        return [one.measure_id for one in running_items(bob, TODAY)]

    assert at_work() == [objective.measure_id, key_result.measure_id]
    client.sign_in(bob)
    client.post(path(key_result), CLOSE)
    assert at_work() == [objective.measure_id]


def test_what_is_not_there_is_not_found(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    for one in ("/objectives/99", "/key-results/99", f"/key-results/{9**30}"):
        assert client.get(f"{one}/close").status_code == 404
        assert client.post(f"{one}/close", CLOSE).status_code == 404


def test_a_source_counts_no_more_until_it_is_reopened(
    client: Client, bob: Person, key_result: KeyResult, abacus: Abacus
) -> None:
    source = AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id)
    source.versions.append(SourceVersion(definition={"beads": "9"}))
    db.session.add(source)
    db.session.commit()
    client.sign_in(bob)
    client.post(path(key_result), CLOSE)
    assert key_result.measure_id not in set(db.session.scalars(live_measures()))
    assert abacus.woken == []
    page = client.page(client.page(f"/key-results/{key_result.id}").link("Reopen"))
    assert "Abacus goes on counting at once." in page.text
    client.follow(client.submit(page, "Reopen"))
    assert key_result.measure_id in set(db.session.scalars(live_measures()))
    assert abacus.woken == [source.id]


def test_an_aligned_objective_counts_with_what_it_ended_with(
    client: Client, bob: Person, cycle: Cycle
) -> None:
    above = make_objective(bob, cycle, "Grow")
    below = make_objective(bob, cycle, parent_measure_id=above.measure_id)
    client.sign_in(bob)
    client.post(f"/objectives/{below.id}/close", CLOSE | {"value": "25"})
    assert client.page(f"/objectives/{above.id}").one("#standing")["data-progress"] == "25.000000"
    assert measure_of(above).kind == ROLL_UP


def test_its_own_last_day_counts(client: Client, bob: Person) -> None:
    later = make_cycle("Later", date(2026, 5, 1), date(2026, 6, 1))
    key_result = make_key_result(
        make_objective(bob, later), bob, ends_on=date(2026, 5, 10), starts_on=date(2026, 5, 2)
    )
    read(key_result.measure, date(2026, 5, 10), 4)
    read(key_result.measure, date(2026, 5, 20), 11)
    client.sign_in(bob)
    assert proposed(client.page(path(key_result))) == ("4", "0.2")
