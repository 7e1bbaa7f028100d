"""Someone leaves at the moment in which something is saved: one waits for the other, never both.

On PostgreSQL, where two transactions may be under way at once.
"""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts import role_views
from app.db import db
from app.okrs import saving
from app.okrs.models import CheckIn, Objective
from tests.okrs.items import count_of, make_objective
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def saver(app, person, path, **changes) -> Callable[[], TestResponse]:
    """Someone who has the form open and typed something."""
    browser = Client(app)
    browser.sign_in(person)
    page = browser.page(path)
    return lambda: browser.submit(page, "Save", changes)


def leaver(app, admin, person, heir) -> Callable[[], TestResponse]:
    browser = Client(app)
    browser.sign_in(admin)
    typed = {"heir": heir.id, "csrf_token": browser.token()}
    path = f"/admin/people/{person.id}/deactivate"
    return lambda: browser.send("POST", path, data=typed)


def owners():
    db.session.remove()
    return {one.title: one.owner.name for one in db.session.scalars(select(Objective))}


def test_what_is_being_saved_is_handed_over_after_that(
    app, alice, bob, carol, objective, monkeypatch
):
    save = saver(app, bob, f"/objectives/{objective.id}/edit", title="Everyone finds us")
    leave = leaver(app, alice, bob, carol)
    holds = pause(monkeypatch, saving, "hold_item")
    saved, left = one_after_the_other(save, holds, leave)
    assert (saved.status_code, left.status_code) == (303, 303)
    assert owners() == {"Everyone finds us": "Carol Clark"}


def test_whoever_has_just_left_saves_nothing(app, alice, bob, carol, objective, monkeypatch):
    save = saver(app, bob, f"/objectives/{objective.id}/edit", title="Everyone finds us")
    leave = leaver(app, alice, bob, carol)
    leaves = pause(monkeypatch, role_views, "hold_person")
    left, saved = one_after_the_other(leave, leaves, save)
    assert (left.status_code, saved.status_code) == (303, 302)
    assert saved.headers["Location"].startswith("/login")
    assert owners() == {"People find us": "Carol Clark"}


@pytest.mark.parametrize("path", ["/objectives/new", "/objectives/{}/edit"])
def test_whoever_has_just_left_becomes_owner_of_nothing(
    app, alice, bob, carol, cycle, monkeypatch, path
):
    taken = make_objective(carol, cycle, "Readers stay")
    given = make_objective(bob, cycle, "People find us")
    save = saver(app, alice, path.format(taken.id), title="Everyone finds us", owner=bob.id)
    leave = leaver(app, alice, bob, carol)
    leaves = pause(monkeypatch, role_views, "hold_person")
    left, saved = one_after_the_other(leave, leaves, save)
    assert (left.status_code, saved.status_code) == (303, 422)
    assert owners() == {given.title: "Carol Clark", taken.title: "Carol Clark"}


def test_whoever_has_just_left_checks_in_nothing(app, alice, bob, carol, key_result, monkeypatch):
    check_in = saver(app, bob, f"/key-results/{key_result.id}/check-in", value="7")
    leave = leaver(app, alice, bob, carol)
    leaves = pause(monkeypatch, role_views, "hold_person")
    left, checked_in = one_after_the_other(leave, leaves, check_in)
    assert (left.status_code, checked_in.status_code) == (303, 302)
    assert count_of(CheckIn) == 0
