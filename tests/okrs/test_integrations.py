"""Admin, Integrations: enabling and disabling."""

from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.integrations import (
    add_integration,
    all_integrations,
    enabled_integrations,
    is_enabled,
    switch,
)
from tests.okrs.abacus import Abacus
from tests.support.client import Client

PLACE = "/admin/integrations"


def test_an_admin_enables_and_disables(client: Client, alice: Person, abacus: Abacus) -> None:
    switch("abacus", False, alice)
    db.session.commit()
    client.sign_in(alice)
    page = client.page(PLACE)
    assert "Counts beads." in page.text
    assert not page.named("Disable")
    page = client.follow(client.submit(page, "Enable"))
    assert page.flashes == ["Abacus enabled. Go on with “Manage”."]
    assert page.link("Manage") == f"{PLACE}/abacus"
    assert not page.named("Enable")
    assert "Disabling pauses all its syncs and says so on every item." in page.text
    assert client.post(f"{PLACE}/abacus/enable").status_code == 303  # again: nothing changes
    page = client.follow(client.submit(client.page(PLACE), "Disable"))
    assert "every value stays" in page.flashes[0]
    db.session.remove()
    assert not is_enabled("abacus")
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    told = [(one.actor_id, one.action, one.thing_name) for one in entries]
    assert told == [
        (alice.id, "integration.enabled", "Abacus"),
        (alice.id, "integration.disabled", "Abacus"),
    ]


def test_members_may_not(client: Client, bob: Person, abacus: Abacus) -> None:
    client.sign_in(bob)
    assert client.get(PLACE).status_code == 403
    for action in ("enable", "disable"):
        assert client.post(f"{PLACE}/abacus/{action}").status_code == 403
    client.sign_out()
    assert client.post(f"{PLACE}/abacus/disable").headers["Location"].startswith("/login")
    db.session.remove()
    assert is_enabled("abacus")


def test_only_what_is_installed(client: Client, alice: Person, abacus: Abacus) -> None:
    client.sign_in(alice)
    assert client.post(f"{PLACE}/monday/enable").status_code == 404
    assert client.get(f"{PLACE}/abacus/enable").status_code == 405


def test_an_integration_adds_itself_once(abacus: Abacus) -> None:
    add_integration(Abacus())
    assert all_integrations() == [abacus]
    assert enabled_integrations() == [abacus]
