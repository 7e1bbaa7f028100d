"""python -m sandbox.demo: fills an empty workspace with sample data, through Tally's own models.

Its sign-in is in DATA_DIR/demo.json. With SANDBOX_API_KEY set, a sandbox has to run where
TRELLO_API_URL points: an account there is connected, and some key results count on its boards.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from sqlalchemy.orm import Session

from app import create_app
from app.accounts.models import ADMIN, Person
from app.accounts.setup import is_set_up, make_workspace
from app.config import Config
from app.db import db, utcnow
from app.migrating import upgrade
from app.okrs.changes import ALIGNMENT, CREATED, SOURCE
from app.okrs.comments.models import Comment, Mention
from app.okrs.cycles import Quarter, ensure_quarters
from app.okrs.integrations import switch
from app.okrs.models import (
    CLOSED,
    KPI,
    PERCENT,
    ROLL_UP,
    Change,
    CheckIn,
    Cycle,
    KeyResult,
    Measure,
    Objective,
    Reading,
)
from app.okrs.models import COMPANY as OF_COMPANY
from app.okrs.readings import record_check_in
from app.okrs.rollup.settling import settle
from app.trello import oauth
from app.trello.answers import BoardFrame, Snapshot
from app.trello.app_keys import AppKeys, current_app_keys
from app.trello.boards import fetch_board
from app.trello.client import Credentials, Trello
from app.trello.counting import NOT_COMPLETED, Criteria
from app.trello.models import EVERYONE, Board, Connection
from app.trello.sources import apply_snapshot, link
from app.vault import encrypt
from sandbox.demo_teams import give_to_teams
from sandbox.past_roll_ups import roll_up_the_past

COMPANY, APP_NAME = "Lund & Co", "Tally"
TRELLO_MEMBER = "mina"
SANDBOX_UP_WITHIN = 30


@dataclass(frozen=True)
class Counted:
    """What a sample key result counts on a board of the sandbox."""

    board: str
    criteria: Callable[[BoardFrame], Criteria]


@dataclass(frozen=True)
class Sample:
    """A sample key result. Pace is its progress as a share of what was expected of it."""

    title: str
    kind: str
    start: int = 0
    target: int = 100
    unit: str = ""
    pace: Fraction = Fraction(1)
    notes: Sequence[str] = ()
    counted: Counted | None = None


def _list(name: str) -> Callable[[BoardFrame], Criteria]:
    return lambda frame: Criteria(list_ids=tuple(one.id for one in frame.lists if one.name == name))


def _label(name: str, **rest: Any) -> Callable[[BoardFrame], Criteria]:
    return lambda frame: Criteria(
        label_ids=tuple(one.id for one in frame.labels if one.name == name), **rest
    )


SAMPLES: Sequence[tuple[str, str, str, Sequence[Sample]]] = (
    (
        "Publish what customers ask for",
        "Every piece answers a question that support has heard this quarter.",
        "Ada Ek",
        (
            Sample(
                "Finish 24 pieces",
                KPI,
                target=24,
                unit="pieces",
                counted=Counted("Content calendar", _list("Finished")),
            ),
            Sample(
                "Bring the newsletter to 5,000 readers",
                KPI,
                start=3800,
                target=5000,
                unit="readers",
                pace=Fraction(17, 20),
                notes=("The spring issue brought the most.", "A slow fortnight.", ""),
            ),
            Sample(
                "Rewrite the help pages",
                PERCENT,
                pace=Fraction(11, 10),
                notes=("", "Half of them read well now.", "Ahead, thanks to Sara."),
            ),
        ),
    ),
    (
        "Launch reports without drama",
        "Nothing is left to the last night.",
        "Mina Lund",
        (
            Sample(
                "Tick off the launch checklist",
                PERCENT,
                counted=Counted("Launch checklist", lambda frame: Criteria()),
            ),
            Sample(
                "20 teams use the beta every week",
                KPI,
                target=20,
                unit="teams",
                pace=Fraction(1, 2),
                notes=("First invitations are out.", "Too few; asking in the newsletter next.", ""),
            ),
        ),
    ),
    (
        "New teams settle in within a day",
        "From sign-up to a first board with cards on it.",
        "Tom Okafor",
        (
            Sample(
                "Bring open onboarding bugs from 12 to none",
                KPI,
                start=12,
                target=0,
                unit="bugs",
                counted=Counted("Onboarding", _label("bug", completion=NOT_COMPLETED)),
            ),
            Sample(
                "Ship the onboarding features",
                PERCENT,
                counted=Counted("Onboarding", _label("feature")),
            ),
            Sample(
                "Bring the time to a first board from 95 to 20 minutes",
                KPI,
                start=95,
                target=20,
                unit="minutes",
                pace=Fraction(9, 10),
                notes=(
                    "Measured on 40 teams.",
                    "The tour helps.",
                    "Import is what takes long now.",
                ),
            ),
        ),
    ),
    (
        "Orders leave on the day they come",
        "",
        "Tom Okafor",
        (
            Sample(
                "Ship 700 crates",
                KPI,
                target=700,
                unit="crates",
                counted=Counted("Warehouse", _list("Shipped")),
            ),
            Sample(
                "Bring same-day orders from 82 to 98 in a hundred",
                KPI,
                start=82,
                target=98,
                unit="of 100",
                pace=Fraction(11, 10),
                notes=("", "The second packing table is up.", ""),
            ),
        ),
    ),
)


ANNUAL = ("Small teams recommend us", "What the quarters of this year lead to.", "Ada Ek")
UNDER_IT = ("Publish what customers ask for", "New teams settle in within a day")
"""An objective of the whole year and the company, and what is aligned under it."""


@dataclass(frozen=True)
class Account:
    """A sandbox account that was connected, and the boards to count on as they are now."""

    keys: AppKeys
    grant: oauth.Grant
    member_id: str
    member_username: str
    member_name: str
    boards: dict[str, Snapshot]


def main() -> None:
    app = create_app()
    config: Config = app.extensions["tally_config"]
    upgrade(config.database_url)
    sign_in = json.loads((config.data_dir / "demo.json").read_text())
    with app.app_context():
        if is_set_up():
            _check_that_it_is_ours(sign_in["email"])
            return
        db.end_reading()
        account = _connect_account(config) if os.environ.get("SANDBOX_API_KEY") else None
        with db.writing() as session:
            _fill(session, sign_in, account)
        settle()


def _check_that_it_is_ours(email: str) -> None:
    if db.session.query(Person).filter_by(email=email).first() is None:
        sys.exit("DATA_DIR holds a workspace that is not the demo's: make run starts that one.")


def _fill(session: Session, sign_in: dict[str, str], account: Account | None) -> None:
    make_workspace(COMPANY, "UTC")
    people = _people(session, sign_in)
    cycle = ensure_quarters()[0]
    connection = _connection(session, people, account) if account else None
    objectives: dict[str, Objective] = {}
    for title, description, owner, key_results in SAMPLES:
        objective = Objective(
            title=title,
            description=description,
            owner=people[owner],
            cycle=cycle,
            measure=Measure(kind=ROLL_UP),
            created_at=_first_moment(cycle),
        )
        session.add_all([objective, _change(objective, CREATED)])
        for position, sample in enumerate(key_results):
            key_result = _key_result(session, objective, sample, position)
            if sample.counted is None:
                _check_in(session, key_result, sample)
            elif account is not None and connection is not None:
                snapshot = account.boards[sample.counted.board]
                _count_on(session, key_result, connection, snapshot, sample.counted)
        roll_up_the_past(session, objective, _first_moment(cycle))
        objectives[title] = objective
    _talk_of(session, objectives[SAMPLES[0][0]].key_results[0], people)
    _end_the_quarter_before(session, people["Mina Lund"], cycle)
    give_to_teams(session, people, objectives)
    _align(session, people, cycle, [objectives[title] for title in UNDER_IT])


def _talk_of(session: Session, key_result: KeyResult, people: dict[str, Person]) -> None:
    """A comment that waits for whoever signs in."""
    mina, ada = people["Mina Lund"], people["Ada Ek"]
    text = f"@{ada.name}, the printer has two more. Shall I move their cards?"
    measure = key_result.measure
    comment = Comment(measure=measure, person_id=mina.id, text=text)
    mention = Mention(person_id=ada.id, by_id=mina.id, measure=measure, comment=comment)
    session.add_all([comment, mention])


def _end_the_quarter_before(session: Session, owner: Person, present: Cycle) -> None:
    """One objective in it, closed with a score, so that its review has something to tell."""
    quarter = Quarter.holding(present.starts_on - timedelta(days=1))
    cycle = Cycle(name=quarter.name, starts_on=quarter.starts_on, ends_on=quarter.ends_on)
    moment, progress = _first_moment(present), Fraction(85)
    measure = Measure(
        kind=PERCENT,
        value=progress,
        valued_at=moment,
        ended_as=CLOSED,
        ended_at=moment,
        ended_by=owner,
        final_value=progress,
        score=Fraction(9, 10),
        closing_note="All but the week of the move. Worth keeping up.",
    )
    objective = Objective(
        title="Answer every customer within a day",
        owner=owner,
        cycle=cycle,
        measure=measure,
        created_at=_first_moment(cycle),
    )
    ended = _change(objective, CLOSED, "85 %, score 0.9")
    ended.made_at = moment
    session.add_all([objective, _change(objective, CREATED), ended])
    for week, value in ((3, 20), (6, 40), (9, 65), (12, 85)):
        taken_at = objective.created_at + timedelta(weeks=week)
        reading = Reading(measure=measure, series=1, taken_at=taken_at, value=Fraction(value))
        session.add(reading)


def _align(
    session: Session, people: dict[str, Person], quarter: Cycle, aligned: Sequence[Objective]
) -> None:
    """Put these under an objective of the company, in the quarter's calendar year."""
    title, description, owner = ANNUAL
    year = quarter.starts_on.year
    annual = Objective(
        title=title,
        description=description,
        owner=people[owner],
        cycle=Cycle(name=f"{year}", starts_on=date(year, 1, 1), ends_on=date(year, 12, 31)),
        level=OF_COMPANY,
        measure=Measure(kind=ROLL_UP),
        created_at=_first_moment(quarter),
    )
    session.add_all([annual, _change(annual, CREATED)])
    for objective in aligned:
        objective.parent_measure = annual.measure
        session.add(_change(objective, ALIGNMENT, title))
    roll_up_the_past(session, annual, _first_moment(quarter), aligned)


