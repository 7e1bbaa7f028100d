"""A connection's name, whom it is shared with, and the boards it may show."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.accounts.forms import one_line
from app.accounts.models import Person
from app.audit.log import record
from app.db import db, utcnow
from app.teams.models import Team
from app.trello.answers import BoardName
from app.trello.boards import open_boards
from app.trello.choices import told_apart
from app.trello.failures import KeyRefused, TokenRefused, TrelloError
from app.trello.models import EVERYONE, PEOPLE, PRIVATE, AllowedBoard, Connection
from app.trello.sign_in_failures import trouble_of
from app.trello.sources import freeze_disallowed
from app.trello.webhooks.addresses import look_again


@dataclass(frozen=True)
class OfferedBoard:
    """A board that may be ticked."""

    id: str
    name: str
    text: str
    """Its name, with what tells it from others of that name."""
    is_open: bool = True
    """False for one that is allowed already but not among the account's open boards now."""


@dataclass(frozen=True)
class Offer:
    """The boards to choose from."""

    boards: list[OfferedBoard]
    problem: str | None = None
    """Why the account's boards could not be asked for; then only those allowed already are here."""


def offer_boards(connection: Connection, fresh: bool = False) -> Offer:
    """The account's open boards, and those allowed already. Ends the transaction when it asks."""
    allowed = [(board.trello_id, board.name) for board in connection.allowed_boards]
    problem, names = None, list[BoardName]()
    try:
        names = list({board.id: board for board in open_boards(connection, fresh)}.values())
    except (KeyRefused, TokenRefused) as error:
        problem = error.sentence
    except TrelloError as error:
        problem = trouble_of(error).what
    texts = told_apart(
        (board.id, _shown(board.name), board.url.rpartition("/b/")[2][:8]) for board in names
    )
    boards = [
        OfferedBoard(board.id, one_line(board.name), choice.text)
        for board, choice in zip(names, texts, strict=True)
    ]
    open_ids = {board.id for board in names}
    boards += [
        OfferedBoard(trello_id, name, _shown(name), is_open=problem is not None)
        for trello_id, name in allowed
        if trello_id not in open_ids
    ]
    return Offer(boards, problem)


def _shown(name: str) -> str:
    return one_line(name) or "unnamed board"


def hold_to_configure(connection: Connection) -> None:
    """Read what can be set of it anew. Two that save at once take turns, and the later one sees
    what the first allowed."""
    db.session.execute(
        select(Connection.id).where(Connection.id == connection.id).with_for_update()
    )
    db.session.refresh(
        connection,
        [
            "name",
            "sharing",
            "shared_at",
            "shared_with",
            "shared_with_teams",
            "shows_all_boards",
            "allowed_boards",
        ],
    )


def configure(
    connection: Connection,
    *,
    name: str,
    sharing: str,
    people: Sequence[Person] = (),
    teams: Sequence[Team] = (),
    all_boards: bool,
    boards: Sequence[OfferedBoard],
) -> None:
    """Set all of it, of a connection that is held; `people` and `teams` count where it is shared
    with chosen ones. What hangs on boards no longer allowed freezes at once, unsharing only stops
    new links. Commits nothing."""
    before = _settings_of(connection)
    connection.name = name
    if sharing != connection.sharing:
        connection.sharing = sharing
        connection.shared_at = None if sharing == PRIVATE else utcnow()
    connection.shared_with = list(people) if sharing == PEOPLE else []
    connection.shared_with_teams = list(teams) if sharing == PEOPLE else []
    connection.shows_all_boards = all_boards
    _allow(connection, [] if all_boards else boards)
    connection.is_configured = True
    _record(connection, before)
    freeze_disallowed(connection)
    look_again(connection)


def sharing_words(connection: Connection) -> str:
    """ "everyone", "nobody else", or "Ana Ames, the team Sales" of those chosen"""
    if connection.sharing == PEOPLE:
        names = [one.name for one in connection.shared_with]
        names += [f"the team {one.name}" for one in connection.shared_with_teams]
        return ", ".join(names) or "nobody else"
    return "everyone" if connection.sharing == EVERYONE else "nobody else"


@dataclass(frozen=True)
class _Setting:
    """One thing that can be set of a connection."""

    words: str
    """As the audit log shows it."""
    ids: frozenset[int | str] = frozenset()
    """Of the people, teams or boards that it names: others may bear the same names."""


def _settings_of(connection: Connection) -> dict[str, _Setting]:
    """What can be set of it, by the action under which the audit log notes a change."""
    boards = connection.allowed_boards
    chosen: set[int | str] = {one.id for one in connection.shared_with}
    chosen |= {f"team {one.id}" for one in connection.shared_with_teams}
    limits = "all" if connection.shows_all_boards else ", ".join(board.name for board in boards)
    return {
        "connection.configured": _Setting(connection.name),
        "connection.shared": _Setting(sharing_words(connection), frozenset(chosen)),
        "connection.limited": _Setting(limits, frozenset(board.trello_id for board in boards)),
    }


def _record(connection: Connection, before: dict[str, _Setting]) -> None:
    for action, after in _settings_of(connection).items():
        if after != before[action]:
            named = ("connection", connection.id, connection.name)
            record(action, *named, before=before[action].words, after=after.words)


def _allow(connection: Connection, boards: Sequence[OfferedBoard]) -> None:
    present = {board.trello_id: board for board in connection.allowed_boards}
    kept = []
    for board in boards:
        allowed = present.get(board.id) or AllowedBoard(trello_id=board.id)
        allowed.name = board.name
        kept.append(allowed)
    connection.allowed_boards = kept
