"""What an attacker finds: one thing of each kind, all of it someone else's."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from app.accounts.models import OBSERVER, Person, PersonSession
from app.db import Model, db, utcnow
from app.okrs.comments.models import Comment
from app.okrs.cycles import current_cycle
from app.okrs.explorer.models import SavedView
from app.okrs.models import KPI, CheckIn
from app.okrs.moving.models import Import
from app.okrs.rollup.settling import settle
from app.trello.counting import Criteria
from tests.support.client import Client
from tests.support.people import make_person
from tests.teams.making import make_team
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source

READING = {"GET", "HEAD", "OPTIONS"}
SECRET = "Takeover"
"""In the name of all that is private."""


@dataclass
class World:
    """The owner of everything, and what the addresses of it are made of."""

    owner: Person
    ids: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def path(self, rule: Rule) -> str:
        """The rule's address with the ids of this world. A new kind of id has to be added here."""
        unknown = rule.arguments - self.ids.keys() - self.texts.keys()
        assert not unknown, f"{rule}: make something that has {unknown} in tests/attacks/world.py"
        built = rule.build(dict(self.ids | self.texts), append_unknown=False)
        assert built is not None
        return built[1]


def make_world(app: Flask, name: str = "Bob Brown") -> World:
    """Someone with a private objective that counts itself by a private connection."""
    owner = make_person(name)
    with app.app_context():
        connection = make_connection(owner, name=f"{SECRET} boards", sharing="private")
        objective = make_objective(owner, title=f"{SECRET} of Fernhill", is_private=True)
        key_result = make_key_result(objective, KPI)
        key_result.title = f"{SECRET} talks"
        source = make_source(key_result.measure, connection, Criteria(list_ids=("done",)))
        source.board.name = f"{SECRET} board"
        values = {"file_name": "a.csv", "layout": "Table", "mapping": {}, "outcome": {}}
        begun = Import(person_id=owner.id, done_at=utcnow(), **values)
        said = CheckIn(measure=key_result.measure, person_id=owner.id, note=SECRET)
        comment = Comment(measure=key_result.measure, person_id=owner.id, text=SECRET)
        view = SavedView(person_id=owner.id, name="Mine", key="mine", query="")
        db.session.add_all([begun, said, comment, view])
        db.session.commit()
        current_cycle()  # which any page would make
        settle()
        Client(app).sign_in(owner)
        session = db.session.scalar(
            select(PersonSession.id)
            .where(PersonSession.person_id == owner.id)
            .order_by(PersonSession.id.desc())
        )
        ids = {
            "team_id": make_team(f"Team of {name}", owner, (owner,)).id,
            "person_id": owner.id,
            "session_id": session,
            "objective_id": objective.id,
            "key_result_id": key_result.id,
            "measure_id": key_result.measure_id,
            "connection_id": connection.id,
            "board_id": source.board_id,
            "source_id": source.id,
            "cycle_id": objective.cycle_id,
            "import_id": begun.id,
            "check_in_id": said.id,
            "comment_id": comment.id,
            "view_id": view.id,
        }
    texts = {"name": "trello", "token": "x" * 43, "key": "x" * 32, "filename": "app.js"}
    return World(owner, ids, texts)


def make_observer() -> Person:
    return make_person("Olga Olsen", OBSERVER)


def rules(app: Flask, *, changing: bool | None = None) -> Iterator[tuple[Rule, str]]:
    """Every route with each of its methods; only those that change, or only those that read."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if changing is None or changing == (method not in READING):
                yield rule, method


def is_for_machines(app: Flask, rule: Rule) -> bool:
    return getattr(app.view_functions[rule.endpoint], "is_for_machines", False)


def takes_upload(app: Flask, rule: Rule) -> bool:
    """Whether admins may send more there than a form holds."""
    return hasattr(app.view_functions[rule.endpoint], "largest_upload")


def everything(but: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """All rows of all tables, to see whether anything was changed."""
    db.session.remove()
    found = {
        table.name: sorted(map(repr, db.session.execute(table.select())))
        for table in Model.metadata.sorted_tables
        if table.name not in but
    }
    db.session.remove()
    return found
