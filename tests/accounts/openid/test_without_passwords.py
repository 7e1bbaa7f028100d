"""LOCAL_PASSWORDS=off: the provider is the only way in, and passwords are nowhere."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app import create_app
from app.accounts.commands import create_admin
from app.accounts.models import ADMIN, PasswordLink, Person, PersonSession
from app.audit.models import AuditEntry
from app.db import db
from tests.accounts.openid.conftest import is_signed_in
from tests.support.client import Client
from tests.support.people import PASSWORD, make_person


@pytest.fixture
def has_passwords():
    return False


def test_the_sign_in_page_has_the_provider_and_no_form(client, provider, bob):
    page = client.page("/login?next=/profile")
    assert page.link("Sign in with Acme") == "/login/openid?next=/profile"
    assert not page.forms and not page.named("Forgot your password?")
    answer = client.post("/login", {"email": "bob@example.com", "password": PASSWORD})
    client.see(answer, 404)
    assert db.session.scalars(select(PersonSession)).all() == []


def test_there_is_no_view_about_passwords(client, alice, bob):
    link, token = PasswordLink.make(bob)
    db.session.add(link)
    db.session.commit()
    new = {"password": "a brand new passphrase"}
    client.page("/forgot-password", 404)
    client.see(client.post("/forgot-password", {"email": "bob@example.com"}), 404)
    client.page(f"/welcome/{token}", 404)
    client.see(client.post(f"/welcome/{token}", new), 404)
    client.sign_in(alice)
    changed = {"current_password": PASSWORD, "new_password": new["password"]}
    client.see(client.post("/profile/password", changed), 404)
    client.see(client.post(f"/admin/people/{bob.id}/link"), 404)
    assert db.session.get(Person, alice.id).has_password(PASSWORD)
    assert db.session.get(PasswordLink, link.id).used_at is None


def test_no_page_speaks_of_passwords(client, alice, bob, dave):
    make_person("Eve Ernst", password_hash=None)
    client.sign_in(alice)
    for path in (
        "/profile",
        "/admin/people",
        *(f"/admin/people/{one.id}" for one in (alice, bob, dave)),
    ):
        assert "password" not in client.page(path).text.lower(), path
    row = client.page("/admin/people").one(f"#person-{person('eve@example.com').id}")
    assert "Has yet to sign in" in row.text


def test_the_set_up_asks_for_no_password_and_the_admin_comes_in_by_the_provider(
    client, provider, come_back
):
    page = client.page("/setup")
    assert "password" not in page.text.lower()
    typed = {"name": "Bob", "email": "bob@example.com", "workspace_name": "Acme OKRs"}
    answer = client.submit(page, "Set up", typed | {"password": "typed all the same"})
    page = client.follow(answer)
    assert page.flashes == ["Tally is set up. Sign in with Acme, as bob@example.com."]
    assert not is_signed_in(client)
    assert person("bob@example.com").password_hash is None
    provider.person["email"] = "stranger@example.com"
    client.see(come_back(), 403)
    provider.person["email"] = "bob@example.com"
    come_back()
    client.page("/admin/people")


def test_who_is_invited_comes_in_by_the_provider(client, provider, come_back, alice):
    client.sign_in(alice)
    eve = {"name": "Eve Ernst", "email": "Eve@example.com", "role": "observer"}
    page = client.follow(client.submit(client.page("/admin/people"), "Invite", eve))
    assert page.flashes == ["Eve Ernst can sign in with Acme, as eve@example.com."]
    assert db.session.scalars(select(PasswordLink)).all() == []
    provider.person |= {"sub": "subject-of-eve", "email": "eve@example.com"}
    client.sign_out()
    come_back()
    assert "eve@example.com, observer. Signs in with Acme." in client.page("/profile").text


def test_an_account_that_is_opened_again_needs_no_link(client, provider, come_back, alice, dave):
    client.sign_in(alice)
    page = client.page(f"/admin/people/{dave.id}")
    page = client.follow(client.submit(page, "Reactivate"))
    assert page.flashes == ["Dave Dunn can sign in with Acme, as dave@example.com."]
    client.sign_out()
    provider.person["email"] = "dave@example.com"
    assert come_back().status_code == 303


def test_an_admin_with_a_password_alone_counts_for_none(client, provider, come_back, alice):
    """With passwords turned off, they could not come in."""
    make_person("Bob Brown", ADMIN)
    come_back()
    bob = person("bob@example.com")
    typed = {"role": "member", "is_sure": "y"}
    answer = client.post(f"/admin/people/{bob.id}/role", typed)
    assert "Nobody else can sign in as an admin." in client.see(answer, 422).text
    kept = db.session.get(Person, alice.id)
    kept.oidc_issuer, kept.oidc_subject = provider.origin, "subject-of-alice"
    db.session.commit()
    assert client.post(f"/admin/people/{bob.id}/role", typed).status_code == 303


def test_passwords_work_again_once_they_are_turned_on(client, config, bob):
    db.session.remove()
    db.engine.dispose()
    browser = Client(create_app(replace(config, has_passwords=True)))
    page = browser.page("/login")
    browser.submit(page, "Sign in", {"email": "bob@example.com", "password": PASSWORD})
    assert is_signed_in(browser)


@pytest.fixture
def run(app, monkeypatch):
    monkeypatch.setattr("app.accounts.commands.upgrade", lambda _url: None)

    def run(*arguments):
        db.session.remove()
        return app.test_cli_runner().invoke(create_admin, arguments)

    return run


def test_an_admin_is_created_without_a_password_and_comes_in(run, client, come_back):
    result = run("bob@example.com", "--name", "Bob Brown")
    assert (result.exit_code, result.output) == (
        0,
        "bob@example.com can sign in with Acme as an admin now.\n",
    )
    come_back()
    client.page("/admin/people")
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["admin.created", "person.bound", "person.signed_in"]


def test_an_admin_with_a_password_is_not_created(run, bob):
    for how in (["--password", "nine lives and one"], ["--password-stdin"]):
        result = run("anna@example.com", "--name", "Anna", *how)
        assert result.exit_code == 1
        assert "Passwords are turned off" in result.output
    assert person("anna@example.com") is None


def person(email):
    db.session.rollback()
    return db.session.scalar(select(Person).where(Person.email == email))
