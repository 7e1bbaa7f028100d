"""Mutated answers through the real client and the real sync, over HTTP, on a real database.

A breaking one must leave every stored figure as it is and say what went wrong; a harmless one
must be counted exactly; neither may end in an exception or put a secret into the log.
"""

import argparse
import io
import logging
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction

from flask import Flask
from sqlalchemy import func, select

from app import create_app
from app.accounts.models import ADMIN, Workspace
from app.config import load_config
from app.db import db
from app.migrating import upgrade
from app.okrs.models import PERCENT, Evidence, Measure, Reading
from app.trello.counting import Criteria
from app.trello.models import Board, BoardCopy, SyncRun
from app.trello.sync import sync_board
from app.vault import encrypt
from faults import odd_bytes, odd_records  # noqa: F401  (they add their classes)
from faults.good_answers import BOARD, ITEMS, Figures, good_board
from faults.mutations import ALL, Mutation, replies_to
from faults.replies import WHOLE, Answers, Reply, serving
from tests.support.people import make_person
from tests.trello.linked import (
    SECRET,
    make_connection,
    make_key_result,
    make_objective,
    make_source,
    queued_run,
)

TOKEN, TOKEN_SECRET = "token-that-must-stay-secret", "token-secret-that-must-stay-secret"
SECRETS = (TOKEN, TOKEN_SECRET, SECRET)


@dataclass
class Tally:
    """What became of one class."""

    mutation: Mutation
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class AlwaysOurTurn:
    """In place of our own limits, which would make ten thousand answers take twenty minutes."""

    def __init__(self) -> None:
        self.process_id = os.getpid()

    def take(self, *_: object) -> float:
        return 0.0


def run(count: int, seed: int) -> int:
    """Try `count` mutated answers and print what became of them. 1 on any violation, else 0."""
    tallies = try_mutations(count, seed)
    sys.stdout.write(table(tallies, seed))
    return int(any(tally.violations for tally in tallies))


def try_mutations(count: int, seed: int, database_url: str | None = None) -> list[Tally]:
    """Every class in turn until there were `count`, in an installation made for the purpose.

    Without an address of an empty database it is an SQLite file of its own.
    """
    chance = random.Random(seed)
    tallies = [Tally(mutation) for mutation in ALL]
    with _installation(database_url) as (answers, log):
        trial = _Trial(answers, log, chance)
        trial.heal()
        for tally in _turns(tallies, count):
            trial.try_one(tally)
        trial.heal()
    return tallies


def _turns(tallies: Sequence[Tally], count: int) -> Iterator[Tally]:
    """Which class comes next: round and round, leaving out those that had their share."""
    done = 0
    while True:
        for tally in tallies:
            most = tally.mutation.most
            if most is None or tally.outcomes.total() < most:
                yield tally
                done += 1
                if done == count:
                    return


class _Trial:
    """One linked board, the answers it gets, and what must be stored after each of them."""

    def __init__(self, answers: Answers, log: io.StringIO, chance: random.Random) -> None:
        self._answers, self._log, self._chance = answers, log, chance
        self._board_id = db.session.scalars(select(Board.id)).one()
        self._expected: list[Figures | None] = [None] * len(ITEMS)
        db.session.remove()

    def try_one(self, tally: Tally) -> None:
        mutation = tally.mutation
        replies, told = replies_to(mutation, good_board(self._chance), self._chance)
        before = _stored()
        outcome, problems = self._sync(replies)
        tally.outcomes[outcome] += 1
        if mutation.is_breaking:
            problems += self._problems_of_breaking(outcome, before)
        else:
            figures = [item.figures(told) for item in ITEMS]
            problems += self._problems_of_harmless(outcome, before, figures)
        tally.violations += problems
        if problems:
            self.heal()

    def heal(self) -> None:
        """A good answer puts everything right, whatever came before it."""
        board = good_board(self._chance)
        before = _stored()
        outcome, problems = self._sync(replies_to(_GOOD, board, self._chance)[0])
        problems += self._problems_of_harmless(
            outcome, before, [item.figures(board) for item in ITEMS]
        )
        if problems:
            raise AssertionError(f"a good answer was not counted: {problems}")

    def _sync(self, replies: dict[str, Reply]) -> tuple[str, list[str]]:
        """What became of the run, and what must never happen whatever the answer."""
        self._answers.by_route = replies
        self._log.seek(0)
        self._log.truncate()
        problems = []
        run_id = queued_run(db.session.get_one(Board, self._board_id))
        try:
            sync_board(run_id)
        except Exception as error:
            problems.append(f"raised {type(error).__name__}: {str(error)[:200]}")
        db.session.remove()
        run = db.session.get_one(SyncRun, run_id)
        outcome = run.failure_kind or run.status
        logged = self._log.getvalue()
        problems += ["a secret in the log" for secret in SECRETS if secret in logged]
        if outcome == "odd_answer" and not logged:
            problems.append("nothing in the log")
        db.session.remove()
        return outcome, problems

    def _problems_of_breaking(self, outcome: str, before: "_Stored") -> list[str]:
        after = _stored()
        problems = []
        if outcome == "done":
            problems.append("it was taken for a good answer")
        elif not after.failure:
            problems.append("the board does not say what went wrong")
        if after.figures != before.figures or after.history != before.history:
            problems.append("a stored figure changed")
        if after.names != before.names:
            problems.append("what is known of the board changed")
        return problems

    def _problems_of_harmless(
        self, outcome: str, before: "_Stored", figures: list[Figures | None]
    ) -> list[str]:
        after = _stored()
        if outcome != "done":
            return [f"it was refused: {outcome}"]
        problems = []
        for item, was, now, wanted in zip(
            ITEMS, before.figures, after.figures, figures, strict=True
        ):
            if now != (wanted or was):
                problems.append(f"{item.name}: {now} instead of {wanted or was}")
        changed = sum(was != now for was, now in zip(before.figures, after.figures, strict=True))
        if after.history[0] != before.history[0] + changed:
            problems.append("a point too many or too few")
        if after.failure:
            problems.append("the failure is still shown")
        return problems


