"""Connections of accounts that the sandbox knows, for tests that ask it."""

from dataclasses import dataclass, replace
from typing import Any

from flask import Flask

from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import switch
from app.trello.app_keys import current_app_keys
from app.trello.models import AllowedBoard, Connection
from app.vault import encrypt
from sandbox import RunningSandbox


@dataclass(frozen=True)
class Account:
    """A connection, and the token at the sandbox by which it reads."""

    id: int
    token: str


def point_to(app: Flask, sandbox: RunningSandbox, admin: Person) -> None:
    """Let the app ask this sandbox, with the integration enabled."""
    app.extensions["tally_config"] = replace(
        app.extensions["tally_config"],
        trello_api_key=sandbox.api_key,
        trello_api_secret=sandbox.api_secret,
        trello_api_url=sandbox.api_url,
        trello_oauth_url=sandbox.api_url,
    )
    with app.app_context():
        switch("trello", True, admin)
        db.session.commit()


def connect_account(
    app: Flask, sandbox: RunningSandbox, owner: Person, who: str, **values: Any
) -> Account:
    """A configured connection of this person's, which may show all boards unless some are named."""
    member = sandbox.store.person(who)
    token = sandbox.store.add_token(member["id"])
    boards = values.pop("boards", None)
    with app.app_context():
        keys = current_app_keys()
        assert keys is not None
        connection = Connection(
            **{
                "owner_id": owner.id,
                "name": f"Trello ({who})",
                "is_configured": True,
                "shows_all_boards": boards is None,
                "member_id": member["id"],
                "member_username": who,
                "member_name": member["fullName"],
                "token_encrypted": encrypt(token.token),
                "token_secret_encrypted": encrypt(token.secret),
                "key_fingerprint": keys.fingerprint,
            }
            | values
        )
        connection.allowed_boards = [
            AllowedBoard(trello_id=one, name=sandbox.store.board(one).name) for one in boards or ()
        ]
        db.session.add(connection)
        db.session.commit()
        return Account(connection.id, token.token)


def board_named(sandbox: RunningSandbox, name: str) -> str:
    """Trello's id of this board, which is another one in each run."""
    return next(board.id for board in sandbox.store.boards.values() if board.name == name)


def reloaded(connection_id: int) -> Connection:
    db.session.remove()
    return db.session.get_one(Connection, connection_id)
