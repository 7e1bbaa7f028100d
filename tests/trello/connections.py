"""Connections for tests, without a walk to Trello."""

from typing import Any

from flask import Flask

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.trello.app_keys import AppKeys, store_app_keys
from app.trello.models import AllowedBoard, BoardList, Connection
from app.vault import encrypt

KEY, SECRET = "3f" * 16, "9c" * 32
TOKEN, TOKEN_SECRET = "ATTA" + "5e" * 36, "7d" * 32
BOARDS = {"b" * 24: "Launch", "c" * 24: "Support", "d" * 24: "Archive of ideas"}


def make_ready(app: Flask, admin: Person) -> None:
    """Enable Trello, and store a key and a secret."""
    with app.app_context():
        switch("trello", True, admin)
        store_app_keys(KEY, SECRET, by=admin)
        db.session.commit()


def make_connection(app: Flask, owner: Person, **values: Any) -> Connection:
    """A configured connection that may show all boards of an account, committed."""
    boards = values.pop("boards", None)
    filled = {
        "name": f"Trello ({owner.name.split()[0].lower()})",
        "is_configured": True,
        "shows_all_boards": boards is None,
        "member_id": f"{owner.id:024x}",
        "member_username": owner.name.split()[0].lower(),
        "member_name": owner.name,
        "key_fingerprint": AppKeys(KEY, SECRET, from_environment=False).fingerprint,
        "shared_at": utcnow() if values.get("sharing") == "everyone" else None,
    } | values
    with app.app_context():
        connection = Connection(
            owner_id=owner.id,
            token_encrypted=encrypt(TOKEN),
            token_secret_encrypted=encrypt(TOKEN_SECRET),
            **filled,
        )
        connection.allowed_boards = [
            AllowedBoard(trello_id=one, name=BOARDS[one]) for one in boards or ()
        ]
        db.session.add(connection)
        db.session.commit()
    return connection


def keep_boards(connection: Connection, boards: dict[str, str] | None = None) -> None:
    """Let the connection believe for the next minutes that these are the account's open boards."""
    names = BOARDS if boards is None else boards
    db.session.add(
        BoardList(
            connection_id=connection.id,
            fetched_at=utcnow(),
            boards=[
                {"id": one, "name": name, "url": f"https://trello.com/b/{one[:8]}/x"}
                for one, name in names.items()
            ],
        )
    )
    db.session.commit()
