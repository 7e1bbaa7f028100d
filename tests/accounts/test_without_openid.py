"""Without the settings for OpenID Connect there is no trace of it."""

from app.accounts.models import Person
from app.db import db


def test_nothing_leads_to_a_provider(client, bob):
    page = client.page("/login")
    assert [node.text for node in page.all("main a")] == ["Forgot your password?"]
    for path in ("/login/openid", "/login/openid/callback?code=x&state=y"):
        client.page(path, 404)


def test_who_once_signed_in_with_a_provider_is_not_said_to(client, alice, bob):
    kept = db.session.get(Person, alice.id)
    kept.oidc_issuer, kept.oidc_subject = "https://login.example.com", "alice"
    db.session.commit()
    client.sign_in(alice)
    assert "Signs in with" not in client.page("/profile").text
    assert not client.page(f"/admin/people/{alice.id}").named("Unbind")


def test_an_admin_who_could_come_in_by_a_provider_alone_is_no_other_admin(client, alice):
    other = Person(name="Ada", email="ada@example.com", role="admin")
    other.oidc_issuer, other.oidc_subject = "https://login.example.com", "ada"
    db.session.add(other)
    db.session.commit()
    client.sign_in(alice)
    answer = client.post(f"/admin/people/{alice.id}/role", {"role": "member", "is_sure": "y"})
    assert "Nobody else can sign in as an admin." in client.see(answer, 422).text
