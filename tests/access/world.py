"""One workspace with every kind of thing, and those who ask for them.

A route whose address names a thing is asked with each of the things below that its argument may
name; a route that reads a form is given the one in `forms`, or an empty one.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.accounts.models import ADMIN, OBSERVER, PasswordLink, Person, PersonSession
from app.accounts.setup import make_workspace
from app.db import db, utcnow
from app.mail.kinds import KINDS
from app.mail.unsubscribing import unsubscribe_url
from app.okrs.comments.models import Comment
from app.okrs.cycles import Year, all_cycles, current_cycle
from app.okrs.explorer.models import SavedView
from app.okrs.models import TEAM, UNTIL_RESUMED, CheckIn, Cycle, KeyResult, Measure, Objective
from app.okrs.moving.answers import Answers, NewCycle
from app.okrs.moving.models import Import, WaitingSource
from app.okrs.moving.neutral import OBJECTIVE, FileContent, FileItem, pack
from app.okrs.moving.origin import VIVA
from app.okrs.readings import record_check_in
from app.okrs.rollup.settling import settle
from app.teams.models import Team
from app.trello.counting import Criteria
from app.trello.models import EVERYONE, PEOPLE, Board, Connection, Webhook
from app.trello.sources import link
from tests.audit.entries import make_entry
from tests.support.client import Client
from tests.support.people import PASSWORD, make_person
from tests.teams.making import make_team
from tests.trello.connections import BOARDS, SECRET, keep_boards, make_connection, make_ready

ROLES = ("anonymous", "observer", "member", "viewer", "teammate", "lead", "owner", "admin")
"""The columns of the table. The member owns nothing here, and nothing is shared with them.

With the viewer the private objective and one connection are shared by name; to the owner belongs
all there is, but for one key result, which is the viewer's. The teammate and the lead are in the
team to which one objective belongs, which alone sees another, and with which one connection is
shared.
"""
CLOSED = "closed"
"""Someone whose account is closed, with the cookie of a session that is still there."""

SITE = "http://localhost"
SETTINGS = {
    "PUBLIC_URL": SITE,
    "SMTP_URL": "smtp://127.0.0.1:9?from=okr@example.com",
    "OIDC_ISSUER": "http://127.0.0.1:9",
    "OIDC_CLIENT_ID": "tally",
    "OIDC_CLIENT_SECRET": "secret-of-tally",
}
"""An installation that Trello reaches, that sends mail, and where people may sign in with OpenID
Connect; though no mail leaves it here, and the provider can't be reached."""

WEBHOOK_KEY = "a-key-that-nobody-guesses"
WEBHOOK_ADDRESS = f"{SITE}/webhooks/trello/{WEBHOOK_KEY}"
ABSENT = (999_999, 2**31, 10**30)
"""Ids under which there is nothing, in the range of the database and beyond it."""

ME = "whoever asks"
"""In a form: the id of the person who sends it."""

Form = Mapping[str, object]


@dataclass
class Browser:
    """What a browser in which someone signed in has to show."""

    cookie: str
    csrf_token: str
    person_id: int | None


@dataclass
class World:
    browsers: dict[str, Browser] = field(default_factory=dict)
    things: dict[str, dict[str, object]] = field(default_factory=dict)
    """By the name of an argument in an address: what it may be, each under a word of its own."""
    forms: dict[str, Form] = field(default_factory=dict)
    """By endpoint: what is filled in, so that nothing but a lack of right stands in the way."""
    queries: dict[str, dict[str, Form]] = field(default_factory=dict)
    """By endpoint: what its address may ask for besides, each under a word of its own."""
    deliveries: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By endpoint: requests that are no form, each under a word of its own."""
    hidden: dict[str, list[object]] = field(default_factory=dict)
    """By the name of an argument: what a member who was not let in can't tell from nothing."""