@dataclass(frozen=True)
class _Stored:
    """What the database holds of the board and all that hangs on it."""

    figures: list[tuple[Fraction | None, int | None, int | None]]
    history: tuple[int, int]
    names: tuple[object, ...]
    failure: str | None


def _stored() -> _Stored:
    session = db.session()
    measures = session.execute(
        select(Measure.value, Measure.matching_count, Measure.completed_count)
        .where(Measure.kind != "roll_up")
        .order_by(Measure.id)
    )
    figures = [(value, matching, completed) for value, matching, completed in measures]
    readings = session.scalar(select(func.count(Reading.source_version_id))) or 0
    evidence = session.scalar(select(func.count(Evidence.id))) or 0
    board = session.scalars(select(Board)).one()
    copied_at = session.scalar(select(BoardCopy.fetched_at))
    names = (board.name, board.url, deepcopy(board.shape), board.last_synced_at, copied_at)
    stored = _Stored(figures, (readings, evidence), names, board.failure)
    db.session.remove()
    return stored


_GOOD = Mutation("as it should be", False, "board", lambda board, chance: board)


@contextmanager
def _installation(database_url: str | None) -> Iterator[tuple[Answers, io.StringIO]]:
    """A database with one board and the linked items, a server for its answers, and the log."""
    answers = Answers({WHOLE: Reply(b"", 503)})
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(_EverythingShown())
    with tempfile.TemporaryDirectory(prefix="tally-") as directory, serving(answers) as address:
        app = _app(directory, address, database_url)
        logging.getLogger("app").addHandler(handler)
        try:
            with app.app_context():
                _link_items()
                yield answers, log
        finally:
            logging.getLogger("app").removeHandler(handler)
            db.session.remove()
            db.engine.dispose()


class _EverythingShown(logging.Formatter):
    """With all that a record carries: no handler may ever show more."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{super().format(record)} {vars(record)}"


def _app(directory: str, address: str, database_url: str | None) -> Flask:
    environ = {"DATA_DIR": directory, "TRELLO_API_URL": address}
    config = load_config(environ | ({"DATABASE_URL": database_url} if database_url else {}))
    upgrade(config.database_url)
    app = create_app(config)
    app.extensions["tally_turns"] = AlwaysOurTurn()
    return app


def _link_items() -> None:
    db.session.add(Workspace(id=1, name="Tally", time_zone="UTC"))
    owner = make_person("Ada Ek", ADMIN)
    connection = make_connection(
        owner,
        token_encrypted=encrypt(TOKEN),
        token_secret_encrypted=encrypt(TOKEN_SECRET),
    )
    objective = make_objective(owner)
    for item in ITEMS:
        key_result = make_key_result(objective, *([PERCENT] if item.is_percent else []))
        criteria = Criteria(**item.definition)
        make_source(key_result.measure, connection, criteria, BOARD)
    db.session.commit()
    db.session.remove()


def table(tallies: Sequence[Tally], seed: int) -> str:
    """The classes with their labels, how often each was tried, and what became of it."""
    width = max(len(tally.mutation.name) for tally in tallies)
    lines = [f"Mutated answers, seed {seed}", ""]
    for tally in tallies:
        label = "breaking" if tally.mutation.is_breaking else "harmless"
        outcomes = ", ".join(f"{kind} {times}" for kind, times in tally.outcomes.most_common())
        lines.append(f"{tally.mutation.name:{width}}  {label}  {outcomes}")
        lines += [f"    VIOLATION: {one}" for one in dict.fromkeys(tally.violations)]
    tried = sum(tally.outcomes.total() for tally in tallies)
    bad = sum(len(tally.violations) for tally in tallies)
    lines += ["", f"{tried} answers of {len(tallies)} classes, {bad} violations", ""]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults answers", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None)
    wanted = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if wanted.seed is None else wanted.seed
    return run(wanted.count, seed)
