"""Someone opens their link at the moment in which an admin takes it back: one waits for the other.

On PostgreSQL, where two transactions may be under way at once.
"""

import pytest
from sqlalchemy import select

from app.accounts import people_views, role_views, views
from app.accounts.models import PasswordLink, Person
from app.db import db
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

NEW, ERIN = "a fresh new password", "erin@example.com"


@pytest.fixture
def erin(workspace) -> Person:
    """Invited, and yet to come in."""
    person = Person(name="Erin Ely", email=ERIN)
    db.session.add(person)
    db.session.commit()
    return person


def opener(app, person):
    """Someone who has opened their link and typed a password."""
    link, token = PasswordLink.make(person)
    db.session.add(link)
    db.session.commit()
    browser = Client(app)
    page = browser.page(f"/welcome/{token}")
    return lambda: browser.submit(page, "Set password", {"password": NEW})


def presser(app, admin, path):
    browser = Client(app)
    browser.sign_in(admin)
    typed = {"csrf_token": browser.token()}
    return lambda: browser.send("POST", path, data=typed)


@pytest.mark.parametrize(
    "views, action", [(role_views, "deactivate"), (people_views, "withdraw-invitation")]
)
def test_a_link_that_is_being_taken_back_lets_nobody_in(
    app, alice, erin, monkeypatch, views, action
):
    come = opener(app, erin)
    take_back = presser(app, alice, f"/admin/people/{erin.id}/{action}")
    holds = pause(monkeypatch, views, "hold_person")
    taken, came = one_after_the_other(take_back, holds, come)
    assert (taken.status_code, came.status_code) == (303, 404)
    assert activity() == ([False] if action == "deactivate" else [])


def test_whoever_came_in_first_is_deactivated_after_that(app, alice, erin, monkeypatch):
    come = opener(app, erin)
    take_back = presser(app, alice, f"/admin/people/{erin.id}/deactivate")
    came_in = pause(monkeypatch, views, "use_link")
    came, taken = one_after_the_other(come, came_in, take_back)
    assert (came.status_code, taken.status_code) == (303, 303)
    assert activity() == [False]


def test_whoever_came_in_first_is_no_invitation_any_more(app, alice, erin, monkeypatch):
    come = opener(app, erin)
    take_back = presser(app, alice, f"/admin/people/{erin.id}/withdraw-invitation")
    came_in = pause(monkeypatch, views, "use_link")
    came, taken = one_after_the_other(come, came_in, take_back)
    assert (came.status_code, taken.status_code) == (303, 303)
    assert activity() == [True]


def activity():
    """Whether each account with Erin's email is active."""
    db.session.remove()
    return db.session.scalars(select(Person.is_active).where(Person.email == ERIN)).all()
