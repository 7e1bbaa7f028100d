"""Everything the sandbox keeps: members, boards, tokens, webhooks."""

import json
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.board import Board, Record
from sandbox.changes import add_member_to_board
from sandbox.clock import Clock, id_mint, iso
from sandbox.credentials import LIFETIMES, AccessToken, RequestToken
from sandbox.export_format import board_from_export, board_to_export

STATE_FILE = "sandbox.json"


@dataclass
class Webhook:
    id: str
    token: str
    id_model: str
    callback_url: str
    description: str = ""
    active: bool = True
    consecutive_failures: int = 0
    first_failure_at: str | None = None


class Store:
    """The sandbox's state, kept in one JSON file when there is a directory for it.

    Hold `lock` to see several things at one moment. Boards share it.
    """

    def __init__(self, clock: Clock, data_dir: Path | None = None) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.people: dict[str, Record] = {}
        self.sign_in_ids: list[str] = []
        self.boards: dict[str, Board] = {}
        self.tokens: dict[str, AccessToken] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.on_change: Callable[[Board, list[Record]], None] = lambda board, actions: None
        self._file = data_dir / STATE_FILE if data_dir else None
        self._mint = id_mint()

    def load(self) -> bool:
        """Take up the state of an earlier run. False when there is none."""
        if self._file is None or not self._file.exists():
            return False
        state = json.loads(self._file.read_text(encoding="utf-8"))
        self.people = {person["id"]: person for person in state["people"]}
        self.sign_in_ids = state["sign_in_ids"]
        for document in state["boards"]:
            self.attach(board_from_export(document, self.clock))
        self.tokens = {entry["token"]: AccessToken(**entry) for entry in state["tokens"]}
        self.webhooks = {entry["id"]: Webhook(**entry) for entry in state["webhooks"]}
        return True

    def save(self) -> None:
        """Write the state beside the old one and put it in its place in one step."""
        if self._file is None:
            return
        with self.lock:
            state = {
                "people": list(self.people.values()),
                "sign_in_ids": self.sign_in_ids,
                "boards": [board_to_export(board) for board in self.boards.values()],
                "tokens": [asdict(token) for token in self.tokens.values()],
                "webhooks": [asdict(webhook) for webhook in self.webhooks.values()],
            }
            self._file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._file.with_suffix(".new")
            unfinished.touch(mode=0o600)
            unfinished.write_text(json.dumps(state), encoding="utf-8")
            os.replace(unfinished, self._file)

    def attach(self, board: Board) -> None:
        """Serve a board; one with the same id gives way to it."""
        with self.lock:
            board.clock = self.clock
            board.lock = self.lock
            board.on_change = self._changed
            self.boards[board.id] = board
            for member_id, member in board.members.items():
                board.members[member_id] = self.people.setdefault(member_id, member)

    def attach_within_reach(self, board: Board) -> None:
        """Serve a board and put everyone who can sign in on it."""
        self.attach(board)
        for member in self.sign_in_members():
            add_member_to_board(board, member)

    def delete_board(self, board: Board) -> None:
        with self.lock:
            del self.boards[board.id]
            self.save()

    def board(self, key: str) -> Board:
        """The board with this id, short link or name. Raises KeyError."""
        if key in self.boards:
            return self.boards[key]
        for board in self.boards.values():
            if key in (board.short_link, board.name):
                return board
        raise KeyError(key)

    def boards_of(self, member_id: str) -> list[Board]:
        return [board for board in self.boards.values() if board.has_member(member_id)]

    def card(self, key: str) -> tuple[Board, Record]:
        """A card by id or short link, with its board. Raises KeyError."""
        for board in self.boards.values():
            for card in board.cards.values():
                if key in (card["id"], card["shortLink"]):
                    return board, card
        raise KeyError(key)

    def person(self, key: str) -> Record:
        """A person by id or username. Raises KeyError."""
        for person in self.people.values():
            if key in (person["id"], person["username"]):
                return person
        raise KeyError(key)

    def sign_in_members(self) -> list[Record]:
        """Those a visitor of the sandbox may be."""
        return [self.people[id_] for id_ in self.sign_in_ids]

    def new_id(self) -> str:
        return self._mint(self.clock.now())

    def grant(self, request: RequestToken) -> AccessToken:
        """Make the access token that a consented request token is traded for."""
        now = self.clock.now()
        life = LIFETIMES[request.expiration]
        return self.add_token(
            request.member_id,
            app_name=request.app_name,
            scopes=request.scopes,
            expires_at=iso(now + life) if life else None,
        )

    def add_token(
        self,
        member_id: str,
        *,
        app_name: str = "",
        scopes: Iterable[str] = ("read",),
        expires_at: str | None = None,
    ) -> AccessToken:
        """A token without the walk through consent, for tests that are about something else."""
        with self.lock:
            token = AccessToken(
                id=self.new_id(),
                member_id=member_id,
                app_name=app_name,
                scopes=list(scopes),
                created_at=iso(self.clock.now()),
                expires_at=expires_at,
            )
            self.tokens[token.token] = token
            self.save()
        return token

    def revoke(self, token: AccessToken) -> None:
        with self.lock:
            self.tokens.pop(token.token, None)
            self.drop_webhooks_of(token)

    def drop_webhooks_of(self, token: AccessToken) -> None:
        """A revoked or expired token takes its webhooks with it."""
        with self.lock:
            for webhook in [hook for hook in self.webhooks.values() if hook.token == token.token]:
                del self.webhooks[webhook.id]
            self.save()

    def _changed(self, board: Board, actions: list[Record]) -> None:
        self.save()
        self.on_change(board, actions)


def add_boards(store: Store, documents: Iterable[Record]) -> None:
    """Load exports that the store does not hold yet, so that a restart keeps what was changed."""
    for document in documents:
        if document.get("id") not in store.boards:
            store.attach_within_reach(board_from_export(document, store.clock))