def make_world(app: Flask) -> World:
    """Fill the app's database, which has tables and no rows."""
    make_workspace("Tally", "UTC")
    db.session.commit()
    people = {
        "admin": make_person("Alice Adams", ADMIN),
        "owner": make_person("Bob Brown"),
        "member": make_person("Carol Clark"),
        "viewer": make_person("Vera Voss"),
        "teammate": make_person("Tara Teal"),
        "lead": make_person("Lena Lind"),
        "observer": make_person("Olga Orlova", OBSERVER),
        CLOSED: make_person("Dave Dunn", is_active=False),
        "newcomer": make_person("Erik Ek", password_hash=None),
    }
    world = World()
    _add_people(app, world, people)
    make_ready(app, db.session.merge(people["admin"]))
    team = _add_teams(world, people)
    connections = _add_connections(app, world, people, team)
    _add_items(world, people, team, connections["private"])
    _add_views(world, people["owner"])
    make_entry(people["owner"], "objective.created", "objective", 1, "Grow")
    _add_imports(world, people["admin"])
    _fill_in_forms(world, people)
    for role in (*ROLES, CLOSED):
        world.browsers[role] = _browser(app, people.get(role))
    return world


def _browser(app: Flask, person: Person | None) -> Browser:
    client = Client(app)
    if person is not None:
        client.sign_in(person)
    token = client.token()
    cookie = client.flask.get_cookie("tally_session")
    assert cookie is not None
    return Browser(f"tally_session={cookie.value}", token, person and person.id)


def _add_people(app: Flask, world: World, people: Mapping[str, Person]) -> None:
    owner = db.session.merge(people["owner"])
    owner.oidc_issuer, owner.oidc_subject = SETTINGS["OIDC_ISSUER"], "subject-of-the-owner"
    elsewhere = PersonSession(person_id=people["owner"].id, token_hash="e" * 64)
    open_link, token = PasswordLink.make(people["newcomer"])
    db.session.add_all([elsewhere, open_link])
    db.session.commit()
    world.things["person_id"] = {
        "invited": people["newcomer"].id,
        "owner": people["owner"].id,
        "closed": people[CLOSED].id,
    }
    world.things["session_id"] = {"owner's": elsewhere.id}
    world.things["/welcome/<token> token"] = {"good": token, "made-up": "x" * 43}
    with app.test_request_context():
        _, _, unsubscribe = unsubscribe_url(people["owner"], KINDS["summary"]).rpartition("/")
    world.things["/unsubscribe/<string:token> token"] = {"good": unsubscribe, "made-up": "x.y"}
    world.things["filename"] = {"style": "style.css", "none": "../app/config.py"}


def _add_connections(
    app: Flask, world: World, people: Mapping[str, Person], team: Team
) -> dict[str, Connection]:
    owner = people["owner"]
    made = {
        "private": make_connection(app, owner, name="Private"),
        "by-name": make_connection(app, owner, name="By name", sharing=PEOPLE, member_id="2" * 24),
        "everyone": make_connection(
            app, owner, name="Everyone", sharing=EVERYONE, member_id="3" * 24
        ),
        "for-team": make_connection(app, owner, name="Team", sharing=PEOPLE, member_id="4" * 24),
    }
    connections = {word: db.session.merge(one) for word, one in made.items()}
    connections["by-name"].shared_with = [db.session.merge(people["viewer"])]
    connections["for-team"].shared_with_teams = [db.session.merge(team)]
    for one in connections.values():
        keep_boards(one)
    world.things["connection_id"] = {word: one.id for word, one in connections.items()}
    hidden = ("private", "by-name", "for-team")
    world.hidden["connection_id"] = [connections[word].id for word in hidden]
    return connections


def _add_teams(world: World, people: Mapping[str, Person]) -> Team:
    team = make_team("Marketing", people["lead"], (people["teammate"],))
    world.things["team_id"] = {"theirs": team.id, "other": make_team("Sales").id}
    world.things["/teams/<int:team_id>/members/<int:person_id>/remove person_id"] = {
        "in-it": people["teammate"].id,
        "not-in-it": people["member"].id,
    }
    return team


