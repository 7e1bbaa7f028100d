"""The audit log as CSV."""

import csv
import io
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.audit import reading
from app.audit.export import defused
from app.audit.models import AuditEntry
from app.db import db
from tests.audit.entries import make_entry
from tests.support.sql import count_statements

PATH = "/admin/audit.csv"


@pytest.fixture
def admin(client, alice):
    client.sign_in(alice)
    return alice


def lines(response):
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"))))


def test_the_file_holds_all_that_the_page_says(client, admin, bob):
    entry = make_entry(
        bob,
        "objective.shared",
        "objective",
        7,
        "Bücher, “gute”",
        datetime(2026, 11, 21, 16, 5, 9, tzinfo=UTC),
        detail={"before": "everyone", "after": "its owner", "note": "a; b\nc"},
    )
    answer = client.get(PATH)
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=audit-log-20")
    header, exported, row = lines(answer)
    assert dict(zip(header, row, strict=True)) == {
        "Number": str(entry.id),
        "When (UTC)": "2026-11-21T16:05:09Z",
        "Who": "Bob Brown",
        "Their number": str(bob.id),
        "Did": "changed who sees the objective",
        "Action": "objective.shared",
        "Kind": "objective",
        "What": "Bücher, “gute”",
        "Its number": "7",
        "Details": "everyone → its owner; note: a; b\nc",
        "From": "203.0.113.9",
    }
    assert exported[2:5] == ["Alice Adams", str(admin.id), "exported the audit log"]


def test_who_calls_themselves_like_another_is_told_apart(client, admin, bob):
    make_entry(bob, actor_name=admin.name)
    make_entry(None, actor_name="command line")
    make_entry(bob, actor_name="command line")
    _header, _export, *rows = lines(client.get(PATH))
    assert [row[2:4] for row in rows] == [
        ["command line", str(bob.id)],
        ["command line", ""],
        [admin.name, str(bob.id)],
    ]


def test_excel_is_told_that_it_is_utf8(client, admin):
    assert client.get(PATH).data.startswith(b"\xef\xbb\xbf")


def test_taking_the_log_away_is_put_down_with_its_filter(client, admin, bob):
    lines(client.get(f"{PATH}?person={bob.id}&from=2026-11-01"))
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor_name) == ("audit.exported", "Alice Adams")
    assert entry.detail == {"filter": ["person: Bob Brown", "from day: 2026-11-01"]}


def test_looking_whether_the_file_is_there_is_no_export(client, admin):
    assert client.send("HEAD", PATH).status_code == 200
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_the_file_is_narrowed_as_the_page_is(client, admin, bob):
    make_entry(bob, name="Spring")
    make_entry(admin, name="Autumn")
    page = client.page(f"/admin/audit?person={bob.id}")
    header, *rows = lines(client.get(page.link("Export as CSV")))
    assert [row[7] for row in rows] == ["Spring"]


def test_a_filter_that_makes_no_sense_leads_to_the_page_that_says_why(client, admin):
    answer = client.get(f"{PATH}?from=yesterday&text=x&endpoint=x&_external=1")
    assert answer.headers["Location"] == "/admin/audit?from=yesterday&text=x"
    assert client.follow(answer, 422).error("From day")
    assert db.session.scalars(select(AuditEntry)).all() == []


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_no_cell_is_a_formula(client, admin, bob, sign):
    formula = f"{sign}HYPERLINK(0)"
    make_entry(bob, name=formula, detail={"changed": [formula]}, address=formula)
    _header, _export, row = lines(client.get(PATH))
    assert [row[7], row[9], row[10]] == [f"'{formula}"] * 3
    assert not [cell for cell in row if cell.startswith(sign)]


def test_what_hides_before_a_formula_or_a_separator_makes_it_none(client, admin, bob):
    make_entry(bob, name="\u200d=1+1", detail={"changed": ["x;=1+2;y"]})
    text = client.get(PATH).get_data(as_text=True)
    assert '"\'\u200d=1+1"' in text
    assert all(cell.startswith('"') for cell in text.splitlines()[-1].split(",") if ";" in cell)


def test_what_is_no_formula_stays_as_it_is():
    assert [defused(cell) for cell in ("", "Spring = 1", "a+b")] == ["", "Spring = 1", "a+b"]


@pytest.mark.both_databases
def test_a_long_log_comes_in_chunks_each_entry_once(client, admin, bob, monkeypatch):
    monkeypatch.setattr(reading, "ENTRIES_A_CHUNK", 10)
    made = [make_entry(bob, name=f"Cycle {number}").id for number in range(30)]
    pieces = list(client.get(f"{PATH}?person={bob.id}").iter_encoded())
    assert [piece.count(b"\n") for piece in pieces] == [1, 10, 10, 10]
    _header, *rows = list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"))))
    assert [int(row[0]) for row in rows] == made[::-1]


def test_entries_that_come_meanwhile_wait_for_the_next_export(client, admin, bob, monkeypatch):
    monkeypatch.setattr(reading, "ENTRIES_A_CHUNK", 10)
    for number in range(15):
        make_entry(bob, name=f"Cycle {number}")
    with count_statements() as statements:
        _header, *rows = lines(client.get(PATH))
    assert len(rows) == 16
    assert len([one for one in statements if "FROM audit_entry" in one]) == 2
