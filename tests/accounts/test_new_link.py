"""A new link to choose a password, handed out by an admin."""

from sqlalchemy import func, select

from app.accounts.models import PasswordLink
from app.audit.models import AuditEntry
from app.db import db


def new_link(client, person):
    return client.submit(client.page(f"/admin/people/{person.id}"), "New link")


def path_on(page):
    return page.field("Link to choose a password")["value"].removeprefix("http://localhost")


def test_a_new_link_takes_the_place_of_earlier_ones(client, alice, bob):
    client.sign_in(alice)
    first = path_on(client.see(new_link(client, bob)))
    second = path_on(client.see(new_link(client, bob)))
    assert first != second
    assert "link open until" in client.page("/admin/people").one(f"#person-{bob.id}").text
    client.sign_out()
    client.page(first, 404)
    client.page(second)
    entries = db.session.scalars(select(AuditEntry)).all()
    assert [(one.action, one.thing_id) for one in entries] == [("password.link_made", bob.id)] * 2


def test_a_closed_account_gets_no_link(client, alice, dave):
    client.sign_in(alice)
    page = client.follow(client.post(f"/admin/people/{dave.id}/link"))
    assert page.flashes == ["Dave Dunn is deactivated, so a link would not let them in."]
    assert db.session.scalar(select(func.count(PasswordLink.id))) == 0


def test_a_link_for_no_one_is_not_found(client, alice):
    client.sign_in(alice)
    client.see(client.post("/admin/people/999/link"), 404)
    client.see(client.post("/admin/people/x/link"), 404)