def _add_items(
    world: World, people: Mapping[str, Person], team: Team, connection: Connection
) -> None:
    cycle, team = current_cycle(), db.session.merge(team)
    owner, viewer = (db.session.merge(people[role]) for role in ("owner", "viewer"))
    open_one = _objective("Grow", owner, cycle)
    private = _objective("Sell", owner, cycle, is_private=True, viewers=[viewer])
    teams = _objective("Reach", owner, cycle, level=TEAM, team=team)
    for_team = _objective("Hire", owner, cycle, is_private=True, viewer_teams=[team])
    deleted = _objective("Forget", owner, cycle, deleted_at=utcnow())
    counted = {"open": _key_result(open_one, owner), "private": _key_result(private, owner)}
    parts = {"team's": _key_result(teams, owner), "for-team": _key_result(for_team, owner)}
    others = _key_result(open_one, viewer)
    gone = _key_result(deleted, owner)
    _objective("Next", owner, all_cycles()[0])
    alone = _key_result(open_one, owner)
    alone.deleted_at = utcnow()
    cycles = {
        "open": Cycle(name="Season", starts_on=date(2020, 1, 1), ends_on=date(2020, 5, 1)),
        "closed": Cycle(
            name="Past",
            starts_on=date(2019, 1, 1),
            ends_on=date(2019, 5, 1),
            closed_at=utcnow(),
        ),
    }
    db.session.add_all(cycles.values())
    ended = {
        "open": _closed("Keep", owner, cycle),
        "private": _closed("Hush", owner, cycle, is_private=True, viewers=[viewer]),
    }
    db.session.commit()
    for one in ("objective", "key_result"):
        route = f"/{one.replace('_', '-')}s/<int:{one}_id>/reopen {one}_id"
        world.things[route] = {
            word: (it if one == "objective" else it.key_results[0]).id for word, it in ended.items()
        }
    board = Board(connection=db.session.merge(connection), trello_id="b" * 24, name="Launch")
    db.session.add(board)
    linked = {word: link(one.measure, board, Criteria(), owner) for word, one in counted.items()}
    webhook = Webhook(board=board, key=WEBHOOK_KEY, callback_url=WEBHOOK_ADDRESS, trello_id="w1")
    db.session.add(webhook)
    db.session.commit()
    sources = {word: one.id for word, one in linked.items()}
    world.things["objective_id"] = {
        "open": open_one.id,
        "private": private.id,
        "team's": teams.id,
        "for-team": for_team.id,
    }
    world.things["key_result_id"] = {
        **{word: one.id for word, one in (counted | parts).items()},
        "viewer's": others.id,
    }
    _add_words(world, {**counted, "team's": parts["team's"]}, owner)
    world.things["cycle_id"] = {word: one.id for word, one in cycles.items()}
    world.things["/objectives/<int:objective_id>/restore objective_id"] = {
        "deleted": deleted.id,
        "open": open_one.id,
    }
    world.things["/key-results/<int:key_result_id>/restore key_result_id"] = {
        "deleted": alone.id,
        "with-objective": gone.id,
    }
    criteria = {"board_id": "b", "board_name": "Launch", **Criteria().definition()}
    elsewhere = {**criteria, "names": {"lists": {}, "labels": {}, "members": {}}}
    db.session.add(
        WaitingSource(measure_id=others.measure_id, integration="trello", definition=elsewhere)
    )
    db.session.commit()
    world.things["measure_id"] = {
        "waiting": others.measure_id,
        "private": counted["private"].measure_id,
    }
    world.hidden["measure_id"] = [counted["private"].measure_id, gone.measure_id]
    world.things["source_id"] = {**sources}
    world.things["board_id"] = {"counted": board.id}
    world.things["key"] = {"known": WEBHOOK_KEY, "made-up": "x" * 32}
    world.things["name"] = {"trello": "trello", "made-up": "cake"}
    world.hidden["objective_id"] = [private.id, for_team.id, deleted.id]
    world.hidden["key_result_id"] = [counted["private"].id, parts["for-team"].id, gone.id]
    world.hidden["source_id"] = [sources["private"]]


