"""Signing in at a provider: the way there and back, and whose account opens."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts import openid_views
from app.accounts.models import PasswordLink, Person, PersonSession
from app.accounts.openid import admission
from app.accounts.openid.models import OpenIdReturn
from app.accounts.openid.pending import LIFE
from app.audit.models import AuditEntry
from app.db import db, utcnow
from tests.accounts.openid.conftest import is_signed_in, went_there
from tests.support.client import Client
from tests.support.openid import parameters
from tests.support.people import make_person


def test_the_first_time_binds_the_account_with_the_verified_email(
    client, provider, come_back, alice, bob
):
    answer = come_back()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Signs in with Acme." in client.page("/profile").text
    kept = db.session.get(Person, bob.id)
    assert (kept.oidc_issuer, kept.oidc_subject) == (provider.origin, "subject-of-bob")
    assert noted() == [
        ("person.bound", "Bob Brown", {"how": "OpenID Connect", "provider": provider.origin}),
        ("person.signed_in", "Bob Brown", {"how": "OpenID Connect"}),
    ]
    client.sign_in(alice)
    assert "signed in with OpenID Connect for the first time" in client.page("/admin/audit").text


def test_later_the_subject_counts_and_not_the_email(client, provider, come_back, bob, carol):
    come_back()
    client.sign_out()
    provider.person = {"sub": "subject-of-bob", "email": "carol@example.com"}
    assert come_back().headers["Location"] == "/"
    assert "bob@example.com" in client.page("/profile").text
    assert [action for action, *_ in noted()].count("person.bound") == 1


def test_the_email_is_compared_in_lower_case(client, provider, come_back, bob):
    provider.person["email"] = "Bob@Example.COM"
    assert come_back().status_code == 303


def test_the_email_may_come_from_the_userinfo_endpoint(client, provider, come_back, bob):
    provider.userinfo = provider.person
    assert come_back().status_code == 303
    assert provider.asked[-1] == "/userinfo"
    assert is_signed_in(client)


def test_what_the_userinfo_endpoint_says_of_someone_else_does_not_count(
    client, provider, come_back, bob
):
    provider.userinfo = provider.person | {"sub": "someone else"}
    client.see(come_back(), 502)
    assert not is_signed_in(client)


def test_the_sign_in_page_leads_there_by_a_link_and_back_to_the_page_that_was_wanted(
    client, provider, bob
):
    page = client.page("/login?next=/profile?tab%3Dname")
    answer = client.get(page.link("Sign in with Acme"))
    assert answer.headers["Location"].startswith(f"{provider.origin}/authorize?")
    answer = client.get(provider.sign_in(answer.headers["Location"]))
    assert answer.headers["Location"] == "/profile?tab=name"
    assert [node.tag for node in page.named("Sign in")] == ["button"]


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nothing_leads_off_the_site(client, come_back, bob, target):
    assert come_back(target).headers["Location"] == "/"


def test_a_target_too_long_for_the_cookie_is_left(client, come_back, bob):
    assert come_back("/profile?q=" + "x" * 300).headers["Location"] == "/"


def test_what_is_sent_there_is_new_each_time_and_holds_no_secret(client, provider, config, bob):
    first, second = (parameters(client.get("/login/openid").headers["Location"]) for _ in range(2))
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
    assert first["redirect_uri"] == "http://localhost/login/openid/callback"
    assert config.openid.client_secret not in str(first)
    assert "client_secret" not in first and "code_verifier" not in first


def test_what_is_remembered_meanwhile_can_not_be_read_in_the_cookie(client, provider, bob):
    sent = parameters(client.get("/login/openid").headers["Location"])
    with client.flask.session_transaction() as session:
        kept = str(dict(session))
    assert sent["state"] not in kept and sent["nonce"] not in kept and "verifier" not in kept


def test_several_tabs_may_be_on_their_way(client, provider, bob):
    paths = [went_there(client, provider) for _ in range(2)]
    assert client.get(paths[0]).headers["Location"] == "/"


def test_the_cookie_stays_small_however_many_are_begun(client, provider, bob):
    for number in range(5):
        client.get("/login/openid", query_string={"next": "/" + "x" * 290 + str(number)})
    assert len(client.flask.get_cookie("tally_session").value) < 4000


def test_the_session_is_renewed(client, provider, come_back, bob):
    with client.flask.session_transaction() as session:
        session["left_by_someone"] = "before"
    come_back()
    with client.flask.session_transaction() as session:
        assert "left_by_someone" not in session and "openid" not in session
    assert db.session.scalars(select(PersonSession.person_id)).all() == [bob.id]


def test_who_was_invited_needs_no_password_and_their_link_closes(client, provider, come_back, bob):
    eve = make_person("Eve Ernst", password_hash=None)
    link, token = PasswordLink.make(eve)
    db.session.add(link)
    db.session.commit()
    assert "sign in with Acme" in client.page(f"/welcome/{token}").text
    provider.person |= {"sub": "subject-of-eve", "email": "eve@example.com"}
    assert come_back().status_code == 303
    assert not db.session.get(Person, eve.id).is_invited
    client.page(f"/welcome/{token}", 404)


def test_someone_without_a_password_is_not_asked_for_it(client, provider, come_back, workspace):
    make_person("Bob Brown", password_hash=None)
    come_back()
    assert not client.page("/profile").named("Change password")


def test_the_way_there_is_spared_to_those_who_are_signed_in(client, bob):
    client.sign_in(bob)
    assert client.get("/login/openid?next=/profile").headers["Location"] == "/profile"


def test_before_the_set_up_there_is_nobody_to_sign_in(client):
    assert client.get("/login/openid").headers["Location"] == "/setup"


@pytest.mark.parametrize("is_verified", [False, None, "true", 1])
def test_an_email_that_is_not_verified_opens_nothing(client, provider, come_back, bob, is_verified):
    provider.person["email_verified"] = is_verified
    page = client.see(come_back(), 403)
    assert page.h1 == "Acme does not vouch for your email"
    assert not is_signed_in(client)
    assert noted() == [
        ("person.refused", "", {"how": "OpenID Connect", "reason": "no verified email"})
    ]


@pytest.mark.parametrize(
    "email",
    ["bo\u200bb@example.com", " bob@example.com", "bob@example.com\n", ["bob@example.com"], None],
)
def test_an_email_that_only_looks_alike_opens_nothing(client, provider, come_back, bob, email):
    provider.person["email"] = email
    client.see(come_back(), 403)
    assert not is_signed_in(client)


def test_a_letter_that_becomes_another_in_lower_case_opens_nothing(
    client, provider, come_back, workspace
):
    make_person("Kim King")
    provider.person["email"] = "\u212aim@example.com"
    client.see(come_back(), 403)
    assert not is_signed_in(client)


def test_nobody_gets_an_account_by_signing_in(client, provider, come_back, bob):
    provider.person["email"] = "stranger@example.com"
    page = client.see(come_back(), 403)
    assert page.h1 == "There is no account for you here"
    assert "Ask an admin for an account." in page.text
    assert db.session.scalars(select(Person.name)).all() == ["Bob Brown"]
    assert noted() == [
        ("person.refused", "", {"how": "OpenID Connect", "reason": "no account with the email"})
    ]


def test_a_closed_account_is_told_apart_by_nothing_but_the_log(client, provider, come_back, dave):
    provider.person |= {"email": "nobody@example.com"}
    stranger = client.see(come_back(), 403)
    provider.person |= {"email": "dave@example.com"}
    assert client.see(come_back(), 403).text == stranger.text
    assert not is_signed_in(client)
    assert noted()[-1] == (
        "person.refused",
        "Dave Dunn",
        {"how": "OpenID Connect", "reason": "the account is closed"},
    )
    assert db.session.get(Person, dave.id).oidc_subject is None


def test_an_account_that_was_bound_and_closed_stays_closed(client, provider, come_back, bob):
    come_back()
    client.sign_out()
    person = db.session.get(Person, bob.id)
    person.deactivate()
    db.session.commit()
    client.see(come_back(), 403)
    assert not is_signed_in(client)


@pytest.mark.both_databases
def test_another_subject_with_the_same_email_is_refused(client, provider, come_back, bob):
    come_back()
    client.sign_out()
    provider.person["sub"] = "whoever has the email now"
    page = client.see(come_back(), 403)
    assert page.h1 == "This account belongs to someone else at Acme"
    assert not is_signed_in(client)
    kept = db.session.get(Person, bob.id)
    assert kept.oidc_subject == "subject-of-bob"
    assert noted()[-1] == (
        "person.refused",
        "Bob Brown",
        {"how": "OpenID Connect", "reason": "the account is bound to someone else's sign-in"},
    )


def test_the_same_subject_of_another_provider_is_someone_else(client, provider, come_back, bob):
    person = db.session.get(Person, bob.id)
    person.oidc_issuer, person.oidc_subject = "https://old.example.com", "subject-of-bob"
    db.session.commit()
    client.see(come_back(), 403)


@pytest.mark.both_databases
def test_of_two_subjects_that_bind_at_once_one_is_let_in(app, provider, monkeypatch, bob):
    on_their_way = [(one, went_there(one, provider)) for one in (Client(app), Client(app))]
    both = Barrier(2)
    let_in = openid_views._let_in

    def meet(identity):
        subject = f"subject {both.wait(10)}"
        return let_in(replace(identity, subject=subject))

    monkeypatch.setattr(openid_views, "_let_in", meet)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: one[0].get(one[1]).status_code, on_their_way))
    assert sorted(answers) == [303, 403]
    assert db.session.scalars(select(PersonSession.person_id)).all() == [bob.id]
    assert [action for action, *_ in noted()].count("person.bound") == 1


@pytest.mark.both_databases
def test_a_subject_is_bound_to_one_account_alone(provider, bob, carol):
    for person in (bob, carol):
        kept = db.session.get(Person, person.id)
        kept.oidc_issuer, kept.oidc_subject = provider.origin, "the same"
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()


def test_a_subject_bound_elsewhere_meanwhile_ends_in_a_sentence(
    client, come_back, monkeypatch, bob
):
    def bind(person, identity):
        raise IntegrityError("update", {}, Exception("taken"))

    monkeypatch.setattr(admission, "_bind", bind)
    assert client.see(come_back(), 422).h1 == "This sign-in is over"
    assert not is_signed_in(client)


def test_an_admin_unbinds_so_that_a_new_subject_can_come_in(
    app, client, provider, come_back, alice, bob
):
    browser = Client(app)
    come_back(browser=browser)
    client.sign_in(alice)
    page = client.page(f"/admin/people/{bob.id}")
    page = client.follow(client.submit(page, "Unbind"))
    assert page.flashes == ["Bob Brown is signed out, and bound anew at the next sign-in."]
    assert not page.named("Unbind")
    assert not is_signed_in(browser)
    assert noted()[-1][0] == "person.unbound"
    provider.person["sub"] = "new subject"
    assert come_back(browser=browser).status_code == 303
    assert db.session.get(Person, bob.id).oidc_subject == "new subject"


def test_unbinding_takes_an_admin_a_token_and_something_to_unbind(client, alice, bob):
    path = f"/admin/people/{bob.id}/unbind"
    client.sign_in(bob)
    client.see(client.post(path), 403)
    client.sign_in(alice)
    client.see(client.send("POST", path), 400)
    assert client.get(path).status_code == 405
    assert "so nothing was changed" in client.follow(client.post(path)).flashes[0]
    client.see(client.post("/admin/people/999/unbind"), 404)


def test_used_sign_ins_are_forgotten_when_they_are_long_over(client, come_back, bob):
    db.session.add(OpenIdReturn(state_hash="old", used_at=utcnow() - 3 * LIFE))
    db.session.commit()
    come_back()
    kept = db.session.scalars(select(OpenIdReturn.state_hash)).all()
    assert len(kept) == 1 and kept != ["old"]


def noted():
    db.session.rollback()
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(one.action, one.actor_name or one.thing_name, one.detail) for one in entries]
