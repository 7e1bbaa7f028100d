"""Thinning what is long over: less is stored, and what pages show by days is what it was."""

import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import Person, Workspace
from app.config import Config
from app.db import db
from app.okrs import thinning
from app.okrs.models import (
    ONCE,
    UNTIL_RESUMED,
    CheckIn,
    Cycle,
    Evidence,
    KeyResult,
    Measure,
    Reading,
)
from app.okrs.readings import newest_reading, record_check_in
from app.okrs.rollup.settling import settle
from app.okrs.thinning import thin
from app.trello.counting import Criteria
from app.trello.evidence import thinning as evidence_thinning
from app.trello.evidence.reading import CHAIN, history
from app.trello.models import TrelloSource
from app.trello.sources import apply_snapshot
from tests.support.client import Client
from tests.support.html import Page
from tests.support.sql import count_statements
from tests.trello.boards import board, card, snapshot
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source
from worker import Clock

pytestmark = pytest.mark.both_databases

FIRST_DAY, LAST_DAY, TODAY = date(2026, 1, 1), date(2026, 1, 31), date(2026, 5, 20)
KEPT = 100
"""Days; so all that was counted in the cycle is past it by today."""
BY_HAND = {7: ONCE, 15: UNTIL_RESUMED}
"""After how many days a value is given by hand, and for how long."""
ZONE = ZoneInfo("America/New_York")


@dataclass
class Item:
    """A key result that was counted several times a day, in a cycle that is long over."""

    key_result_id: int
    measure_id: int
    source_id: int
    cycle_id: int

    @property
    def path(self) -> str:
        return f"/key-results/{self.key_result_id}"


@pytest.fixture(autouse=True)
def _today(app: Flask, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "today", lambda _workspace: TODAY)
    workspace.time_zone, workspace.details_kept_days = ZONE.key, KEPT
    db.session.commit()


@pytest.fixture
def item(app: Flask, alice: Person) -> Item:
    return make_item(app, alice)


def make_item(app: Flask, alice: Person, last_day: date = LAST_DAY) -> Item:
    with app.app_context():
        cycle = Cycle(name="Winter", starts_on=FIRST_DAY, ends_on=last_day)
        objective = make_objective(alice, cycle=cycle)
        key_result = make_key_result(objective)
        connection = make_connection(alice)
        source = make_source(key_result.measure, connection, Criteria(list_ids=("done",)))
        source.created_at = source.versions[0].made_at = datetime(2026, 1, 3, tzinfo=UTC)
        db.session.commit()
        count_for_days(source, alice)
        settle()
        return Item(key_result.id, key_result.measure_id, source.id, cycle.id)


def count_for_days(source: TrelloSource, alice: Person) -> None:
    """Nineteen days of cards that come, go, are completed and change places, some without
    another figure; a value given by hand on two of them."""
    chance = random.Random(7)
    cards = [card("done", name=f"Post {number}") for number in range(12)]
    for day in range(19):
        for place in range(chance.randint(0, 6)):
            moment = datetime(2026, 1, 4, 2, tzinfo=UTC) + timedelta(days=day, hours=3 * place)
            kind = chance.random()
            if kind < 0.5 or len(cards) < 8:
                cards = [*cards, card("done", name=f"Post {day}.{place}")]
            elif kind < 0.75:
                cards = cards[1:]
            elif kind < 0.9:
                cards = [*cards[1:], {**cards[0], "dueComplete": not cards[0]["dueComplete"]}]
            else:
                cards = [*cards[1:], card("done", name=f"Swapped {day}.{place}")]
            apply_snapshot(db.session(), source.board, [source], snapshot(board(cards), moment))
            db.session.commit()
            if place == 1 and day in BY_HAND:
                give(source.measure, alice, moment + timedelta(hours=1), BY_HAND[day])


