"""Nobody has to wait for the check of a password or for Redis: no lock is held meanwhile."""

import sqlite3

import pytest
from argon2 import PasswordHasher
from limits.strategies import MovingWindowRateLimiter

from app.accounts.models import PasswordLink
from app.db import db
from tests.support.people import PASSWORD, make_person

# PostgreSQL holds up nobody who writes other rows.
pytestmark = [
    pytest.mark.own_app,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

NEW = "a whole new password"


@pytest.fixture
def blocked(app, database_url, monkeypatch):
    """The slow steps that were taken, each with whether another writer would have had to wait."""
    path, told = database_url.removeprefix("sqlite:///"), []

    def watch(thing, name):
        original = getattr(thing, name)

        def watched(*values, **options):
            told.append((name, _is_blocked(path)))
            return original(*values, **options)

        monkeypatch.setattr(thing, name, watched)

    watch(PasswordHasher, "verify")
    watch(PasswordHasher, "hash")
    watch(MovingWindowRateLimiter, "test")
    watch(MovingWindowRateLimiter, "hit")
    return told


def _is_blocked(path):
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    finally:
        other.close()
    return False


def steps(told):
    assert [name for name, is_blocked in told if is_blocked] == []
    return {name for name, _ in told}


@pytest.mark.parametrize(
    ("password", "taken"), [(PASSWORD, {"verify", "hash"}), ("wrong", {"verify", "hit"})]
)
def test_changing_ones_password(client, bob, blocked, password, taken):
    client.sign_in(bob)
    client.post("/profile/password", {"current_password": password, "new_password": NEW})
    assert steps(blocked) == {"test"} | taken


@pytest.mark.parametrize(
    ("password", "taken"), [(PASSWORD, {"verify"}), ("wrong", {"verify", "hit"})]
)
def test_signing_in(client, bob, blocked, password, taken):
    client.post("/login", {"email": bob.email, "password": password})
    assert steps(blocked) == {"test"} | taken


def test_choosing_a_password(client, workspace, blocked):
    link, token = PasswordLink.make(make_person("Eve Ende", password_hash=None))
    db.session.add(link)
    db.session.commit()
    client.follow(client.post(f"/welcome/{token}", {"password": NEW}))
    assert steps(blocked) == {"test", "hash"}
