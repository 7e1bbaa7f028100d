"""`flask --app app rekey`: every stored secret encrypted anew, with the newest key."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select

from app import rekeying
from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.config import Config
from app.db import Model, db, utcnow
from app.mail.models import OutgoingMail
from app.trello import outcomes
from app.trello.failures import TokenRefused
from app.trello.models import Connection, PendingSignIn, TrelloApp
from app.vault import ENCRYPTED, SecretUnreadable, decrypt, encrypt
from tests.trello.linked import KEY, SECRET, make_connection

NEW_KEY = Fernet.generate_key().decode()


@pytest.fixture
def connection(app: Flask, alice: Person) -> Connection:
    """One of each stored secret, under the key of the tests."""
    with app.app_context():
        connection = make_connection(alice)
        soon, long_ago = utcnow() + timedelta(minutes=5), utcnow() - timedelta(days=2)
        db.session.add_all(
            [
                OutgoingMail(
                    person_id=alice.id,
                    kind="reset",
                    content_encrypted=encrypt("A link"),
                    try_count=0,
                ),
                OutgoingMail(person_id=alice.id, kind="reset", content_encrypted=None, try_count=0),
                PendingSignIn(key="now", value_encrypted=encrypt("pending"), expires_at=soon),
                PendingSignIn(key="used", value_encrypted="", expires_at=soon),
                PendingSignIn(key="old", value_encrypted=encrypt("past"), expires_at=long_ago),
            ]
        )
        db.session.commit()
        db.session.remove()
        return connection


def use_keys(app: Flask, *keys: str) -> None:
    config: Config = app.extensions["tally_config"]
    app.extensions["tally_config"] = replace(config, encryption_keys=keys)


def old_key(app: Flask) -> str:
    config: Config = app.extensions["tally_config"]
    return config.encryption_keys[-1]


def run(app: Flask) -> Result:
    return app.test_cli_runner().invoke(args=["rekey"])


def stored(app: Flask) -> dict[str, str]:
    """Every stored secret, by where it is."""
    with app.app_context():
        db.session.remove()
        return {
            f"{table.name}.{column.name} {row[0]}": row[1]
            for table in Model.metadata.sorted_tables
            for column in table.columns
            if column.name.endswith(ENCRYPTED)
            for row in db.session.execute(select(*table.primary_key, column))
            if row[1]
        }


def test_no_encrypted_column_is_forgotten():
    columns = {
        str(column)
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith(ENCRYPTED)
    }
    kept = {str(column) for secrets in rekeying.ALL_SECRETS for column in secrets.columns}
    assert columns == kept, "add it to the stored_secrets.py of its package"
    assert "trello_connection.token_secret_encrypted" in kept


@pytest.mark.both_databases
def test_all_secrets_are_under_the_newest_key(app: Flask, connection: Connection) -> None:
    before = stored(app)
    use_keys(app, NEW_KEY, old_key(app))
    done = run(app)
    assert done.exit_code == 0, done.output
    assert "1 sign-ins of connections encrypted anew.\n" in done.stdout
    assert "1 mails that wait encrypted anew.\n" in done.stdout
    assert "take them out of ENCRYPTION_KEY" in done.stdout
    use_keys(app, NEW_KEY)
    after = stored(app)
    assert "trello_pending_sign_in.value_encrypted old" not in after
    assert after.keys() == before.keys() - {"trello_pending_sign_in.value_encrypted old"}
    with app.app_context():
        read = {place: decrypt(secret) for place, secret in after.items()}
        assert db.session.get_one(PendingSignIn, "used").value_encrypted == ""
    assert sorted(read.values()) == sorted(
        [KEY, SECRET, "token", "token-secret", "A link", "pending"]
    )


def test_no_secret_is_printed_and_the_audit_log_holds_the_count(
    app: Flask, connection: Connection
) -> None:
    use_keys(app, NEW_KEY, old_key(app))
    said = run(app).output
    for secret in (KEY, SECRET, "token-secret", NEW_KEY, old_key(app), *stored(app).values()):
        assert secret not in said
    with app.app_context():
        [entry] = db.session.scalars(
            select(AuditEntry).where(AuditEntry.action == "secrets.rekeyed")
        )
        assert entry.actor_name == "command line"
        assert entry.detail == {"encrypted": 4, "unreadable": 0}


def test_with_one_key_alone_nothing_is_said_of_older_ones(
    app: Flask, connection: Connection
) -> None:
    before = stored(app)
    done = run(app)
    assert done.exit_code == 0 and "older keys" not in done.stdout
    assert not set(before.values()) & set(stored(app).values())


def test_what_no_key_opens_is_told_and_the_others_are_done(
    app: Flask, connection: Connection, bob: Person
) -> None:
    old = old_key(app)
    with app.app_context():
        lost = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
        theirs = db.session.get_one(Connection, connection.id)
        theirs.token_encrypted = lost
        db.session.commit()
    use_keys(app, NEW_KEY, old)
    done = run(app)
    assert done.exit_code == 1
    assert done.stderr == (
        "The sign-in of the connection “Marketing” of Alice Adams can't be read with any key in "
        "ENCRYPTION_KEY. Its owner has to reconnect it under Connections. Or put the key back "
        "that opens it, behind the others, and run this again.\n"
    )
    assert "take them out" not in done.stdout
    use_keys(app, NEW_KEY)
    with app.app_context():
        db.session.remove()
        kept = db.session.get_one(TrelloApp, 1)
        assert decrypt(kept.api_secret_encrypted) == SECRET
        theirs = db.session.get_one(Connection, connection.id)
        assert theirs.token_encrypted == lost
        assert decrypt(theirs.token_secret_encrypted) == "token-secret"


@pytest.mark.parametrize("model", [secrets.model for secrets in rekeying.ALL_SECRETS])
def test_each_kind_says_whose_it_is(app: Flask, connection: Connection, model: type[Model]) -> None:
    use_keys(app, NEW_KEY)
    done = run(app)
    [secrets] = [one for one in rekeying.ALL_SECRETS if one.model is model]
    with app.app_context():
        held = select(model).where(secrets.columns[0] != "").order_by(secrets.key)
        row = db.session.scalars(held).first()
        assert f"{secrets.whose(row)} can't be read" in done.stderr
    assert done.exit_code == 1 and len(done.stderr.splitlines()) == 4


@pytest.mark.both_databases
def test_a_token_renewed_meanwhile_is_not_written_over(
    app: Flask, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone reconnects, in a process that knows the old key alone."""
    old = old_key(app)
    use_keys(app, NEW_KEY, old)
    real, renewed = rekeying.encrypt_anew, Fernet(old).encrypt(b"renewed").decode()

    def and_meanwhile(secret: str) -> str:
        fresh = real(secret)
        if decrypt(secret) == "token":
            table = Connection.metadata.tables["trello_connection"]
            with db.writing() as session:
                session.execute(table.update().values(token_encrypted=renewed))
        return fresh

    monkeypatch.setattr(rekeying, "encrypt_anew", and_meanwhile)
    assert run(app).exit_code == 0
    use_keys(app, NEW_KEY)
    with app.app_context():
        db.session.remove()
        assert decrypt(db.session.get_one(Connection, connection.id).token_encrypted) == "renewed"