def _people(session: Session, sign_in: dict[str, str]) -> dict[str, Person]:
    """Ada runs the place; the others sign in with the same password."""
    people = [
        Person(name="Ada Ek", email=sign_in["email"], role=ADMIN),
        Person(name="Mina Lund", email="mina@example.com"),
        Person(name="Tom Okafor", email="tom@example.com"),
    ]
    for person in people:
        person.choose_password(sign_in["password"])
    session.add_all(people)
    session.flush()  # their ids are written beside what they did
    return {person.name: person for person in people}


def _key_result(session: Session, objective: Objective, sample: Sample, position: int) -> KeyResult:
    key_result = KeyResult(
        title=sample.title,
        owner=objective.owner,
        objective=objective,
        position=position,
        created_at=objective.created_at,
        measure=Measure(
            kind=sample.kind,
            start_value=Fraction(sample.start),
            target_value=Fraction(sample.target),
            unit=sample.unit,
            series=1,
        ),
    )
    session.add_all([key_result, _change(key_result, CREATED)])
    session.flush()  # what follows looks for its readings
    return key_result


def _check_in(session: Session, key_result: KeyResult, sample: Sample) -> None:
    """A week or two between check-ins, each at the sample's pace, with a little to and fro."""
    cycle, begun = key_result.cycle, _first_moment(key_result.cycle)
    whole = cycle.ends_on - cycle.starts_on
    passed = utcnow() - begun
    times = 3 * len(sample.notes)
    for number in range(1, times + 1):
        moment = begun + passed * (49 * number) / (50 * times)  # the last one lately
        expected = Fraction((moment - begun) // timedelta(hours=1), whole.days * 24)
        to_and_fro = Fraction((number * 7) % 5 - 2, 60) if number < times else 0
        done = expected * (sample.pace + to_and_fro)
        check_in = CheckIn(
            measure=key_result.measure,
            person_id=key_result.owner.id,
            made_at=moment,
            note=sample.notes[number // 3 - 1] if number % 3 == 0 else "",
            confidence=round(5 + 3 * sample.pace) if number % 3 == 0 else None,
        )
        session.add(check_in)
        value = Fraction(round(sample.start + (sample.target - sample.start) * done))
        record_check_in(key_result.measure, check_in, value)


def _first_moment(cycle: Cycle) -> datetime:
    return datetime.combine(cycle.starts_on, time_of_day(), UTC)


def _change(item: Objective | KeyResult, what: str, after: str = "") -> Change:
    moment = item.created_at if what == CREATED else utcnow()
    return Change(
        measure=item.measure, person_id=item.owner.id, made_at=moment, what=what, after=after
    )


def _connection(session: Session, people: dict[str, Person], account: Account) -> Connection:
    switch("trello", True, people["Ada Ek"])
    connection = Connection(
        owner=people["Mina Lund"],
        name="Mina’s boards",
        sharing=EVERYONE,
        shared_at=utcnow(),
        shows_all_boards=True,
        is_configured=True,
        member_id=account.member_id,
        member_username=account.member_username,
        member_name=account.member_name,
        token_encrypted=encrypt(account.grant.token),
        token_secret_encrypted=encrypt(account.grant.token_secret),
        key_fingerprint=account.keys.fingerprint,
    )
    session.add(connection)
    return connection


def _count_on(
    session: Session,
    key_result: KeyResult,
    connection: Connection,
    snapshot: Snapshot,
    counted: Counted,
) -> None:
    frame = snapshot.frame
    board = next((one for one in connection.boards if one.trello_id == frame.id), None)
    if board is None:
        board = Board(connection=connection, trello_id=frame.id, name=frame.name, url=frame.url)
        session.add(board)
    session.add(_change(key_result, SOURCE, "Trello"))  # first: it is what the count follows from
    source = link(key_result.measure, board, counted.criteria(frame), key_result.owner)
    session.flush()  # evidence points at the version, and the version at its source
    apply_snapshot(session, board, [source], snapshot)


def _connect_account(config: Config) -> Account:
    """Sign in at the sandbox as a person would, and read the boards."""
    keys = current_app_keys()
    if keys is None:
        sys.exit("TRELLO_API_KEY is missing.")
    _wait_for(config.trello_origin)
    callback = "http://127.0.0.1/"  # nobody listens there: what comes back is read here
    begun = oauth.begin(keys, callback, APP_NAME)
    back = oauth.came_back(dict(parse_qsl(urlsplit(_consent(begun.address)).query)))
    if back.proof is None:
        sys.exit("The sandbox gave no consent.")
    grant = oauth.finish(keys, begun.name, begun.secret, back.proof)
    trello = Trello(
        Credentials(keys.key, keys.secret, grant.token, grant.token_secret), config.trello_api_url
    )
    member = trello.me()
    wanted = {one.counted.board for *_, samples in SAMPLES for one in samples if one.counted}
    boards = {
        board.name: fetch_board(trello, board.id)
        for board in trello.open_boards()
        if board.name in wanted
    }
    return Account(keys, grant, member.id, member.username, member.full_name, boards)


def _wait_for(origin: str) -> None:
    deadline = time.monotonic() + SANDBOX_UP_WITHIN
    while True:
        try:
            requests.get(f"{origin}/healthz", timeout=5).raise_for_status()
            return
        except requests.RequestException:
            if time.monotonic() > deadline:
                sys.exit(f"The sandbox does not answer at {origin}.")
            time.sleep(0.1)


def _consent(address: str) -> str:
    """Allow it on the consent page. The address that the browser would be sent back to."""
    with requests.Session() as browser:
        page = browser.get(address, timeout=10)
        page.raise_for_status()
        form = _ConsentForm(page.text)
        answer = browser.post(
            f"{urlsplit(address).scheme}://{urlsplit(address).netloc}{form.action}",
            data=form.fields | {"answer": "allow"},
            allow_redirects=False,
            timeout=10,
        )
    return answer.headers.get("Location", "")


class _ConsentForm(HTMLParser):
    """The consent page's form, with the sample member chosen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values.get("action", "")
        if tag != "input" or "name" not in values:
            return
        if values.get("type") == "radio" and values.get("id") != f"member-{TRELLO_MEMBER}":
            return
        self.fields[values["name"]] = values.get("value", "")


if __name__ == "__main__":
    main()
