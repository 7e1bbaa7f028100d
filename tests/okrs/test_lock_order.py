"""Whoever writes several items holds their measures by the order of ids, and all of them at once.

While someone else holds the one with the lowest id, none of the others may be held: so nobody waits
for somebody who waits for them. On PostgreSQL, as SQLite lets one write at a time.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import Person
from app.db import db
from app.okrs.models import KPI, Cycle, Measure, Objective
from app.teams.models import Team, TeamMember
from tests.okrs.items import make_cycle, make_key_result, make_measure, make_objective
from tests.support.client import Client
from tests.support.meanwhile import LONGEST_WAIT, wait_for_one_that_waits

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

Press = Callable[[], TestResponse]


def presser(app: Flask, person: Person, path: str, button: str, **typed: str) -> Press:
    """Someone who has the page open."""
    browser = Client(app)
    browser.sign_in(person)
    page = browser.page(path)
    return lambda: browser.submit(page, button, typed)


def check(press: Press, lowest: int, others: list[int]) -> None:
    """Nothing is held while the lowest is another's, and it goes on after that."""
    assert all(lowest < one for one in others)
    db.session.remove()
    held = select(Measure.id).with_for_update()
    with ThreadPoolExecutor(1) as pool, db.engine.connect() as other:
        other.execute(held.where(Measure.id == lowest))
        answer = pool.submit(press)
        try:
            wait_for_one_that_waits()
            nowait = select(Measure.id).where(Measure.id.in_(others)).with_for_update(nowait=True)
            assert len(other.execute(nowait).all()) == len(others)
        finally:
            other.rollback()
        assert answer.result(LONGEST_WAIT).status_code == 303


def test_a_key_result_is_edited(app: Flask, bob: Person, cycle: Cycle) -> None:
    older = make_measure(KPI, start_value=0, target_value=20)
    db.session.add(older)
    db.session.commit()
    objective = make_objective(bob, cycle)
    key_result = make_key_result(objective, bob, measure=older)
    save = presser(app, bob, f"/key-results/{key_result.id}/edit", "Save", title="Write posts")
    check(save, older.id, [objective.measure_id])


def test_an_objective_is_aligned(
    app: Flask, bob: Person, cycle: Cycle, objective: Objective
) -> None:
    below = make_objective(bob, cycle, "Be read")
    path = f"/objectives/{below.id}/edit"
    save = presser(app, bob, path, "Save", parent=str(objective.measure_id))
    check(save, objective.measure_id, [below.measure_id])


def test_an_aligned_objective_is_postponed(
    app: Flask, bob: Person, cycle: Cycle, objective: Objective
) -> None:
    make_cycle("Summer", date(2026, 5, 1), date(2026, 8, 8))
    objective.ends_on = date(2026, 8, 8)
    db.session.commit()
    below = make_objective(bob, cycle, "Be read", parent_measure_id=objective.measure_id)
    part = make_key_result(below, bob)
    postpone = presser(app, bob, f"/objectives/{below.id}/postpone", "Postpone")
    check(postpone, objective.measure_id, [below.measure_id, part.measure_id])


def test_the_lead_of_a_team_leaves(
    app: Flask, alice: Person, bob: Person, carol: Person, cycle: Cycle
) -> None:
    team = Team(name="Web", key="web", lead=bob)
    hidden = make_objective(carol, cycle, "Quiet", is_private=True, viewer_teams=[team])
    own = make_objective(bob, cycle)
    path = f"/admin/people/{bob.id}/deactivate"
    leave = presser(app, alice, path, "Deactivate", heir=str(carol.id))
    check(leave, hidden.measure_id, [own.measure_id])


def test_someone_is_taken_out_of_a_team(
    app: Flask, alice: Person, bob: Person, carol: Person, cycle: Cycle, objective: Objective
) -> None:
    team = Team(name="Web", key="web")
    make_key_result(objective, bob)
    hidden = make_objective(carol, cycle, "Quiet", is_private=True, viewer_teams=[team])
    db.session.add(TeamMember(team_id=team.id, person_id=bob.id))
    db.session.commit()
    browser = Client(app)
    browser.sign_in(alice)
    data = {"csrf_token": browser.token()}
    path = f"/teams/{team.id}/members/{bob.id}/remove"
    check(lambda: browser.send("POST", path, data=data), objective.measure_id, [hidden.measure_id])
