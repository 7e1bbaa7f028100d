"""Settling: what several people change at once, long figures, and how little is touched."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.db import db
from app.okrs.models import (
    CLOSED,
    KPI,
    PERCENT,
    ROLL_UP,
    Cycle,
    KeyResult,
    Measure,
    Objective,
    Reading,
)
from app.okrs.rollup.models import SettlingTurn, Unsettled
from app.okrs.rollup.settling import note_change_of_figure, settle
from tests.okrs.items import count_of, make_key_result, make_measure, make_objective
from tests.support.client import Client
from tests.support.sql import count_statements


def value_of(measure_id: int) -> Fraction | None:
    db.session.remove()
    return db.session.scalar(select(Measure.value).where(Measure.id == measure_id))


def change(measure_id: int, value: int) -> None:
    """As a sync or a check-in does."""
    with db.writing() as session:
        session.get_one(Measure, measure_id, with_for_update=True).value = Fraction(value)
        note_change_of_figure(session, [measure_id])


def percent(objective: Objective, owner: Person) -> int:
    return make_key_result(objective, owner, measure=make_measure(PERCENT)).measure_id


@pytest.mark.both_databases
def test_of_changes_at_once_none_is_lost(
    app: Flask, cycle: Cycle, bob: Person, objective: Objective
) -> None:
    above = objective.measure_id
    below = make_objective(bob, cycle, "Be read", parent_measure_id=above)
    parts = [percent(objective, bob), percent(objective, bob), percent(below, bob)]
    at_once = Barrier(len(parts))

    def change_again_and_again(measure_id: int) -> None:
        with app.app_context():
            at_once.wait(30)
            for value in range(10, 101, 10):
                change(measure_id, value)
                settle()
            db.session.remove()

    db.session.remove()
    with ThreadPoolExecutor(len(parts)) as threads:
        list(threads.map(change_again_and_again, parts))
    assert (value_of(above), value_of(below.measure_id)) == (100, 100)
    assert count_of(Unsettled) == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_committed_after_the_others_settled_is_taken_in_the_next_time(
    bob: Person, objective: Objective
) -> None:
    first, second = percent(objective, bob), percent(objective, bob)
    settle()
    with Session(db.engine) as other:
        other.get_one(Measure, first).value = Fraction(40)
        note_change_of_figure(other, [first])
        other.flush()
        change(second, 60)
        settle()  # waits for nobody
        assert value_of(objective.measure_id) == 30
        other.commit()
    settle()
    assert value_of(objective.measure_id) == 50


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("meanwhile", "stays"),
    [
        ({"kind": KPI, "target_value": Fraction(9), "value": Fraction(7)}, 7),
        ({"ended_as": CLOSED, "final_value": Fraction(3), "value": Fraction(3)}, 3),
    ],
)
def test_what_stops_being_rolled_up_meanwhile_keeps_its_own_value(
    app: Flask, bob: Person, objective: Objective, meanwhile: dict[str, object], stays: int
) -> None:
    change(percent(objective, bob), 60)

    def settle_apart() -> None:
        with app.app_context():
            settle()
            db.session.remove()

    with Session(db.engine) as other:
        held = other.get_one(Measure, objective.measure_id, with_for_update=True)
        settling = Thread(target=settle_apart)
        settling.start()
        settling.join(0.3)
        assert settling.is_alive()  # it waits for who holds the measure
        for name, value in meanwhile.items():
            setattr(held, name, value)
        note_change_of_figure(other, [held.id])
        other.commit()
    settling.join(30)
    assert value_of(objective.measure_id) == stays
    settle()
    assert value_of(objective.measure_id) == stays


@pytest.mark.both_databases
def test_one_settles_after_another(app: Flask, bob: Person, objective: Objective) -> None:
    change(percent(objective, bob), 60)

    def settle_apart() -> None:
        with app.app_context():
            settle()
            db.session.remove()

    with db.writing() as session:
        session.execute(select(SettlingTurn.id).with_for_update())
        settling = Thread(target=settle_apart)
        settling.start()
        settling.join(0.3)
        assert settling.is_alive()
    settling.join(30)
    assert value_of(objective.measure_id) == 60


def primes(below: int) -> list[int]:
    sieve = [True] * below
    for number in range(2, below):
        if sieve[number]:
            sieve[number * number :: number] = [False] * len(range(number * number, below, number))
    return [number for number in range(2, below) if sieve[number]]


def test_a_figure_of_thousands_of_digits_is_exact(
    client: Client, bob: Person, cycle: Cycle, objective: Objective
) -> None:
    below = make_objective(bob, cycle, "Be read", parent_measure_id=objective.measure_id)
    denominators = primes(11_000)
    _add_key_results(below, bob, denominators)
    settle()
    exact = sum((Fraction(100, one) for one in denominators), Fraction(0)) / len(denominators)
    assert exact.denominator > 10**4300  # Python writes no more digits in base 10
    assert value_of(below.measure_id) == value_of(objective.measure_id) == exact
    reading = db.session.scalars(select(Reading).where(Reading.measure_id == objective.measure_id))
    assert reading.one().value == exact
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}")
    assert page.one("#standing")["data-progress"] == f"{float(exact):.6f}"
    assert "0.2 %" in page.one("#contributions").text
    mark = page.one("#standing")["data-live"].split()[0]
    told = client.get(f"/live?measures={objective.measure_id}").json
    assert mark == f"{objective.measure_id}:{told[str(objective.measure_id)]}"
    assert "0.2 %" in client.page(f"/okrs?cycle={cycle.id}").one("#objective-row-1 .pct").text


def _add_key_results(objective: Objective, owner: Person, targets: Iterable[int]) -> None:
    """Each stands at 1 of its target."""
    measures = [
        Measure(kind=KPI, start_value=Fraction(0), target_value=Fraction(one), value=Fraction(1))
        for one in targets
    ]
    db.session.add_all(measures)
    db.session.flush()
    of_all = {"title": "Any", "objective_id": objective.id, "owner_id": owner.id}
    db.session.execute(insert(KeyResult), [of_all | {"measure_id": one.id} for one in measures])
    note_change_of_figure(db.session(), [one.id for one in measures])
    db.session.commit()


@pytest.mark.parametrize("size", [30, 3000])
def test_settling_a_change_touches_its_chain_alone_however_large_the_tree(
    bob: Person, cycle: Cycle, size: int
) -> None:
    """A tree of which each objective has ten below it, with a key result under the last one."""
    above: list[int | None] = [None]
    while len(above) < size:
        measures = [Measure(kind=ROLL_UP) for _ in range(min(10 * len(above), size - len(above)))]
        db.session.add_all(measures)
        db.session.flush()
        of_all = {"title": "Any", "cycle_id": cycle.id, "owner_id": bob.id}
        rows = [
            of_all | {"measure_id": one.id, "parent_measure_id": above[place // 10]}
            for place, one in enumerate(measures)
        ]
        db.session.execute(insert(Objective), rows)
        above += [one.id for one in measures]
    last = db.session.scalars(select(Objective).order_by(Objective.id.desc())).first()
    assert last is not None
    key_result = percent(last, bob)
    settle()
    depth = count_of(Reading)
    change(key_result, 60)
    with count_statements() as statements:
        settle()
    touched = count_of(Reading) - depth
    assert touched == len(_way_up(last)) < 8
    assert len(statements) <= 8 + touched, statements


def _way_up(objective: Objective) -> list[int]:
    rows = db.session.execute(select(Objective.measure_id, Objective.parent_measure_id)).all()
    parents: dict[int, int | None] = dict(rows)
    way = [objective.measure_id]
    while (above := parents[way[-1]]) is not None:
        way.append(above)
    return way
