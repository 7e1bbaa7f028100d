"""History from before the link: asked for on linking, rebuilt by a job, shown with its gaps."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from rq.timeouts import JobTimeoutException
from sqlalchemy import delete, select, update

from app.accounts.models import Person
from app.config import Config
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.okrs.models import KPI, PERCENT, KeyResult, Reading, SourceVersion
from app.trello.counting import COMPLETED, Criteria
from app.trello.failures import OddAnswer, TrelloError, Unavailable
from app.trello.models import Connection, Past, TrelloSource
from app.trello.past import claims, stored
from app.trello.past import job as past_job
from app.trello.past.job import PastClock, rebuild_past
from app.trello.sources import relink
from sandbox import RunningSandbox, changes, running_sandbox
from sandbox.board import Board
from sandbox.export_format import board_to_export
from sandbox.samples.calendar import content_calendar
from sandbox.samples.checklist import launch_checklist
from sandbox.samples.onboarding import onboarding
from tests.support.client import Client
from tests.support.html import Page
from tests.support.sql import count_statements
from tests.trello.forward import play
from tests.trello.linked import (
    connect_account,
    make_key_result,
    make_objective,
    make_source,
    pointed_at,
)

DAYS_BACK = 60
SEPARATOR = (
    "1 card is a template or the like today. Trello does not say since when, "
    "so it was left out throughout."
)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """With three of the sample boards, which have lived for months."""
    stories = (content_calendar, launch_checklist, onboarding)
    boards = [board_to_export(story(utcnow()).play()) for story in stories]
    with running_sandbox(boards=boards) as running:
        yield running


@pytest.fixture
def config(config: Config, sandbox: RunningSandbox) -> Config:
    return pointed_at(sandbox, config)


@pytest.fixture
def calendar(sandbox: RunningSandbox) -> Board:
    return sandbox.store.board("Content calendar")


@pytest.fixture
def finished(calendar: Board) -> Criteria:
    return Criteria(list_ids=(calendar.list_("Finished")["id"],))


def connect(owner: Person, sandbox: RunningSandbox) -> Connection:
    token = sandbox.store.add_token(sandbox.store.person("mina")["id"])
    return connect_account(owner, sandbox, token)


@pytest.fixture
def linkable(inside: None, alice: Person, sandbox: RunningSandbox) -> Connection:
    return connect(alice, sandbox)


def make_item(owner: Person, kind: str = KPI, days_back: int = DAYS_BACK) -> KeyResult:
    """A key result that began some weeks ago and ends some weeks from now."""
    key_result = make_key_result(make_objective(owner), kind)
    today = utcnow().date()
    key_result.starts_on = today - timedelta(days=days_back)
    key_result.ends_on = today + timedelta(days=DAYS_BACK)
    db.session.commit()
    return key_result


def link(
    connection: Connection, board: Board, criteria: Criteria, kind: str = KPI, days_back: int = 60
) -> TrelloSource:
    item = make_item(connection.owner, kind, days_back)
    return make_source(item.measure, connection, criteria, board.id)


def past_row(source: TrelloSource) -> Past:
    return db.session.get_one(Past, source.versions[-1].id, populate_existing=True)


def rebuilt(source: TrelloSource) -> Past:
    rebuild_past(source.versions[-1].id)
    return past_row(source)


def in_finished(board: Board, moment: datetime) -> int:
    """How many real cards the actions, played forwards, had put there by the moment."""
    finished = board.list_("Finished")["id"]
    count = 0
    for card_id, life in play(board.actions).items():
        card = board.cards[card_id]
        if card.get("isTemplate") or card.get("cardRole"):
            continue
        states = [state for at, state in life if datetime.fromisoformat(at) <= moment]
        if states and states[-1].list_id == finished and not states[-1].is_archived:
            count += 1
    return count


def test_a_link_made_over_the_form_gets_its_past_drawn(
    app: Flask, client: Client, alice: Person, sandbox: RunningSandbox, calendar: Board
) -> None:
    with app.app_context():
        connect(alice, sandbox)
        objective = make_objective(alice)
        path = f"/objectives/{objective.id}/key-results/new"
    page = save_linked(client, alice, path, calendar)
    assert "The time before the link is being rebuilt" in page.text
    with app.app_context():
        source = db.session.scalars(select(TrelloSource)).one()
        past = rebuilt(source)
        assert past.status == "done" and past.reaches_to is not None
    page = client.page(page.path)
    assert "is being rebuilt" not in page.text
    rows = [row for row in page.all("figure table tbody tr") if "rebuilt" in row.text]
    assert len(rows) > 5
    assert "1 card was deleted, and Trello does not say what it was like." in page.text
    assert "rebuilt from the board's activity" in page.text


def save_linked(client: Client, person: Person, path: str, board: Board) -> Page:
    client.sign_in(person)
    typed = {"title": "Publish posts", "measure": "kpi", "target": "20"}
    page = client.page(path)
    page = client.see(client.submit(page, "Connect data source to auto-update progress", typed))
    page = client.see(client.submit(page, "Trello"))
    button = "Show its lists, owners and labels"
    page = client.see(client.submit(page, button, {"trello_board": board.id}))
    saved = client.submit(page, "Save", {"trello_list": board.list_("Finished")["id"]})
    page = client.follow(saved)
    page.path = saved.headers["Location"]
    return page


@pytest.mark.both_databases
def test_the_past_is_what_the_actions_say_when_played_forwards(
    linkable: Connection, calendar: Board, finished: Criteria
) -> None:
    source = link(linkable, calendar, finished)
    assert rebuilt(source).gaps == [SEPARATOR]
    part = stored.past_of(source.measure)
    assert part is not None and not part.is_waiting
    first = part.points[0].moment
    assert first.date() == utcnow().date() - timedelta(days=DAYS_BACK), "the item's first day"
    assert len(part.points) > 5
    steps = stored.steps_of(past_row(source))
    assert steps is not None
    for point in part.points:
        assert point.value == in_finished(calendar, point.moment)
        step = steps.at(point.moment)
        assert step is not None and len(step.cards) == point.value
    assert part.points[-1].value == in_finished(calendar, utcnow())


def test_the_cards_of_a_past_moment_are_told_with_todays_names(
    linkable: Connection, calendar: Board, finished: Criteria
) -> None:
    source = link(linkable, calendar, finished)
    past = rebuilt(source)
    assert past.reaches_to is not None
    steps = stored.steps_of(past)
    now = steps.at(utcnow()) if steps else None
    assert steps is not None and now is not None
    story = next(card for card in now.cards if card["name"] == "Customer story: Nordlys Cycles")
    assert story["list"] == "Finished"
    assert story["owners"] == ["Tom Okafor"] or len(story["owners"]) == 1
    assert story["url"].startswith("http")
    assert set(story) == {"id", "name", "list", "labels", "owners", "completed", "url"}
    assert steps.at(past.reaches_to - timedelta(seconds=1)) is None


def test_percent_complete_counts_both_numbers_of_the_past(
    linkable: Connection, sandbox: RunningSandbox
) -> None:
    source = link(linkable, sandbox.store.board("Launch checklist"), Criteria(), PERCENT)
    rebuilt(source)
    part = stored.past_of(source.measure)
    assert part is not None and len(part.points) > 2
    assert all(0 <= point.value <= 100 for point in part.points)


def test_sources_linked_on_one_board_share_one_reading(
    linkable: Connection, calendar: Board, finished: Criteria, sandbox: RunningSandbox
) -> None:
    sources = [link(linkable, calendar, finished) for _ in range(5)]
    sources.append(link(linkable, calendar, Criteria(completion=COMPLETED)))
    sandbox.forget_requests()
    rebuild_past(sources[0].versions[-1].id)
    assert [past_row(source).status for source in sources] == ["done"] * 6
    assert len(sandbox.requests) == 4, "the record, the board, the newest action, the record's end"
    rebuild_past(sources[1].versions[-1].id)
    assert len(sandbox.requests) == 4, "a second delivery does nothing"


@pytest.mark.both_databases
@pytest.mark.parametrize("where", ["read_with_record", "count_past", "gap_sentences"])
def test_when_time_runs_out_what_is_done_stays_and_the_rest_follows(
    linkable: Connection,
    calendar: Board,
    finished: Criteria,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    sources = [link(linkable, calendar, finished) for _ in range(4)]
    work, left = getattr(past_job, where), [0 if where == "read_with_record" else 2]

    def run_out_of_time(*args: Any) -> Any:
        if not left[0]:
            raise JobTimeoutException
        left[0] -= 1
        return work(*args)

    with monkeypatch.context() as patched:
        patched.setattr(past_job, where, run_out_of_time)
        with pytest.raises(JobTimeoutException):
            rebuild_past(sources[0].versions[-1].id)
    rows = [past_row(source) for source in sources]
    done = [row.done_at for row in rows if row.status == "done"]
    assert len(done) == (0 if where == "read_with_record" else 2)
    rest = rows[len(done) :]
    assert {(row.status, row.claim, row.payload) for row in rest} == {("waiting", None, None)}
    db.session.execute(update(Past).values(next_try_at=utcnow()))
    db.session.commit()
    assert rebuilt(sources[-1]).status == "done"
    rows = [past_row(source) for source in sources]
    assert [row.status for row in rows] == ["done"] * 4
    assert [row.done_at for row in rows[: len(done)]] == done, "what was done is not done again"
    assert len({row.payload for row in rows}) == 1


def test_a_record_of_several_pages_is_read_to_its_end(
    linkable: Connection, calendar: Board, finished: Criteria
) -> None:
    card = next(iter(calendar.cards.values()))
    for number in range(1100):
        changes.set_due(calendar, card, f"2026-06-01T10:00:00.{number % 999:03}Z")
    source = link(linkable, calendar, finished)
    past = rebuilt(source)
    assert past.request_count == 5
    assert past.gaps == [SEPARATOR]
    part = stored.past_of(source.measure)
    assert part is not None and part.points[0].value == in_finished(calendar, part.points[0].moment)


def test_a_record_that_is_too_long_says_so(
    linkable: Connection, calendar: Board, finished: Criteria, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.trello.past.reading.MOST_PAGES", 1)
    past = rebuilt(link(linkable, calendar, finished, days_back=200))
    assert any("it was read back to" in gap for gap in past.gaps)


def test_the_item_that_began_before_the_board_is_told_when_the_record_begins(
    linkable: Connection, sandbox: RunningSandbox
) -> None:
    source = link(linkable, sandbox.store.board("Onboarding"), Criteria(), days_back=300)
    past = rebuilt(source)
    assert past.gaps[-1].startswith("Trello's record of this board begins on ")


def try_in_vain(source: TrelloSource, times: int) -> list[timedelta]:
    """The pauses after each of so many tries."""
    waits = []
    for _ in range(times):
        past = rebuilt(source)
        waits.append(past.next_try_at - utcnow())
        db.session.execute(update(Past).values(next_try_at=utcnow()))
        db.session.commit()
    return waits


@pytest.mark.both_databases
def test_an_outage_is_waited_for_without_end_and_asked_hourly_at_most(
    linkable: Connection, calendar: Board, finished: Criteria, sandbox: RunningSandbox
) -> None:
    source = link(linkable, calendar, finished)
    sandbox.faults.add(status=503, times=None)
    waits = try_in_vain(source, claims.MOST_TRIES + 3)
    assert waits[0] > timedelta(seconds=50) and waits[3] > timedelta(minutes=7)
    assert all(timedelta(minutes=55) < wait <= timedelta(hours=1) for wait in waits[6:])
    part = stored.past_of(source.measure)
    assert part is not None and part.is_waiting
    sandbox.faults.clear()
    assert rebuilt(source).status == "done"


@pytest.mark.both_databases
def test_a_failure_is_told_with_the_connection_and_the_pasts_locked(
    linkable: Connection, calendar: Board, finished: Criteria, sandbox: RunningSandbox
) -> None:
    source = link(linkable, calendar, finished)
    sandbox.faults.add(status=503, times=None)
    with count_statements() as statements:
        rebuilt(source)
    if db.engine.dialect.name == "sqlite":
        assert not any("FOR UPDATE" in one for one in statements), "it knows one writer at a time"
        return
    locked = [one for one in statements if "FOR UPDATE" in one or "FOR NO KEY UPDATE" in one]
    assert any("FROM trello_connection" in one for one in locked)
    assert any("trello_past.claim = " in one for one in locked)


@pytest.mark.both_databases
def test_odd_answers_are_given_up_after_some_tries_however_long_an_outage_went_before(
    linkable: Connection, calendar: Board, finished: Criteria, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = link(linkable, calendar, finished)
    answers: list[TrelloError] = [Unavailable("Trello is down.")] * 10
    answers += [OddAnswer("nonsense")] * claims.MOST_TRIES

    def refuse(*_: Any) -> Any:
        raise answers.pop(0)

    monkeypatch.setattr(past_job, "read_with_record", refuse)
    try_in_vain(source, 10 + claims.MOST_TRIES - 1)
    assert past_row(source).status == "waiting"
    past = rebuilt(source)
    assert (past.status, answers) == ("failed", [])
    part = stored.past_of(source.measure)
    assert part is not None and not part.is_waiting
    assert list(part.gaps) == [past.failure]


@pytest.mark.both_databases
def test_a_lost_board_is_left_alone_until_it_has_been_synced_again(
    linkable: Connection, calendar: Board, finished: Criteria, sandbox: RunningSandbox
) -> None:
    source = link(linkable, calendar, finished)
    linkable.shows_all_boards = False
    source.board.last_synced_at = utcnow()
    db.session.commit()
    assert rebuilt(source).status == "failed"
    PastClock().tick()
    assert past_row(source).status == "failed"
    linkable.shows_all_boards = True
    source.board.last_synced_at = utcnow()
    db.session.commit()
    PastClock().tick()
    assert rebuilt(source).status == "done"
    assert past_row(source).failure is None


@pytest.mark.both_databases
def test_only_live_sources_of_the_same_board_are_taken_on(
    linkable: Connection, calendar: Board, finished: Criteria, sandbox: RunningSandbox
) -> None:
    first, second, ended = (link(linkable, calendar, finished) for _ in range(3))
    other = link(linkable, sandbox.store.board("Onboarding"), Criteria())
    ended.ended_at = utcnow()
    db.session.commit()
    rebuild_past(ended.versions[-1].id)
    assert past_row(first).status == "waiting", "nothing is read for a source that ended"
    rebuild_past(second.versions[-1].id)
    rows = [past_row(one).status for one in (first, second, ended, other)]
    assert rows == ["done", "done", "waiting", "waiting"]


@pytest.mark.both_databases
def test_sources_whose_first_meaning_is_not_known_get_no_past(
    linkable: Connection, calendar: Board, finished: Criteria
) -> None:
    relinked, changed, empty = (link(linkable, calendar, finished) for _ in range(3))
    relink(relinked, relinked.board, Criteria(completion=COMPLETED), linkable.owner)
    changed.measure.series = 2
    db.session.commit()
    db.session.execute(delete(Past))
    db.session.execute(delete(SourceVersion).where(SourceVersion.source_id == empty.id))
    db.session.commit()
    PastClock().tick()
    assert db.session.scalars(select(Past)).all() == []


def test_a_refused_token_marks_the_connection(
    linkable: Connection, calendar: Board, finished: Criteria, sandbox: RunningSandbox
) -> None:
    source = link(linkable, calendar, finished)
    for token in list(sandbox.store.tokens.values()):
        sandbox.store.revoke(token)
    assert rebuilt(source).status == "waiting"
    db.session.refresh(linkable)
    assert linkable.reconnect_reason


@pytest.mark.both_databases
def test_the_clock_gives_notice_of_what_waits_and_takes_up_what_a_dead_worker_left(
    linkable: Connection, calendar: Board, finished: Criteria, monkeypatch: pytest.MonkeyPatch
) -> None:
    noticed: list[int] = []

    def note(_job: object, row_id: int, **_rest: Any) -> bool:
        noticed.append(row_id)
        return True

    monkeypatch.setattr(past_job, "enqueue", note)
    source = link(linkable, calendar, finished)
    link(linkable, calendar, finished)
    PastClock().tick()
    assert len(noticed) == 1, "one notice for the board"
    past = past_row(source)
    past.status, past.claim, past.lease_until = "running", "gone", utcnow()
    db.session.commit()
    PastClock().tick()
    past = past_row(source)
    assert (past.status, past.claim, past.try_count) == ("waiting", None, 1)


def test_sources_from_before_there_were_pasts_get_theirs(
    linkable: Connection, calendar: Board, finished: Criteria
) -> None:
    source = link(linkable, calendar, finished)
    db.session.delete(past_row(source))
    db.session.commit()
    PastClock().tick()
    assert past_row(source).status == "waiting"


def test_all_sources_are_looked_through_once_in_a_while_not_at_every_turn(
    linkable: Connection, calendar: Board, finished: Criteria, monkeypatch: pytest.MonkeyPatch
) -> None:
    pasts = PastClock()
    pasts.tick()
    source = link(linkable, calendar, finished)
    db.session.delete(past_row(source))
    db.session.commit()
    pasts.tick()
    assert db.session.scalars(select(Past)).all() == []
    later = time.monotonic() + past_job.LOOK_EVERY.total_seconds()
    monkeypatch.setattr("app.trello.past.job.time.monotonic", lambda: later)
    pasts.tick()
    assert past_row(source).status == "waiting"


def test_the_clock_asks_no_more_where_more_sources_have_their_past(
    linkable: Connection, calendar: Board, finished: Criteria
) -> None:
    link(linkable, calendar, finished)
    with count_statements() as few:
        PastClock().tick()
    for _ in range(5):
        link(linkable, calendar, finished)
    with count_statements() as many:
        PastClock().tick()
    assert len(many) == len(few)


def test_nothing_is_read_while_the_integration_is_disabled(
    linkable: Connection, calendar: Board, finished: Criteria, sandbox: RunningSandbox
) -> None:
    source = link(linkable, calendar, finished)
    switch("trello", False, linkable.owner)
    db.session.commit()
    sandbox.forget_requests()
    assert rebuilt(source).status == "waiting"
    assert sandbox.requests == []


def test_other_criteria_on_the_first_day_get_a_past_of_their_own(
    linkable: Connection, calendar: Board, finished: Criteria
) -> None:
    source = link(linkable, calendar, finished)
    rebuilt(source)
    relink(source, source.board, Criteria(completion=COMPLETED), linkable.owner)
    db.session.commit()
    assert [past.status for past in db.session.scalars(select(Past))] == ["waiting"]
    assert past_row(source).source_version_id == source.versions[-1].id


def test_other_criteria_later_leave_the_past_as_it_was(
    linkable: Connection, calendar: Board, finished: Criteria
) -> None:
    source = link(linkable, calendar, finished)
    first = rebuilt(source)
    db.session.add(
        Reading(
            measure=source.measure,
            series=1,
            taken_at=utcnow() - timedelta(days=2),
            value=source.measure.target_value,
            source_version=source.versions[-1],
        )
    )
    db.session.commit()
    relink(source, source.board, Criteria(completion=COMPLETED), linkable.owner)
    db.session.commit()
    kept = db.session.scalars(select(Past)).one()
    assert (kept.source_version_id, kept.status) == (first.source_version_id, "done")
    part = stored.past_of(source.measure)
    assert part is not None
    two_days_ago = utcnow() - timedelta(days=2)
    assert all(point.moment < two_days_ago for point in part.points), "own readings are the record"


@pytest.mark.parametrize("whose", ["its own", "its cycle's"])
def test_an_item_that_is_moved_to_an_earlier_first_day_gets_a_longer_past(
    linkable: Connection, calendar: Board, finished: Criteria, whose: str
) -> None:
    source = link(linkable, calendar, finished, days_back=10)
    item = source.measure.item
    short = rebuilt(source)
    begun, told = short.wanted_from, stored.past_of(source.measure)
    assert told is not None
    PastClock().tick()
    assert past_row(source).status == stored.DONE

    earlier = begun - timedelta(days=20)
    if whose == "its own":
        item.starts_on = earlier
    else:
        item.starts_on, item.cycle.starts_on = None, earlier
    db.session.commit()
    PastClock().tick()
    waiting = past_row(source)
    assert (waiting.status, waiting.wanted_from) == (stored.WAITING, earlier)
    assert rebuilt(source).status == stored.DONE
    longer = stored.past_of(source.measure)
    assert longer is not None
    assert longer.points[0].moment.date() == earlier < told.points[0].moment.date()
    assert longer.points[-1] == told.points[-1]


@pytest.mark.parametrize("days", [5, 200])
def test_a_later_first_day_or_one_yet_to_come_leaves_the_past_as_it_is(
    linkable: Connection, calendar: Board, finished: Criteria, days: int
) -> None:
    source = link(linkable, calendar, finished, days_back=10)
    begun = rebuilt(source).wanted_from
    source.measure.item.starts_on = begun + timedelta(days=days)
    source.measure.item.ends_on = begun + timedelta(days=300)
    db.session.commit()
    PastClock().tick()
    assert (past_row(source).status, past_row(source).wanted_from) == (stored.DONE, begun)


def test_a_past_that_was_given_to_another_worker_is_not_written(
    linkable: Connection,
    calendar: Board,
    finished: Criteria,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = link(linkable, calendar, finished)
    read = past_job.read_with_record

    def read_slowly(*args: Any) -> Any:
        answer = read(*args)
        db.session.execute(update(Past).values(claim="another"))
        db.session.commit()
        return answer

    monkeypatch.setattr(past_job, "read_with_record", read_slowly)
    past = rebuilt(source)
    assert (past.status, past.claim, past.payload) == ("running", "another", None)


def test_a_board_that_changes_meanwhile_is_read_once_more(
    linkable: Connection,
    calendar: Board,
    finished: Criteria,
    sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = link(linkable, calendar, finished)
    fetch, left = past_job.read_with_record.__globals__["fetch_board"], [2]

    def fetch_while_it_changes(*args: Any) -> Any:
        snapshot = fetch(*args)
        if left[0]:
            left[0] -= 1
            changes.add_card(calendar, calendar.list_("Finished"), "In between")
        return snapshot

    monkeypatch.setattr("app.trello.past.reading.fetch_board", fetch_while_it_changes)
    past = rebuilt(source)
    assert past.status == "done"
    assert past.request_count == 3 * 3 + 1
