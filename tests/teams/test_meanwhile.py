"""Two change teams at the same moment: one waits for the other.

On PostgreSQL, where two transactions may be under way at once.
"""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.accounts import role_views
from app.accounts.models import OBSERVER, Person
from app.db import db
from app.teams import views
from app.teams.models import Team
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause
from tests.support.people import make_person
from tests.teams.making import make_team

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def saver(app: Flask, admin: Person, path: str, **typed: str) -> Callable[[], TestResponse]:
    browser = Client(app)
    browser.sign_in(admin)
    page = browser.page(path)
    return lambda: browser.submit(page, "Save", typed)


def test_two_teams_never_become_part_of_each_other(
    app: Flask, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_person("Anna Arndt", "admin")
    first, second = make_team("First"), make_team("Second")
    early = saver(app, alice, f"/teams/{first.id}/edit", parent=str(second.id))
    late = saver(app, other, f"/teams/{second.id}/edit", parent=str(first.id))
    holds = pause(monkeypatch, views, "team_form")
    saved, refused = one_after_the_other(early, holds, late)
    assert (saved.status_code, refused.status_code) == (303, 422)
    assert "it is part of this team" in refused.text
    db.session.remove()
    parents = [db.session.get_one(Team, one.id).parent_id for one in (first, second)]
    assert parents == [second.id, None]


def test_whoever_has_just_become_an_observer_leads_nothing(
    app: Flask, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_person("Anna Arndt", "admin")
    team = make_team()
    late = saver(app, other, f"/teams/{team.id}/edit", lead=str(bob.id))
    browser = Client(app)
    browser.sign_in(alice)
    typed = {"role": OBSERVER, "csrf_token": browser.token()}
    changes = pause(monkeypatch, role_views, "hold_person")
    path = f"/admin/people/{bob.id}/role"
    changed, refused = one_after_the_other(
        lambda: browser.send("POST", path, data=typed), changes, late
    )
    assert (changed.status_code, refused.status_code) == (303, 422)
    assert "Choose one from the list." in refused.text
    db.session.remove()
    assert db.session.get_one(Team, team.id).lead_id is None
