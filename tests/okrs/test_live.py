"""Open pages that follow their figures: a mark for each, which differs when the figure does."""

import dataclasses
from fractions import Fraction

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.changes import delete_item
from app.okrs.live import MOST_MEASURES
from app.okrs.models import PERCENT, Cycle, KeyResult, Measure, Objective, SourceVersion
from app.okrs.rollup.settling import settle
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import make_key_result, make_measure, make_objective
from tests.support.client import Client
from tests.support.html import Node
from tests.support.sql import count_statements

pytestmark = pytest.mark.both_databases


@pytest.fixture
def source(key_result: KeyResult, bob: Person, abacus: Abacus) -> AbacusSource:
    return add_source(key_result, bob)


def add_source(key_result: KeyResult, by: Person) -> AbacusSource:
    source = AbacusSource(measure_id=key_result.measure_id, linked_by_id=by.id)
    source.versions.append(SourceVersion(definition={"beads": "9"}))
    db.session.add(source)
    db.session.commit()
    return source


def marks(client: Client, *measure_ids: int) -> dict[str, str]:
    answer = client.get(f"/live?measures={','.join(map(str, measure_ids))}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, str] = answer.json
    return found


def shown(element: Node) -> dict[str, str]:
    return dict(pair.split(":") for pair in element["data-live"].split())


def test_what_a_page_shows_is_what_the_server_tells(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    source: AbacusSource,
    cycle: Cycle,
) -> None:
    client.sign_in(bob)
    settle()
    both = marks(client, objective.measure_id, key_result.measure_id)
    assert set(both) == {str(objective.measure_id), str(key_result.measure_id)}
    standing = client.page(f"/objectives/{objective.id}").one("#standing")
    assert shown(standing) == both
    assert standing["data-live-url"] == f"/objectives/{objective.id}/standing"
    own = {str(key_result.measure_id): both[str(key_result.measure_id)]}
    standing = client.page(f"/key-results/{key_result.id}").one("#standing")
    assert shown(standing) == own
    assert standing["data-live-url"] == f"/key-results/{key_result.id}/standing"
    page = client.page(f"/okrs?cycle={cycle.id}")
    row = page.one(f"#key-result-row-{key_result.id}")
    assert shown(row) == own
    assert row["data-live-url"] == f"/key-results/{key_result.id}/row"
    above = {str(objective.measure_id): both[str(objective.measure_id)]}
    assert shown(page.one(f"#objective-row-{objective.id}")) == above


def test_a_mark_changes_with_what_is_shown_and_only_with_it(
    client: Client, bob: Person, key_result: KeyResult, source: AbacusSource
) -> None:
    client.sign_in(bob)
    measure = key_result.measure
    seen = [marks(client, measure.id)]

    def change(row: Measure | AbacusSource, **values: object) -> bool:
        stored = db.session.get_one(type(row), row.id)
        for name, value in values.items():
            setattr(stored, name, value)
        db.session.commit()
        seen.append(marks(client, measure.id))
        return seen[-1] != seen[-2]

    assert change(source, counted_at=utcnow())
    assert not change(source, counted_at=utcnow())
    assert change(measure, value=Fraction(7))
    assert change(measure, matching_count=9)
    assert change(measure, completed_count=7)
    assert change(measure, valued_at=utcnow())
    assert change(source, frozen_reason="The rod is gone.")
    assert change(source, ended_at=utcnow())
    assert len({str(one) for one in seen}) == len(seen) - 1


def test_what_is_not_there_for_a_person_is_left_out(
    client: Client, alice: Person, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(alice)
    gone = key_result.measure_id
    delete_item(key_result, alice)
    db.session.commit()
    kept = objective.measure_id
    assert set(marks(client, kept, gone, 4711, 2**31, 10**9)) == {str(kept)}
    delete_item(objective, alice)
    db.session.commit()
    assert marks(client, kept, gone) == {}


@pytest.mark.parametrize("asked", ["", "?measures=", "?measures=x,-1,1e3,٣,,;"])
def test_nonsense_is_answered_with_nothing(client: Client, alice: Person, asked: str) -> None:
    client.sign_in(alice)
    assert client.get(f"/live{asked}").json == {}


def test_a_stranger_is_told_nothing(client: Client, key_result: KeyResult) -> None:
    assert client.get(f"/live?measures={key_result.measure_id}").status_code == 302


def test_two_statements_however_many_are_asked_for(
    client: Client, bob: Person, cycle: Cycle
) -> None:
    items = [make_objective(bob, cycle, measure=make_measure(PERCENT)) for _ in range(3)]
    client.sign_in(bob)
    with count_statements() as few:
        marks(client, items[0].measure_id)
    with count_statements() as many:
        marks(client, *(item.measure_id for item in items))
    assert len(few) == len(many) == 2


def test_no_more_are_answered_than_a_page_may_ask_for(
    client: Client, bob: Person, objective: Objective
) -> None:
    client.sign_in(bob)
    beyond = [*range(10_000, 10_000 + MOST_MEASURES), objective.measure_id]
    assert marks(client, *beyond) == {}
    assert marks(client, *beyond[1:]) != {}


def test_marks_on_a_page_cost_no_statement_a_row(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    source: AbacusSource,
    cycle: Cycle,
) -> None:
    client.sign_in(bob)
    client.page(f"/okrs?cycle={cycle.id}")  # the first visit of a day makes its cycles
    with count_statements() as few:
        client.page(f"/okrs?cycle={cycle.id}")
    for _ in range(4):
        add_source(make_key_result(objective, bob), bob)
    settle()
    with count_statements() as many:
        client.page(f"/okrs?cycle={cycle.id}")
    assert len(few) == len(many)


def counting(client: Client, *measure_ids: int) -> list[int]:
    answer = client.get(f"/live/counting?measures={','.join(map(str, measure_ids))}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found: list[int] = answer.json
    return found


def test_what_is_being_counted_is_told_until_it_ends(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    source: AbacusSource,
    abacus: Abacus,
) -> None:
    client.sign_in(bob)
    both = objective.measure_id, key_result.measure_id
    assert counting(client, *both) == []
    abacus.state = {"is_busy": True}
    assert counting(client, *both) == [key_result.measure_id]
    assert counting(client, objective.measure_id) == []
    delete_item(key_result, bob)
    db.session.commit()
    assert counting(client, *both) == []


def test_a_stranger_is_not_told_what_is_being_counted(
    client: Client, key_result: KeyResult
) -> None:
    answer = client.get(f"/live/counting?measures={key_result.measure_id}")
    assert answer.status_code == 302


def test_what_is_being_counted_takes_two_statements_however_many_are_asked_for(
    client: Client,
    bob: Person,
    objective: Objective,
    key_result: KeyResult,
    source: AbacusSource,
    abacus: Abacus,
) -> None:
    abacus.state = {"is_busy": True}
    client.sign_in(bob)
    measure_ids = [key_result.measure_id]
    with count_statements() as few:
        assert counting(client, *measure_ids) == measure_ids
    for _ in range(3):
        another = make_key_result(objective, bob)
        add_source(another, bob)
        measure_ids.append(another.measure_id)
    with count_statements() as many:
        assert counting(client, *measure_ids) == measure_ids
    assert len(few) == len(many) == 2


def test_a_busy_row_asks_for_itself_and_bears_no_mark(
    client: Client,
    bob: Person,
    key_result: KeyResult,
    source: AbacusSource,
    abacus: Abacus,
    cycle: Cycle,
) -> None:
    abacus.state = {"is_busy": True}
    client.sign_in(bob)
    standing = client.page(f"/key-results/{key_result.id}").one("#standing")
    row = client.page(f"/okrs?cycle={cycle.id}").one(f"#key-result-row-{key_result.id}")
    for element, part in ((standing, "standing"), (row, "row")):
        assert "data-live" not in element.attrs
        assert element["data-counting"] == str(key_result.measure_id)
        assert element["data-live-url"] == f"/key-results/{key_result.id}/{part}"


def test_pages_look_often_only_where_news_come_at_once(
    app: Flask, client: Client, bob: Person, key_result: KeyResult, cycle: Cycle
) -> None:
    client.sign_in(bob)
    assert client.page(f"/okrs?cycle={cycle.id}").one("body")["data-live-every"] == "30000"
    config = app.extensions["tally_config"]
    app.extensions["tally_config"] = dataclasses.replace(config, public_url="https://tally.test")
    assert client.page(f"/okrs?cycle={cycle.id}").one("body")["data-live-every"] == "1000"


def test_a_form_bears_no_marks(client: Client, bob: Person, key_result: KeyResult) -> None:
    client.sign_in(bob)
    assert client.page(f"/key-results/{key_result.id}/edit").all("[data-live]") == []
