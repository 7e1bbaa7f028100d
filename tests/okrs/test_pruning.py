"""What is over is deleted after a while, and what is not stays."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import PasswordLink, Person, PersonSession
from app.db import db, utcnow
from app.okrs import pruning
from app.okrs.moving.models import Import
from tests.support.client import Client
from tests.support.sql import count_statements

pytestmark = pytest.mark.both_databases

LONG_AGO = timedelta(days=31)


def add_session(person: Person, token: str, **values: object) -> None:
    db.session.add(PersonSession(person_id=person.id, token_hash=token, **values))
    db.session.commit()


def add_import(person: Person, name: str, **values: object) -> None:
    kept = {"layout": "csv", "content": b"rows", "mapping": {}}
    db.session.add(Import(person_id=person.id, file_name=name, **kept, **values))
    db.session.commit()


def test_sessions_that_are_over_go_and_nobody_is_signed_out(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    now = utcnow()
    add_session(bob, "unseen", seen_at=now - LONG_AGO)
    add_session(bob, "ended", ended_at=now - LONG_AGO)
    add_session(bob, "lately", ended_at=now - timedelta(days=29))
    assert pruning.prune() == 2
    left = db.session.scalars(select(PersonSession.token_hash)).all()
    assert len(left) == 2 and "lately" in left
    assert client.page("/cycles").h1 == "Cycles"


def test_links_go_a_month_after_they_ended_and_open_ones_stay(bob: Person) -> None:
    made = {}
    for name, days in (("old", -31), ("expired", -29), ("open", 7)):
        made[name], _token = PasswordLink.make(bob, timedelta(days=days))
    db.session.add_all(made.values())
    db.session.commit()
    assert pruning.prune() == 1
    left = db.session.scalars(select(PasswordLink.id).order_by(PasswordLink.id)).all()
    assert set(left) == {made["expired"].id, made["open"].id}


def test_the_file_of_an_import_that_was_given_up_goes_and_what_was_done_is_remembered(
    bob: Person,
) -> None:
    now = utcnow()
    add_import(bob, "given-up.csv", made_at=now - LONG_AGO)
    add_import(bob, "done.csv", made_at=now - LONG_AGO, done_at=now - LONG_AGO)
    add_import(bob, "begun.csv", made_at=now - timedelta(days=29))
    assert pruning.prune() == 1
    left = db.session.scalars(select(Import.file_name).order_by(Import.file_name)).all()
    assert left == ["begun.csv", "done.csv"]


def test_it_deletes_little_at_a_time(bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 10)
    for number in range(25):
        add_session(bob, f"over-{number}", seen_at=utcnow() - LONG_AGO)
    with count_statements() as statements:
        assert pruning.prune() == 25
    writing = [one for one in statements if one.lstrip().upper().startswith("DELETE")]
    assert len(writing) == 3
    with count_statements() as statements:
        assert pruning.prune() == 0
    assert not [one for one in statements if one.lstrip().upper().startswith("DELETE")]
