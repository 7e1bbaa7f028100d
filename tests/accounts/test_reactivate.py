"""Opening an account again, to whoever gets the new link and to nobody else."""

from sqlalchemy import select

from app.accounts.models import PasswordLink, Person
from app.audit.models import AuditEntry
from app.db import db
from tests.support.people import PASSWORD


def reactivate(client, person):
    return client.submit(client.page(f"/admin/people/{person.id}"), "Reactivate")


def test_the_account_is_open_to_whoever_gets_the_new_link(client, alice, dave):
    client.sign_in(alice)
    page = client.see(reactivate(client, dave))
    path = page.field("Link to choose a password")["value"].removeprefix("http://localhost")
    assert "Invited" in client.page("/admin/people").one(f"#person-{dave.id}").text
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.thing_id) == ("person.reactivated", dave.id)

    client.sign_out()
    typed = {"email": "dave@example.com", "password": PASSWORD}
    client.see(client.post("/login", typed), 422)
    client.follow(client.post(path, {"password": "a whole new password"}))
    assert client.page("/profile").field("Name").value == "Dave Dunn"


def test_links_from_before_stay_closed(client, alice, dave):
    link, token = PasswordLink.make(db.session.get(Person, dave.id))
    db.session.add(link)
    db.session.commit()
    client.sign_in(alice)
    reactivate(client, dave)
    client.sign_out()
    client.page(f"/welcome/{token}", 404)


def test_an_open_account_is_left_alone(client, alice, bob):
    client.sign_in(alice)
    page = client.follow(client.post(f"/admin/people/{bob.id}/reactivate"))
    assert page.flashes == ["Bob Brown is active already."]
    assert db.session.get(Person, bob.id).has_password(PASSWORD)