def give(measure: Measure, person: Person, moment: datetime, override: str) -> None:
    """A value by hand, with what is counted beside it."""
    made = CheckIn(measure=measure, person_id=person.id, note="Counted twice", made_at=moment)
    db.session.add(made)
    record_check_in(measure, made, Fraction(9), override)
    db.session.commit()


def shown(page: Page) -> Iterator[Any]:
    """What the item's page tells by days, and where on the chart."""
    yield [dict(one.attrs) for one in page.all("[data-measure]")]
    for one in page.all("#chart .points title"):
        assert one.parent is not None
        circle = one.parent.one("circle")
        yield one.text, one.parent.get("href"), circle["cx"], circle["cy"]
    yield [one.text for one in page.all("#chart .values text")]
    yield [one.text for one in page.all("#chart tbody tr")]
    yield [(one["cx"], one["cy"]) for one in page.all("#chart .dot")]
    yield page.one("#chart-text").text


def leads_to(page: Page) -> list[str]:
    return [one["href"] for one in page.all("#chart .points a")]


def cards_then(client: Client, path: str) -> tuple[str, list[str]]:
    page = client.page(path)
    return page.one("#figure").text, [one.text for one in page.all("tbody tr")]


def stored(app: Flask) -> list[Any]:
    with app.app_context():
        readings = db.session.execute(
            select(Reading.id, Reading.value, Reading.evidence_id).order_by(Reading.id)
        ).all()
        evidence = db.session.execute(
            select(Evidence.id, Evidence.base_id, Evidence.payload).order_by(Evidence.id)
        ).all()
        return [tuple(row) for row in (*readings, *evidence)]


def counts(app: Flask) -> tuple[int, int, int]:
    """Of readings, of evidence, and of readings of check-ins."""
    with app.app_context():
        of_check_ins = select(func.count(Reading.check_in_id))
        return (
            db.session.scalar(select(func.count(Reading.id))) or 0,
            db.session.scalar(select(func.count(Evidence.id))) or 0,
            db.session.scalar(of_check_ins) or 0,
        )


def thin_now(app: Flask) -> int:
    with app.app_context():
        return thin()


def test_what_is_shown_by_days_is_the_same_and_less_is_kept(
    app: Flask, client: Client, alice: Person, item: Item
) -> None:
    client.sign_in(alice)
    page, review = client.page(item.path), client.page(f"/cycles/{item.cycle_id}/review")
    points, before = leads_to(page), list(shown(page))
    assert len(points) > 5
    cards = {path: cards_then(client, path) for path in points}
    had = counts(app)
    assert thin_now(app) > 0
    has = counts(app)
    assert has[0] < had[0] and has[1] < had[1]
    assert has[2] == had[2] == 2
    page = client.page(item.path)
    assert list(shown(page)) == before
    assert {path: cards_then(client, path) for path in points} == cards
    again = client.page(f"/cycles/{item.cycle_id}/review")
    assert [one.text for one in again.all("main")] == [one.text for one in review.all("main")]
    said = "Of each day before 9 Feb 2026 only the last count is kept."
    assert said in page.one("#timeline").text
    assert said in client.page(points[0]).text
    assert said in client.page(f"/trello/sources/{item.source_id}/cards").text


