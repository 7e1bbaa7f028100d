"""The page of an item that counts cards: what it asks of the database."""

from datetime import timedelta
from fractions import Fraction

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.comments.models import Comment
from app.okrs.models import UNTIL_RESUMED, CheckIn
from app.okrs.readings import record_check_in, record_reading
from app.trello.models import DONE, Past
from app.trello.past.points import Names, pack
from tests.support.client import Client
from tests.support.sql import count_statements
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source

NOBODY = Names({}, {}, {}, {})


@pytest.mark.parametrize("count", [1, 30])
def test_a_linked_key_result_takes_fifteen_statements(
    app: Flask, client: Client, alice: Person, carol: Person, count: int
) -> None:
    with app.app_context():
        key_result = make_key_result(make_objective(alice))
        source = make_source(key_result.measure, make_connection(alice))
        for days in range(count, 0, -1):
            taken_at, cards = utcnow() - timedelta(days=days), 40 - days
            version, value = source.versions[-1], Fraction(cards)
            record_reading(key_result.measure, taken_at, value, cards, 1, version, None)
        past = db.session.get_one(Past, source.versions[0].id)
        past.status, past.payload, past.reaches_to = DONE, pack([], NOBODY), utcnow()
        given = CheckIn(measure=key_result.measure, person_id=alice.id, made_at=utcnow())
        db.session.add_all([given, Comment(measure=key_result.measure, person=carol, text="So")])
        record_check_in(key_result.measure, given, Fraction(7), UNTIL_RESUMED)
        db.session.commit()
        path = f"/key-results/{key_result.id}"
    for person in (carol, alice):
        client.sign_in(person)
        client.page(path)
        with app.app_context(), count_statements() as statements:
            client.page(path)
        assert len(statements) <= 15, statements


def test_a_tree_of_linked_items_takes_ten_statements(
    app: Flask, client: Client, alice: Person, carol: Person
) -> None:
    with app.app_context():
        connection, above = make_connection(alice), make_objective(alice)
        for _ in range(3):
            objective = make_objective(alice, parent_measure=above.measure)
            make_source(make_key_result(objective).measure, connection)
        paths = [
            f"/okrs/tree?{one}"
            for one in (f"cycle={above.cycle_id}", "cycle=all", f"root={objective.measure_id}")
        ]
    client.sign_in(carol)
    for path in paths:
        assert "counted" in client.page(path).text
        with app.app_context(), count_statements() as statements:
            client.page(path)
        assert len(statements) <= 10, statements
