"""Connections to Trello accounts, the boards they read, the sources that count on them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.db import Model, utcnow
from app.okrs.models import Source, SourceVersion
from app.teams.models import Team

PRIVATE, PEOPLE, EVERYONE = "private", "people", "everyone"
QUEUED, RUNNING, DONE, FAILED, ABANDONED = "queued", "running", "done", "failed", "abandoned"
UNFINISHED = (QUEUED, RUNNING)
HOURLY, WEBHOOK, REFRESH, RETRY = "hourly", "webhook", "refresh", "retry"
URGENCY = (HOURLY, WEBHOOK, RETRY, REFRESH)
"""What may ask for a run, the least urgent first."""


class TrelloApp(Model):
    """The API key and secret an admin entered, encrypted; those of the environment win."""

    __tablename__ = "trello_app"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    api_key_encrypted: Mapped[str] = mapped_column(Text)
    api_secret_encrypted: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class PendingSignIn(Model):
    """What the server remembers between sending someone to Trello and their coming back."""

    __tablename__ = "trello_pending_sign_in"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    value_encrypted: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime]


class Connection(Model):
    """The use of one Trello account for reading boards, lent by its owner."""

    __tablename__ = "trello_connection"
    __table_args__ = (
        CheckConstraint("sharing in ('private', 'people', 'everyone')", name="sharing"),
        # The audit log speaks of them by their ids, also of those that were removed.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    sharing: Mapped[str] = mapped_column(String(16), default=PRIVATE)
    shows_all_boards: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_configured: Mapped[bool] = mapped_column(default=False, server_default=false())
    """False between signing in at Trello and choosing a name and boards: no use until then."""
    member_id: Mapped[str] = mapped_column(String(64))
    member_username: Mapped[str] = mapped_column(String(120))
    member_name: Mapped[str] = mapped_column(String(200))
    token_encrypted: Mapped[str] = mapped_column(Text)
    """Empty, with its secret, once it is disconnected."""
    token_secret_encrypted: Mapped[str] = mapped_column(Text)
    key_fingerprint: Mapped[str] = mapped_column(String(64))
    """Of the API key that the token belongs to; under another key it is worth nothing."""
    reconnect_reason: Mapped[str | None] = mapped_column(Text)
    """Why its owner has to sign in again; None while the token is good. Nothing is asked of Trello
    while it stands here."""
    limited_until: Mapped[datetime | None]
    """Until when Trello wants to be left alone, where it asked for that since the last success."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    shared_at: Mapped[datetime | None]
    last_synced_at: Mapped[datetime | None]
    webhooks_due_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    """When its webhooks are compared with what Trello has, and mended, the next time."""
    webhook_problem: Mapped[str | None] = mapped_column(Text)
    """Why Trello makes no webhooks for it, in words; None where it does, or none were tried."""
    disconnected_at: Mapped[datetime | None]
    """When its token was given up; what it counted stays, and signing in again brings it back."""
    disconnected_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    owner: Mapped[Person] = relationship(foreign_keys=[owner_id])
    shared_with: Mapped[list[Person]] = relationship(
        secondary="trello_connection_share", order_by="Person.name, Person.id"
    )
    """The chosen people, where it is shared with `people`; else none."""
    shared_with_teams: Mapped[list[Team]] = relationship(
        secondary="trello_connection_team_share", order_by="Team.name, Team.id"
    )
    """The chosen teams, likewise."""
    allowed_boards: Mapped[list["AllowedBoard"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True
    )
    boards: Mapped[list["Board"]] = relationship(back_populates="connection")

    def shows(self, board_trello_id: str) -> bool:
        """Whether the connection may read this board, by Trello's id."""
        return self.shows_all_boards or any(
            board.trello_id == board_trello_id for board in self.allowed_boards
        )


class ConnectionShare(Model):
    """Someone a connection is shared with by name."""

    __tablename__ = "trello_connection_share"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("trello_connection.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ConnectionTeamShare(Model):
    """A team whose members and lead a connection is shared with."""

    __tablename__ = "trello_connection_team_share"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("trello_connection.id", ondelete="CASCADE"), primary_key=True
    )
    team_id: Mapped[int] = mapped_column(
        ForeignKey("team.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class AllowedBoard(Model):
    """A board that a connection may show, where it may not show all."""

    __tablename__ = "trello_allowed_board"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("trello_connection.id", ondelete="CASCADE"), primary_key=True
    )
    trello_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(512), default="")


class Board(Model):
    """A board as one connection reads it: the unit of sync, one fetch for all its sources."""

    __tablename__ = "trello_board"
    __table_args__ = (UniqueConstraint("connection_id", "trello_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("trello_connection.id"))
    trello_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(512), default="")
    url: Mapped[str] = mapped_column(Text, default="")
    shape: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Lists, labels and members with their last seen names, for showing criteria in words."""
    next_sync_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    last_synced_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure_kind: Mapped[str | None] = mapped_column(String(40))
    failure: Mapped[str | None] = mapped_column(Text)
    """What went wrong last time, as a sentence a person can act on; None after a success."""
    failure_count: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    """When the first of the failures in a row happened; None after a success."""
    changed_at: Mapped[datetime | None] = mapped_column(index=True)
    """When a webhook first told of a change that no fetch has seen yet."""

    connection: Mapped[Connection] = relationship(back_populates="boards")
    sources: Mapped[list["TrelloSource"]] = relationship(back_populates="board")


class Webhook(Model):
    """Where Trello tells of changes on a board; at most one for a connection and board."""

    __tablename__ = "trello_webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    board_id: Mapped[int] = mapped_column(
        ForeignKey("trello_board.id", ondelete="CASCADE"), unique=True
    )
    key: Mapped[str] = mapped_column(String(64), unique=True)
    """The end of its address, made at random: nobody can guess which boards are watched."""
    callback_url: Mapped[str] = mapped_column(Text)
    """Exactly as told to Trello, since it is part of every signature."""
    trello_id: Mapped[str | None] = mapped_column(String(64))
    """Trello's name for it; None until Trello has made it."""
    made_at: Mapped[datetime] = mapped_column(default=utcnow)

    board: Mapped[Board] = relationship()


class ConnectionFailure(Model):
    """One kind of trouble of a connection, from its first time to its last in a row."""

    __tablename__ = "trello_connection_failure"
    __table_args__ = (
        Index("ix_trello_connection_failure_connection_id_id", "connection_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(
        ForeignKey("trello_connection.id", ondelete="CASCADE")
    )
    board_id: Mapped[int | None] = mapped_column(
        ForeignKey("trello_board.id", ondelete="CASCADE"), index=True
    )
    """None for what concerns the whole connection, such as a revoked token."""
    kind: Mapped[str] = mapped_column(String(40))
    sentence: Mapped[str] = mapped_column(Text)
    first_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_at: Mapped[datetime] = mapped_column(default=utcnow)
    times: Mapped[int] = mapped_column(default=1)
    over_at: Mapped[datetime | None]
    """When a success ended it; None while it lasts."""

    board: Mapped[Board | None] = relationship()


class BoardCopy(Model):
    """One copy of a board's cards, at most a minute old when used, for forms and previews."""

    __tablename__ = "trello_board_copy"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("trello_connection.id", ondelete="CASCADE"), primary_key=True
    )
    trello_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    fetched_at: Mapped[datetime]
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class BoardList(Model):
    """The open boards an account can read, kept a short while for the dropdown."""

    __tablename__ = "trello_board_list"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("trello_connection.id", ondelete="CASCADE"), primary_key=True
    )
    fetched_at: Mapped[datetime]
    boards: Mapped[list[dict[str, str]]] = mapped_column(JSON)


class TrelloSource(Source):
    """A source that counts cards on one board; its criteria are in its newest version."""

    __tablename__ = "trello_source"
    __mapper_args__ = {"polymorphic_identity": "trello", "polymorphic_load": "inline"}

    id: Mapped[int] = mapped_column(ForeignKey("source.id", ondelete="CASCADE"), primary_key=True)
    board_id: Mapped[int] = mapped_column(ForeignKey("trello_board.id"), index=True)
    shows_cards: Mapped[bool] = mapped_column(default=True, server_default=true())
    """False where those who may not edit the item see counts only."""

    board: Mapped[Board] = relationship(back_populates="sources")


class Past(Model):
    """What a source would have counted before it was linked, rebuilt from the board's activity.

    A job of its own fills the row; the row is the record, not the queue.
    """

    __tablename__ = "trello_past"
    __table_args__ = (
        CheckConstraint("status in ('waiting', 'running', 'done', 'failed')", name="status"),
        Index("ix_trello_past_status", "status"),
    )

    source_version_id: Mapped[int] = mapped_column(
        ForeignKey("source_version.id", ondelete="CASCADE"), primary_key=True
    )
    series: Mapped[int]
    """The series of the measure that it belongs to."""
    wanted_from: Mapped[date]
    """The item's first day when it was asked for, in the workspace's time zone."""
    status: Mapped[str] = mapped_column(String(16), default="waiting")
    claim: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    next_try_at: Mapped[datetime] = mapped_column(default=utcnow)
    """Or, once it is given up, when that was."""
    try_count: Mapped[int] = mapped_column(default=0)
    """Failed tries in a row."""
    failure_kind: Mapped[str | None] = mapped_column(String(40))
    """Of the last try; None after a success."""
    failure: Mapped[str | None] = mapped_column(Text)
    """Why it was given up, as a sentence for people."""
    request_count: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    reaches_to: Mapped[datetime | None]
    """The earliest moment it tells of; None where it tells nothing."""
    gaps: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Why it does not reach further, or what it cannot know, as sentences for people."""
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON, deflated: the points, each with the cards that entered and left."""

    source_version: Mapped[SourceVersion] = relationship()


class SyncRun(Model):
    """One sync of one board, from the wish to the outcome. The row is the record, not the queue."""

    __tablename__ = "trello_sync_run"
    __table_args__ = (
        CheckConstraint(
            "status in ('queued', 'running', 'done', 'failed', 'abandoned')", name="status"
        ),
        Index(
            "uq_trello_sync_run_board_id_unfinished",
            "board_id",
            unique=True,
            # On PostgreSQL too, by the migration: said here, it would load that dialect.
            sqlite_where=text("status IN ('queued', 'running')"),
        ),
        Index("ix_trello_sync_run_board_id_id", "board_id", "id"),
        Index("ix_trello_sync_run_status", "status"),
        Index("ix_trello_sync_run_finished_at", "finished_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    board_id: Mapped[int] = mapped_column(ForeignKey("trello_board.id"))
    status: Mapped[str] = mapped_column(String(16), default=QUEUED)
    trigger: Mapped[str] = mapped_column(String(16))
    """What asked for it: hourly, webhook, refresh or retry; the most urgent one that did."""
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    queued_at: Mapped[datetime] = mapped_column(default=utcnow)
    claim: Mapped[str | None] = mapped_column(String(32))
    """The number of the delivery that works on it; the final write must still hold it."""
    lease_until: Mapped[datetime | None]
    """A running run that lets this pass is taken for dead."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    request_count: Mapped[int] = mapped_column(default=0)
    source_count: Mapped[int | None]
    """How many sources were counted; None where it did not come to that."""
    changed_count: Mapped[int | None]
    """How many of them got a new value."""
    failure_kind: Mapped[str | None] = mapped_column(String(40))
    failure: Mapped[str | None] = mapped_column(Text)

    board: Mapped[Board] = relationship()