def test_the_clock_of_a_worker_thins_and_looks_again_an_hour_later(
    app: Flask, config: Config, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    had = counts(app)
    clock = Clock(app, config)
    clock.turn()
    assert counts(app)[1] < had[1]
    monkeypatch.setattr("app.okrs.thinning.workspace", lambda: pytest.fail("it looked again"))
    monkeypatch.setattr(clock, "_next_tick", 0.0)
    clock.turn()
    assert not clock._failed_turns


def test_of_a_day_the_last_counts_stay_and_evidence_builds_on_what_stayed(
    app: Flask, item: Item
) -> None:
    def by_day() -> dict[date, tuple[int, dict[str, Any]]]:
        """The last row of evidence of each day, and its cards."""
        with app.app_context():
            rows = db.session.scalars(select(Evidence).order_by(Evidence.id)).all()
            found: dict[date, tuple[int, dict[str, Any]]] = {}
            cards: dict[str, Any] = {}
            last_id, length = None, 0
            for row in rows:
                content = json.loads(zlib.decompress(row.payload))
                if row.base_id is None:
                    cards, length = {one["id"]: one for one in content}, 0
                else:
                    assert row.base_id == last_id
                    for gone in content["left"]:
                        del cards[gone]
                    cards |= {one["id"]: one for one in content["entered"]}
                length += 1
                assert length <= CHAIN
                last_id = row.id
                found[row.taken_at.astimezone(ZONE).date()] = row.id, dict(cards)
            return found

    before = by_day()
    thin_now(app)
    assert by_day() == before
    with app.app_context():
        readings = db.session.scalars(
            select(Reading).where(Reading.measure_id == item.measure_id, ~Reading.is_beside)
        ).all()
        counted = [one for one in readings if one.source_version_id is not None]
        assert all(one.evidence_id is not None for one in counted)


def test_twice_changes_nothing_more_and_costs_one_look(app: Flask, item: Item) -> None:
    thin_now(app)
    kept = stored(app)
    with app.app_context():
        db.session.get(Workspace, 1)
    with app.app_context(), count_statements() as statements:
        assert thin() == 0
    assert len(statements) <= 2
    assert stored(app) == kept


def test_what_a_worker_left_half_done_is_done_by_the_next(
    app: Flask, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = stored(app)
    monkeypatch.setattr(thinning, "STEPS", 1)
    assert thin_now(app) == 1  # the readings of the key result, or of its objective
    steps = 1
    while thin_now(app):
        steps += 1
        assert steps < 100
    assert steps > 2
    in_steps = stored(app)
    assert in_steps != whole
    monkeypatch.setattr(thinning, "STEPS", 200)
    with app.app_context():
        assert db.session.scalars(select(Measure.is_being_thinned)).all() == [False, False]
        db.session.execute(Measure.__table__.update().values(thinned_before=None))
        db.session.commit()
    thin_now(app)
    assert stored(app) == in_steps


@pytest.mark.parametrize("reason", ["no rule", "cycle", "own last day", "kept longer"])
def test_what_is_not_long_over_stays_as_it_is(
    app: Flask, item: Item, workspace: Workspace, reason: str
) -> None:
    with app.app_context():
        space = db.session.get_one(Workspace, 1)
        cycle = db.session.get_one(Cycle, item.cycle_id)
        if reason == "no rule":
            space.details_kept_days = None
        elif reason == "cycle":
            cycle.ends_on = TODAY - timedelta(days=KEPT)
        elif reason == "kept longer":
            space.details_kept_days = 150
        else:
            key_result = db.session.get_one(KeyResult, item.key_result_id)
            key_result.ends_on = TODAY
            key_result.objective.ends_on = TODAY
        db.session.commit()
    kept = stored(app)
    assert thin_now(app) == 0
    assert stored(app) == kept


def count(app: Flask, item: Item, moment: datetime, *cards: dict[str, Any]) -> None:
    with app.app_context():
        source = db.session.get_one(TrelloSource, item.source_id)
        apply_snapshot(db.session(), source.board, [source], snapshot(board(list(cards)), moment))
        db.session.commit()


def test_what_was_counted_lately_stays_and_counting_goes_on(app: Flask, item: Item) -> None:
    """An item that nobody closed is counted after its last day, on top of what stayed."""
    cards = [card("done") for _ in range(12)]

    def count_in_may(hours: range) -> None:
        for hour in hours:
            moment = datetime(2026, 5, 1, 5 + hour, tzinfo=UTC)
            count(app, item, moment, *cards[hour : hour + 7])  # other cards, the same figure

    def of_may() -> list[int]:
        since = datetime(2026, 5, 1, tzinfo=UTC)
        is_own = Reading.measure_id == item.measure_id
        with app.app_context():
            return [
                *db.session.scalars(select(Evidence.id).where(Evidence.taken_at > since)),
                *db.session.scalars(select(Reading.id).where(Reading.taken_at > since, is_own)),
            ]

    count_in_may(range(3))
    before = of_may()
    assert len(before) == 3 + 1
    assert thin_now(app) > 0
    assert of_may() == before
    count_in_may(range(3, 6))
    assert len(of_may()) == 6 + 1
    with app.app_context():
        kept, _ = history(item.source_id, 1)
        assert {one["id"] for one in kept} == {one["id"] for one in cards[5:]}


def test_what_happened_on_the_way_is_told_with_what_stayed(
    app: Flask, client: Client, alice: Person, item: Item
) -> None:
    with app.app_context():
        db.session.get_one(Measure, item.measure_id).override = None
        db.session.commit()
    cards = [card("done", name=f"Card {number}") for number in range(12)]
    noon = datetime(2026, 1, 26, 17, tzinfo=UTC)
    count(app, item, noon, *cards)
    done = [{**cards[0], "dueComplete": True}, *cards[1:]]
    count(app, item, noon + timedelta(days=1), *done)
    count(app, item, noon + timedelta(days=1, hours=1), *done, card("done", name="Later"))
    count(app, item, noon + timedelta(days=2), *done[:-1])
    thin_now(app)
    client.sign_in(alice)
    at = noon + timedelta(days=1, hours=1)
    page = client.page(f"/trello/sources/{item.source_id}/cards?at={at:%Y-%m-%dT%H:%M:%S}Z")
    assert page.one("#figure").text == "13 cards, 1 of them completed."
    changed = {one["data-change"]: one.text for one in page.all("[data-change]")}
    assert changed == {
        "enter": "Entered: 1 (Later)",
        "marked": "Completed or reopened: 1 (Card 0 completed)",
    }


def test_a_point_leads_to_the_cards_of_its_moment_where_its_reading_is_of_older_ones(
    app: Flask, item: Item, client: Client, alice: Person
) -> None:
    """Cards change places without another figure; then automatic values are shown again, and
    cards change places once more."""
    cards = [card("done", name=f"Card {number}") for number in range(12)]
    day = datetime(2026, 1, 28, 14, tzinfo=UTC)
    count(app, item, day, *cards[:8])
    count(app, item, day + timedelta(hours=1), *cards[1:9])
    with app.app_context():
        measure = db.session.get_one(Measure, item.measure_id)
        counted = newest_reading(measure, by_source=True)
        assert counted is not None
        shown_again = Reading(
            measure=measure,
            series=measure.series,
            taken_at=day + timedelta(hours=2),
            value=Fraction(8),
            source_version_id=counted.source_version_id,
            evidence_id=counted.evidence_id,
        )
        db.session.add(shown_again)
        db.session.commit()
    count(app, item, day + timedelta(hours=3), *cards[2:10])
    client.sign_in(alice)
    path = leads_to(client.page(item.path))[-1]
    before = cards_then(client, path)
    assert len(before[1]) == 8 and "Card 8" in before[1][-1] and "Card 0" not in str(before)
    thin_now(app)
    assert cards_then(client, path) == before


def test_two_workers_at_once_leave_what_one_leaves(
    app: Flask, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_one = evidence_thinning._rewrite

    def by_two(*args: Any) -> None:
        by_one(*args)
        once = stored_now()
        by_one(*args)
        assert stored_now() == once

    def stored_now() -> list[Any]:
        rows = select(Evidence.id, Evidence.base_id, Evidence.payload).order_by(Evidence.id)
        found = db.session.execute(rows).all()
        db.end_reading()
        return [tuple(row) for row in found]

    monkeypatch.setattr(evidence_thinning, "_rewrite", by_two)
    assert thin_now(app) > 1