def _add_views(world: World, owner: Person) -> None:
    own = SavedView(person_id=owner.id, name="Late", key="late", query="status=late")
    shared = SavedView(person_id=owner.id, name="Mine", key="mine", query="", is_shared=True)
    db.session.add_all([own, shared])
    db.session.commit()
    world.things["view_id"] = {"owner's": own.id, "shared": shared.id}
    world.hidden["view_id"] = [own.id, shared.id]


def _add_words(world: World, spoken_of: Mapping[str, KeyResult], owner: Person) -> None:
    """What the owner said of these, with values that stand in for what is counted."""
    check_ins, comments = {}, {}
    for word, key_result in spoken_of.items():
        made = CheckIn(measure=key_result.measure, person_id=owner.id, made_at=utcnow())
        db.session.add(made)
        override = UNTIL_RESUMED if key_result.measure.source else None
        record_check_in(key_result.measure, made, Fraction(7), override)
        check_ins[word] = made
        comments[word] = Comment(measure=key_result.measure, person_id=owner.id, text="Well done")
        db.session.add(comments[word])
    db.session.commit()
    settle()
    world.things["check_in_id"] = {word: one.id for word, one in check_ins.items()}
    world.hidden["check_in_id"] = [check_ins["private"].id]
    world.things["comment_id"] = {word: one.id for word, one in comments.items()}
    world.hidden["comment_id"] = [comments["private"].id]


def _objective(title: str, owner: Person, cycle: Cycle, **values: Any) -> Objective:
    objective = Objective(
        title=title, owner=owner, cycle=cycle, measure=Measure(kind="roll_up"), **values
    )
    db.session.add(objective)
    return objective


def _key_result(objective: Objective, owner: Person) -> KeyResult:
    measure = Measure(kind="percent")
    key_result = KeyResult(title="Publish", objective=objective, owner=owner, measure=measure)
    db.session.add(key_result)
    return key_result


def _closed(title: str, owner: Person, cycle: Cycle, **values: Any) -> Objective:
    """An objective with a key result, both closed."""
    objective = _objective(title, owner, cycle, **values)
    for one in (objective, _key_result(objective, owner)):
        one.measure.ended_as = "closed"
    return objective


def _add_imports(world: World, admin: Person) -> None:
    item = FileItem(row=2, title="Sing", kind="Objective", period="Q1 2031")
    content = FileContent("Viva Goals table", VIVA, (item,))
    period = NewCycle("Q1 2031", date(2031, 1, 1), date(2031, 3, 31))
    answers = Answers(kinds={"Objective": OBJECTIVE}, periods={"Q1 2031": period})
    values = {"person_id": admin.id, "file_name": "viva.csv", "layout": content.layout}
    begun = Import(content=pack(content), mapping=answers.stored(), **values)
    done = Import(mapping={}, done_at=utcnow(), outcome={"new": 1}, **values)
    db.session.add_all([begun, done])
    db.session.commit()
    world.things["import_id"] = {"begun": begun.id, "done": done.id}


