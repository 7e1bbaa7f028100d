"""What was taken away comes back in: to the same figures, and once."""

import json
from fractions import Fraction

import pytest
from sqlalchemy import delete, select

from app.db import db, utcnow
from app.okrs.models import CLOSED, Measure, Objective, Source
from app.okrs.moving.models import WaitingSource
from app.trello.counting import Criteria
from app.trello.models import Board
from tests.okrs.items import count_of
from tests.okrs.moving.files import answer_all, begin, fates, move_in
from tests.okrs.moving.rich import empty_workspace, make_rich
from tests.trello.linked import make_connection, make_source

UNNAMED = ("exported_at", "workspace", "teams", "cycles")


def told(client):
    """The document with titles in place of ids, and moments of the items alone."""
    document = json.loads(client.get("/okrs/export.json").get_data())
    titles = {one["id"]: one["title"] for one in document["items"]}
    for name in UNNAMED:
        document.pop(name)
    for item in document["items"]:
        for name in ("id", "parent", "continues"):
            item[name] = titles.get(item[name])
        places = {one.pop("id"): place for place, one in enumerate(item["check_ins"])}
        for reading in item["readings"]:
            if "check_in" in reading:
                reading["check_in"] = places[reading["check_in"]]
    document["items"].sort(key=lambda item: item["title"])
    return document


@pytest.fixture
def rich(client, alice, bob, carol):
    """Signed in as an admin, with everything settled."""
    measure_id = make_rich(alice, bob, carol).id
    with client.app.app_context():
        measure = db.session.get_one(Measure, measure_id)
        connection = make_connection(db.session.merge(alice))
        source = make_source(measure, connection, Criteria(list_ids=("done",)))
        board = db.session.get_one(Board, source.board_id)
        board.shape = {"lists": {"done": "Finished", "todo": "To do"}, "labels": {}, "members": {}}
        db.session.commit()
    client.sign_in(alice)
    client.page("/okrs")


def test_a_document_comes_back_to_the_same_figures(client, rich, alice):
    before = told(client)
    file = client.get("/okrs/export.json").get_data()
    empty_workspace()
    client.sign_in(alice)
    assert move_in(client, file, "okrs.json") == {"new": 14, "check-ins": 4}
    after = told(client)
    for old, new in zip(before["items"], after["items"], strict=True):
        assert new == old
    assert after == before
    client.page("/okrs")  # settles what was noted
    assert told(client) == before
    assert len({one["figures_on_export"]["progress"] for one in before["items"]}) > 8


@pytest.mark.parametrize("final", [Fraction(10**90, 3 * 10**89 + 1), Fraction(7**5000, 3**8860)])
def test_a_figure_of_any_length_comes_back_exact(client, rich, alice, final):
    over = select(Measure).join(Measure.objective).where(Objective.title == "Over")
    db.session.scalars(over).one().final_value = final
    db.session.commit()
    assert client.get("/okrs/export.csv").status_code == 200
    file = client.get("/okrs/export.json").get_data()
    empty_workspace()
    client.sign_in(alice)
    move_in(client, file, "okrs.json")
    assert db.session.scalars(over).one().final_value == final
    assert move_in(client, file, "okrs.json") == {"unchanged": 14}


def test_what_was_linked_waits_for_a_connection(client, rich, alice):
    file = client.get("/okrs/export.json").get_data()
    assert b"token" not in file
    empty_workspace()
    client.sign_in(alice)
    move_in(client, file, "okrs.json")
    waiting = db.session.scalars(select(WaitingSource)).one()
    assert waiting.definition["board_name"] == "Content calendar"
    assert waiting.definition["names"]["lists"] == {"done": "Finished"}


def told_to_wait(client, file):
    """The titles of the rows of which the dry run says that they will."""
    number = begin(client, file, "okrs.json")
    answer_all(client, number)
    told = "It was linked to the board “Content calendar”: a connection is needed."
    return [title for _, title, _, why in fates(client, number) if told in why]


def test_only_of_what_will_wait_it_is_said_that_a_connection_is_needed(client, rich, alice):
    file = client.get("/okrs/export.json").get_data()
    assert told_to_wait(client, file) == []  # it is linked here
    empty_workspace()
    client.sign_in(alice)
    assert told_to_wait(client, file) == ["Counted"]
    move_in(client, file, "okrs.json")
    assert told_to_wait(client, file) == ["Counted"]
    for ending, titles in ((CLOSED, []), (None, ["Counted"])):
        db.session.scalars(select(WaitingSource)).one().measure.ended_as = ending
        db.session.commit()
        assert told_to_wait(client, file) == titles
    db.session.execute(delete(WaitingSource))  # as when it is to be kept by hand
    db.session.commit()
    assert told_to_wait(client, file) == []


def test_what_was_closed_where_it_was_linked_needs_no_connection(client, rich, alice):
    linked = db.session.scalars(select(Source)).one().measure
    linked.ended_as, linked.ended_at = CLOSED, utcnow()
    db.session.commit()
    file = client.get("/okrs/export.json").get_data()
    empty_workspace()
    client.sign_in(alice)
    assert told_to_wait(client, file) == []


def test_a_document_comes_in_once(client, rich, alice):
    file = client.get("/okrs/export.json").get_data()
    empty_workspace()
    client.sign_in(alice)
    move_in(client, file, "okrs.json")
    before = told(client)
    assert move_in(client, file, "okrs.json") == {"unchanged": 14}
    assert told(client) == before


def test_its_own_workspace_knows_a_document(client, rich):
    before, count = told(client), count_of(Measure)
    file = client.get("/okrs/export.json").get_data()
    assert move_in(client, file, "okrs.json") == {"unchanged": 14}
    assert (told(client), count_of(Measure)) == (before, count)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_table_comes_back_with_what_a_table_can_hold(client, rich, alice, ending):
    before = told(client)
    file = client.get(f"/okrs/export.{ending}").get_data()
    assert move_in(client, file, f"okrs.{ending}") == {"unchanged": 14}
    empty_workspace()
    client.sign_in(alice)
    assert move_in(client, file, f"okrs.{ending}") == {"new": 14, "check-ins": 4}
    client.page("/okrs")
    after = told(client)
    for old, new in zip(before["items"], after["items"], strict=True):
        for name in ("title", "description", "owners", "tags", "parent", "share", "cycle"):
            assert new[name] == old[name], (old["title"], name)
        for name in ("is_private", "viewers", "level", "team"):
            assert new.get(name) == old.get(name), (old["title"], name)
        assert new["figures_on_export"]["status"] == old["figures_on_export"]["status"], old
        for name in ("kind", "start", "target", "unit", "guard", "warning"):
            assert new["measure"][name] == old["measure"][name], (old["title"], name)
        assert [one["value"] for one in new["check_ins"]] == [
            one["value"] for one in old["check_ins"]
        ]
    assert move_in(client, file, f"okrs.{ending}") == {"unchanged": 14}
