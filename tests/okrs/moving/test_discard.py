"""Throwing away a file that was sent, and doing so at the moment in which it comes in."""

import pytest

from app.okrs.models import Objective
from app.okrs.moving import import_views
from app.okrs.moving.models import Import
from app.okrs.moving.so_far import SoFar
from tests.okrs.items import count_of, only
from tests.okrs.moving.files import OBJECTIVE, answer_all, begin, csv_file
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def ready(app, admin):
    """A file that may be imported, and a press of the button of this name for it."""
    browser = Client(app)
    browser.sign_in(admin)
    number = begin(browser, csv_file([OBJECTIVE]))
    answer_all(browser, number)

    def press(name):
        another = Client(app)
        another.sign_in(admin)
        data = {"csrf_token": another.token()}
        return lambda: another.send("POST", f"/admin/imports/{number}/{name}", data=data)

    return number, press


@ON_POSTGRESQL
def test_what_is_coming_in_is_not_thrown_away(app, alice, bob, monkeypatch):
    number, press = ready(app, alice)
    runs = pause(monkeypatch, import_views, "_held")
    ran, discarded = one_after_the_other(press("run"), runs, press("discard"))
    assert (ran.status_code, discarded.status_code) == (303, 303)
    assert discarded.headers["Location"] == f"/admin/imports/{number}"
    assert only(Import).outcome["new"] == count_of(Objective) == 1


@ON_POSTGRESQL
@pytest.mark.parametrize("late", ["run", "discard"])
def test_what_was_just_thrown_away_is_not_there_any_more(app, alice, bob, monkeypatch, late):
    _, press = ready(app, alice)
    holds = pause(monkeypatch, import_views, "_held")
    discarded, second = one_after_the_other(press("discard"), holds, press(late))
    assert (discarded.status_code, second.status_code) == (303, 404)
    assert count_of(Import) == count_of(Objective) == 0


@ON_POSTGRESQL
def test_what_was_just_thrown_away_is_not_answered_for(app, alice, bob, monkeypatch):
    number, press = ready(app, alice)
    browser = Client(app)
    browser.sign_in(alice)
    page = browser.page(f"/admin/imports/{number}")
    holds = pause(monkeypatch, import_views, "_held")
    _, answered = one_after_the_other(
        press("discard"), holds, lambda: browser.submit(page, "Look at the rows")
    )
    assert answered.status_code == 404


def test_while_it_comes_in_it_can_t_be_thrown_away(app, client, alice, bob, kept):
    number, press = ready(app, alice)
    SoFar(number, 1)
    client.sign_in(alice)
    page = client.follow(client.post(f"/admin/imports/{number}/discard"))
    assert page.flashes == ["The file is being imported just now, so it can't be thrown away."]
    assert count_of(Import) == 1


def test_what_came_in_meanwhile_is_not_thrown_away(app, client, alice, bob):
    number, press = ready(app, alice)
    assert press("run")().status_code == 303
    client.sign_in(alice)
    page = client.follow(client.post(f"/admin/imports/{number}/discard"))
    assert page.flashes == [
        "The file was imported meanwhile, so there is nothing left to throw away."
    ]
    assert count_of(Import) == 1
