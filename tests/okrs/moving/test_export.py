"""Taking away what one sees: all of it, nothing more, and nothing that runs as a formula."""

import csv
import io
import json
from fractions import Fraction

import openpyxl
import pytest

from app.db import db, utcnow
from app.okrs.models import KPI, PERCENT, CheckIn, Reading, Tag
from tests.okrs.items import make_key_result, make_measure, make_objective
from tests.okrs.private import TITLE, make_private
from tests.support.sql import count_statements

FILES = ("/okrs/export.csv", "/okrs/export.xlsx", "/okrs/export.json")


def csv_rows(client):
    answer = client.get("/okrs/export.csv")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def sheet_cells(client):
    answer = client.get("/okrs/export.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    return list(book.active.iter_rows())


def document(client):
    return json.loads(client.get("/okrs/export.json").get_data())


def texts(client, path):
    if path.endswith("xlsx"):
        return " ".join(str(cell.value) for row in sheet_cells(client) for cell in row)
    return client.get(path).get_data().decode()


def test_the_page_of_okrs_offers_the_files(client, bob, cycle):
    client.sign_in(bob)
    page = client.page("/okrs")
    links = {link["href"] for link in page.all("a")}
    assert set(FILES) <= links


def test_the_table_says_what_an_item_is(client, bob, carol, objective, key_result):
    key_result.measure.value = Fraction(9)
    key_result.measure.further_owners = [carol]
    key_result.measure.tags = [Tag(name="Growth", key="growth")]
    key_result.share = Fraction(25)
    db.session.commit()
    client.sign_in(bob)
    whole, part = csv_rows(client)
    assert (whole["Title"], whole["Object Type"], whole["Measure"]) == (
        "People find us",
        "Objective",
        "Roll-up of key results",
    )
    assert part["Owner"] == "Bob Brown <bob@example.com>; Carol Clark <carol@example.com>"
    assert (part["Actual Progress"], part["Start"], part["Target"]) == ("9", "0", "20")
    assert (part["Progress %"], part["Expected %"], part["Status"]) == ("45", "50", "Behind")
    assert part["Tag"] == "Growth"
    aligned = part["Aligned To (weight, Objective ID)"]
    assert aligned == f"People find us(weight: 25%, Id: {objective.measure_id})"
    assert (part["Start Date"], part["End Date"]) == ("2026-01-01", "2026-04-11")


def test_check_ins_stand_in_columns_of_their_own_the_newest_first(client, bob, key_result):
    for note in ("First; Status: odd", "Second"):
        db.session.add(
            CheckIn(measure=key_result.measure, person=bob, note=note, value=Fraction(1, 3))
        )
        db.session.flush()
    db.session.commit()
    client.sign_in(bob)
    rows = list(csv.reader(io.StringIO(client.get("/okrs/export.csv").text.removeprefix("\ufeff"))))
    part = rows[2]
    assert [cell.partition("Note: ")[2].partition("; Current")[0] for cell in part[-2:]] == [
        "Second",
        "First; Status: odd",
    ]
    assert "Current Value: 1/3" in part[-1]


@pytest.mark.parametrize("title", ["=1+1", "+49 170", "-1", "@SUM(A1)", "'=1", "''+1"])
def test_nothing_runs_as_a_formula(client, bob, cycle, title):
    make_objective(bob, cycle, title)
    client.sign_in(bob)
    assert csv_rows(client)[0]["Title"] == f"'{title}"
    cell = sheet_cells(client)[1][1]
    assert (cell.value, cell.data_type) == (title, "s")


def test_figures_below_zero_stay_numbers(client, bob, objective):
    make_key_result(objective, bob, measure=make_measure(KPI, start_value=-5, target_value=5))
    client.sign_in(bob)
    assert csv_rows(client)[1]["Start"] == "-5"


@pytest.mark.parametrize("role", ["outsider", "viewer", "observer", "owner", "admin"])
def test_private_items_are_only_in_the_files_of_those_who_see_them(
    client, alice, bob, carol, cycle, role
):
    private = make_private(alice, bob, carol, cycle)
    make_objective(bob, cycle, "Open", parent_measure_id=private.objective.measure_id)
    client.sign_in(private.cast[role])
    for path in FILES:
        assert (TITLE in texts(client, path)) == (role != "outsider")
    parents = [one["parent"] for one in document(client)["items"] if one["title"] == "Open"]
    assert parents == [None if role == "outsider" else private.objective.measure_id]


def test_what_is_in_the_bin_is_in_no_file(client, bob, objective, key_result):
    key_result.deleted_at = utcnow()
    db.session.commit()
    client.sign_in(bob)
    assert [row["Title"] for row in csv_rows(client)] == ["People find us"]


def test_the_document_has_the_very_figures(client, bob, objective):
    measure = make_measure(PERCENT, value=Fraction(100, 3), valued_at=utcnow())
    make_key_result(objective, bob, measure=measure)
    db.session.add(Reading(measure=measure, series=1, value=Fraction(100, 3)))
    db.session.commit()
    client.sign_in(bob)
    told = document(client)
    assert (told["format"], told["version"]) == ("tally", 1)
    part = told["items"][1]
    assert part["measure"]["value"] == "100/3"
    assert [one["value"] for one in part["readings"]] == ["100/3"]
    assert part["figures_on_export"] == {
        "progress": "100/3",
        "expected": "50",
        "status": "behind",
    }
    assert told["people"] == [{"email": "bob@example.com", "name": "Bob Brown"}]


def test_the_document_says_how_an_item_is_linked(client, abacus, bob, key_result):
    client.sign_in(bob)
    form = {
        "step": "save",
        "title": "Beads",
        "owner": bob.id,
        "measure": "percent",
        "source": "abacus",
        "beads": "7",
    }
    client.post(f"/key-results/{key_result.id}/edit", form)
    source = document(client)["items"][1]["source"]
    assert source == {"integration": "abacus", "criteria": {"beads": "7"}}


def test_the_number_of_statements_does_not_grow(client, alice, cycle):
    def fill(count):
        for number in range(count):
            objective = make_objective(alice, cycle, f"O{number}")
            for _ in range(2):
                part = make_key_result(objective, alice)
                part.measure.further_owners = [alice]
                part.measure.tags = [Tag(name=f"t{part.id}", key=f"t{part.id}")]
                db.session.add(CheckIn(measure=part.measure, person=alice, note="Well."))
        db.session.commit()

    def counts():
        found = []
        for path in FILES:
            with count_statements() as statements:
                assert client.get(path).status_code == 200
            found.append(len(statements))
        return found

    client.sign_in(alice)
    fill(2)
    client.get("/okrs")  # settles what is new
    few = counts()
    fill(20)
    client.get("/okrs")
    assert counts() == few
    assert max(few) <= 20