def _fill_in_forms(world: World, people: Mapping[str, Person]) -> None:
    open_one = db.session.get_one(KeyResult, world.things["key_result_id"]["open"])
    item = {"step": "save", "title": "Better", "owner": people["owner"].id, "measure": "percent"}
    objective = item | {"cycle": current_cycle().id, "visibility": "everyone"}
    later = all_cycles()[0].id
    elsewhere = db.session.scalar(select(Objective.id).where(Objective.cycle_id == later))
    password = "a brand new passphrase"
    world.forms = {
        "accounts.setup": {
            "name": "Mallory",
            "email": "mallory@example.com",
            "password": password,
            "workspace_name": "Mine",
            "time_zone": "UTC",
        },
        "accounts.sign_in": {"email": people["owner"].email, "password": PASSWORD},
        "accounts.choose_password": {"password": password},
        "accounts.profile": {"name": "Another Name", "time_zone": ""},
        "accounts.change_password": {"current_password": PASSWORD, "new_password": password},
        "accounts.forgot_password": {"email": people["owner"].email},
        "accounts.invite_person": {"name": "Zoe", "email": "zoe@example.com", "role": "member"},
        "accounts.change_person_role": {"role": "observer", "heir": people["viewer"].id},
        "accounts.deactivate_person": {"heir": people["viewer"].id},
        "mail.change_mail": {"mail_weekday": 2, "mail_hour": 7},
        "okrs.save_view": {"name": "New", "query": "owner=me"},
        "okrs.change_view": {"name": "Newer"},
        "okrs.map_import": {
            "kind-0": "objective",
            "period-0": "make",
            "period-0-first": "2031-01-01",
            "period-0-last": "2031-03-31",
        },
        "okrs.add_cycle": {"name": "Later", "first_day": "2031-01-01", "last_day": "2031-03-31"},
        "okrs.edit_workspace": {
            "name": "Other",
            "time_zone": "UTC",
            "first_month": 4,
            "behind_above": 1,
            "at_risk_above": 20,
        },
        "okrs.postpone_objective": {"cycle": later},
        "okrs.clone_objective": {"cycle": later},
        "okrs.postpone_key_result": {"objective": elsewhere},
        "okrs.clone_key_result": {"objective": elsewhere},
        "okrs.add_year": {"name": Year.holding(current_cycle().starts_on).name},
        "okrs.edit_cycle": {
            "name": "Other",
            "first_day": "2020-01-01",
            "last_day": "2020-06-01",
        },
        "okrs.close_objective": {"value": "50", "score": "0.5", "parts": "close"},
        "okrs.close_key_result": {"value": "50", "score": "0.5", "parts": "close"},
        "okrs.new_objective": objective | {"owner": ME},
        "okrs.edit_objective": objective,
        "okrs.new_key_result": item,
        "okrs.edit_key_result": item,
        "okrs.move_key_result": {"way": "down"},
        "okrs.check_in_objective": {"note": "It goes well."},
        "okrs.check_in_key_result": {"note": "It goes well."},
        "okrs.comment_on_objective": {"text": "Well done."},
        "okrs.comment_on_key_result": {"text": "Well done."},
        "okrs.check_in_round": {"note": "It goes well.", "measure": open_one.measure_id},
        "okrs.edit_comment": {"text": "Done well."},
        "okrs.edit_check_in": {"value": "8", "note": "It goes better."},
        "teams.new_team": {"name": "Support"},
        "teams.edit_team": {"name": "Growth"},
        "teams.add_to_team": {"people": [people["owner"].id]},
        "trello.manage": {"api_key": "k" * 32, "api_secret": "s" * 64},
        "trello.configure_connection": {
            "name": "Another name",
            "sharing": "private",
            "shown": "only",
            "boards": [next(iter(BOARDS))],
        },
    }
    connections = world.things["connection_id"]
    world.queries = {
        "trello.new_connection": {
            "-": {},
            **{f"again-{word}": {"reconnect": one} for word, one in connections.items()},
        },
    }
    signed = hmac.new(SECRET.encode(), b"{}" + WEBHOOK_ADDRESS.encode(), hashlib.sha1).digest()
    world.deliveries = {
        "trello.receive_webhook": {
            "unsigned": {"data": b"{}"},
            "signed": {
                "data": b"{}",
                "headers": {"X-Trello-Webhook": base64.b64encode(signed).decode()},
            },
        },
    }
