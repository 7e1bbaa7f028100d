"""What was linked elsewhere says so, and is linked anew with what it counted by."""

import pytest
from sqlalchemy import update

from app.accounts.models import OBSERVER
from app.db import db, utcnow
from app.okrs import holding
from app.okrs.integrations import switch
from app.okrs.models import ItemOwner, KeyResult, Source
from app.okrs.moving import waiting_views
from app.okrs.moving.models import WaitingSource
from tests.okrs.items import changes_of, count_of, make_key_result, make_measure
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause
from tests.support.people import make_person
from tests.support.sql import count_statements

TOLD = "This was linked to the abacus with 7 beads where it comes from."


@pytest.fixture
def waiting(abacus, bob, objective):
    part = make_key_result(objective, bob, measure=make_measure("percent", value=30))
    db.session.add(
        WaitingSource(measure_id=part.measure_id, integration="abacus", definition={"beads": "7"})
    )
    db.session.commit()
    return part


def test_the_page_and_the_home_of_its_owner_say_so(client, bob, carol, waiting):
    client.sign_in(bob)
    assert TOLD in client.page(f"/key-results/{waiting.id}").one("#waiting").text
    assert "“Publish posts” was linked to the abacus with 7 beads" in client.page("/").text
    client.sign_in(carol)
    page = client.page(f"/key-results/{waiting.id}")
    assert TOLD in page.text
    assert not page.all("#waiting .button")
    assert "was linked to" not in client.page("/").text


def test_further_owners_are_told_too(client, carol, objective, waiting):
    client.sign_in(carol)
    db.session.add(ItemOwner(measure_id=objective.measure_id, person_id=carol.id))
    db.session.commit()
    assert "was linked to" not in client.page("/").text
    db.session.add(ItemOwner(measure_id=waiting.measure_id, person_id=carol.id))
    db.session.commit()
    assert "“Publish posts” was linked to the abacus with 7 beads" in client.page("/").text


def test_it_is_linked_anew_with_what_it_counted_by(client, bob, waiting):
    client.sign_in(bob)
    link = client.page(f"/key-results/{waiting.id}").one("#waiting a")
    page = client.page(link["href"].partition("#")[0])
    assert page.one("#beads")["value"] == "7"
    client.follow(client.submit(page, "Save"))
    assert count_of(WaitingSource) == 0
    assert not client.page(f"/key-results/{waiting.id}").all("#waiting")
    assert count_of(Source) == 1


def test_its_form_links_nothing_by_itself(client, bob, waiting):
    client.sign_in(bob)
    page = client.page(f"/key-results/{waiting.id}/edit")
    assert not page.all("#beads")
    client.follow(client.submit(page, "Save", {"title": "Better"}))
    assert count_of(WaitingSource) == 1


def test_while_the_integration_is_disabled_it_says_so_instead(client, alice, bob, waiting):
    switch("abacus", False, alice)
    db.session.commit()
    client.sign_in(bob)
    note = client.page(f"/key-results/{waiting.id}").one("#waiting")
    assert "Abacus has to be enabled first. Ask an admin." in note.text
    assert not note.all("a")
    home = client.page("/")
    assert "Abacus has to be enabled here before it counts again." in home.text
    client.sign_in(alice)
    note = client.page(f"/key-results/{waiting.id}").one("#waiting")
    assert note.one("a")["href"] == "/admin/integrations"


def test_it_can_be_kept_by_hand(client, bob, carol, waiting):
    path = f"/measures/{waiting.measure_id}/keep-by-hand"
    for other in (carol, make_person("Olga Olsen", OBSERVER)):
        client.sign_in(other)
        assert client.post(path).status_code == 403
    client.sign_in(bob)
    client.follow(client.submit(client.page(f"/key-results/{waiting.id}"), "Keep it by hand"))
    assert count_of(WaitingSource) == 0
    assert changes_of(waiting.measure_id)[-1] == ("source", "the abacus with 7 beads", "")
    client.follow(client.post(path))


def test_what_is_deleted_meanwhile_is_not_kept_by_hand(client, bob, waiting, monkeypatch):
    hold_all = holding.hold_all
    deleting = update(KeyResult).where(KeyResult.id == waiting.id).values(deleted_at=utcnow())

    def deleted_by_another(measures):
        db.session.execute(deleting.execution_options(synchronize_session=False))
        hold_all(measures)

    monkeypatch.setattr(holding, "hold_all", deleted_by_another)
    client.sign_in(bob)
    assert client.post(f"/measures/{waiting.measure_id}/keep-by-hand").status_code == 404
    assert count_of(WaitingSource) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_presses_at_once_keep_it_by_hand_once(app, bob, waiting, monkeypatch):
    browser = Client(app)
    browser.sign_in(bob)

    def press():
        return browser.post(f"/measures/{waiting.measure_id}/keep-by-hand")

    forgets = pause(monkeypatch, waiting_views, "forget")
    early, late = one_after_the_other(press, forgets, press)
    assert (early.status_code, late.status_code) == (303, 303)
    db.session.remove()
    assert len(changes_of(waiting.measure_id)) == 1


def test_many_that_wait_are_one_need(client, bob, objective, waiting):
    def wait(count):
        for _ in range(count):
            part = make_key_result(objective, bob)
            one = WaitingSource(measure_id=part.measure_id, integration="abacus")
            one.definition = {"beads": "1"}
            db.session.add(one)
        db.session.commit()

    client.sign_in(bob)
    wait(4)
    page = client.page("/")
    assert "5 of your items wait for a connection" in page.text
    with count_statements() as few:
        client.page("/")
    wait(20)
    client.page("/")
    with count_statements() as many:
        client.page("/")
    assert len(many) == len(few)