def test_it_may_run_twice(app: Flask, connection: Connection) -> None:
    use_keys(app, NEW_KEY, old_key(app))
    assert run(app).exit_code == 0
    use_keys(app, NEW_KEY)
    assert run(app).exit_code == 0
    with app.app_context():
        assert all(decrypt(secret) for secret in stored(app).values())


def test_a_token_refused_after_a_rekey_in_the_middle_still_marks_its_connection(
    app: Flask, connection: Connection
) -> None:
    with app.app_context():
        asked_with = db.session.get_one(Connection, connection.id).token_encrypted
    use_keys(app, NEW_KEY, old_key(app))
    assert run(app).exit_code == 0
    with app.app_context():
        db.session.remove()
        now = db.session.get_one(Connection, connection.id)
        assert now.token_encrypted != asked_with
        with db.writing() as session:
            outcomes.tell_connection(session, now, asked_with, TokenRefused("Revoked."))
        assert now.reconnect_reason == "Revoked."


def test_a_mail_waits_on_readable(app: Flask, connection: Connection) -> None:
    content = json.dumps({"subject": "Hello", "text": "A link"})
    with app.app_context():
        mail = db.session.scalars(
            select(OutgoingMail).where(OutgoingMail.content_encrypted.is_not(None))
        ).one()
        mail.content_encrypted = encrypt(content)
        db.session.commit()
    use_keys(app, NEW_KEY, old_key(app))
    run(app)
    use_keys(app, NEW_KEY)
    with app.app_context():
        db.session.remove()
        assert decrypt(db.session.get_one(OutgoingMail, mail.id).content_encrypted or "") == content


def test_the_old_key_alone_opens_nothing_any_more(app: Flask, connection: Connection) -> None:
    old = old_key(app)
    use_keys(app, NEW_KEY, old)
    run(app)
    use_keys(app, old)
    with app.app_context():
        for secret in stored(app).values():
            with pytest.raises(SecretUnreadable):
                decrypt(secret)
