"""The layouts that are met in the wild, with their traps; and files that are something else."""

import io
import string
import zipfile
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.okrs.moving.check_in_cells import read_check_in
from app.okrs.moving.dates import DAY_FIRST, Calendar, doubts
from app.okrs.moving.neutral import Unreadable, pack, unpack
from app.okrs.moving.numbers import read_figure
from app.okrs.moving.opening import open_file
from app.okrs.moving.periods import guessed_days
from tests.okrs.moving.files import (
    KEY_RESULT,
    OBJECTIVE,
    TAGGED,
    cells_of,
    csv_file,
    workbook_file,
    zip_file,
)

ROWS = [OBJECTIVE, KEY_RESULT]


def opened(content):
    return open_file(io.BytesIO(content))


def refused(content):
    with pytest.raises(Unreadable) as told:
        opened(content)
    return str(told.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_encoding_and_separator(encoding, separator):
    rows = [OBJECTIVE | {"Title": "Größe ≥ 1"}, KEY_RESULT]
    whole, part = opened(csv_file(rows, encoding=encoding, separator=separator)).items
    assert (whole.title, whole.teams) == ("Größe ≥ 1", ("Puzzel", "All Puzzel"))
    assert [one.note for one in part.check_ins] == ["Well.", "Slow; steady"]


def test_windows_1252():
    rows = [OBJECTIVE | {"Title": "Größe für 5 €"}]
    assert opened(csv_file(rows, encoding="cp1252")).items[0].title == "Größe für 5 €"


def test_any_order_and_selection_of_columns():
    columns = ["Checkins", "Owner", "Nonsense", "Object Type", "Title"]
    content = csv_file(ROWS, [one for one in columns if one != "Checkins"])
    told = opened(content)
    assert [one.title for one in told.items] == ["People find us", "Publish posts"]
    assert told.unread == ("Nonsense",)


def test_the_variant_with_tags_as_a_workbook():
    linked = '=HYPERLINK("https://app.viva.example/objective/10","10")'
    row = OBJECTIVE | {"Id": linked, "Tag": "Growth; Q1", "OKR type": "Team", "Type name": "Puzzel"}
    item = opened(workbook_file([list(TAGGED), cells_of(TAGGED, row)])).items[0]
    assert (item.reference, item.tags, item.teams) == ("10", ("Growth", "Q1"), ("Puzzel",))


def test_a_workbook_keeps_numbers_days_and_links():
    book = openpyxl.Workbook()
    book.active.append(["Id", "Title", "Target", "Progress %", "Start Date", "Object Type"])
    book.active.append([12, "Grow", 1234.5, 0.25, datetime(2025, 1, 31), "KPI"])
    book.active["A2"].hyperlink = "https://app.viva.example/objective/12"
    book.active["D2"].number_format = "0%"
    file = io.BytesIO()
    book.save(file)
    item = opened(file.getvalue()).items[0]
    told = (item.reference, item.target, item.progress, item.first_day)
    assert told == ("12", "1234.5", "25%", "2025-01-31")


ARCHIVE = {
    "export/TimePeriods.json": [
        {"ID": 1, "Name": "1Q25", "Start Date": "2025-01-01", "End Date": "2025-03-31"}
    ],
    "export/Users.json": [{"ID": 5, "Name": "Bob Brown", "Email": "bob@example.com"}],
    "export/objectives_1.json": [
        {
            "ID": 10,
            "Title": "People find us",
            "Type": "Big rock",
            "Owner": [{"ID": 5, "Name": "Bob Brown", "Email": "bob@example.com"}],
            "Teams": [{"ID": 2, "Name": "Puzzel"}],
            "Time Period": {"ID": 1, "Name": "1Q25"},
            "Alignment": [],
            "Outcome": {},
        },
        {
            "ID": 11,
            "Title": "Reach readers",
            "Type": "Kpi",
            "Time Period": {"ID": 1, "Name": "1Q25"},
            "Alignment": [{"ID": 10, "Title": "People find us", "Weight": 14.29}],
            "Outcome": {
                "Metric Name": "Readers",
                "Metric Unit": "readers",
                "Start": "0",
                "Target": "3,637,839",
                "Target Type": "Reach",
            },
        },
    ],
    "export/checkins.json": [
        {
            "ID": 7,
            "OKR ID": 11,
            "CheckIn Date": "2025-02-01",
            "Check In Owner": {"Name": "Bob Brown", "Email": "bob@example.com"},
            "Check In Note": {"Check In Note": "Well.", "Check In Note HTML": "<p>Well.</p>"},
            "Current Value": "1,000",
            "Activity Date": "2025-02-01T10:00:00Z",
        }
    ],
}


def test_the_archive_of_json():
    told = opened(zip_file(ARCHIVE))
    whole, part = told.items
    assert whole.owners == ("Bob Brown <bob@example.com>",)
    assert (part.target, part.parents[0].weight) == ("3,637,839", "14.29")
    assert [(one.note, one.value) for one in part.check_ins] == [("Well.", "1,000")]
    assert told.cycles[0].last_day == "2025-03-31"


def test_what_was_read_is_kept_as_it_was():
    for content in (csv_file(ROWS), zip_file(ARCHIVE)):
        told = opened(content)
        assert unpack(pack(told)) == told


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7 ...", "This is a PDF."),
        (b"\x89PNG\r\n", "This is a picture."),
        (b"\xd0\xcf\x11\xe0old", "an Excel file of the old kind"),
        (b"<html></html>", "This is a web page or XML"),
        (b"{", "The file is no valid JSON."),
        (b"[" * 100_000, "The file is no valid JSON."),
        (b"[]", "This JSON is no export of Tally."),
        (b"PK\x03\x04nonsense", "The archive is damaged"),
        (b"\x00\x01\x02" * 50, "This is no text."),
        (b"Name,Age\nBob,7\n", "No columns of an export were found"),
        (b"Title,Owner\n", "The file has columns, but no rows."),
        (b'Title,Owner\nA,"B', "quotes that do not match"),
        (b"Title,Owner\nA,\x81\n", "an encoding that is none of"),
        (zip_file({"a.txt": "x"}), "The archive is none of Viva Goals"),
        (zip_file({"objectives.json": "["}), "“objectives.json” in the archive is no valid JSON."),
        (zip_file({"[Content_Types].xml": "x", "word/document.xml": "x"}), "but no workbook"),
        (zip_file({"[Content_Types].xml": "x", "xl/workbook.xml": "x"}), "The workbook is damaged"),
        (zip_file({f"{one}.txt": "" for one in range(1001)}), "holds more than 1,000 files"),
    ],
)  # fmt: skip
def test_what_is_something_else_is_refused_with_a_sentence(content, sentence):
    assert sentence in refused(content)


def test_a_bomb_is_refused_before_it_is_unpacked():
    assert "larger than 100 MB" in refused(zip_file({"objectives.json": b"0" * (101 * 2**20)}))


def test_entities_in_a_workbook_are_refused():
    whole = io.BytesIO(workbook_file([["Title", "Owner"], ["A", "B"]]))
    archive = zipfile.ZipFile(whole)
    parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    sheet = parts["xl/workbook.xml"]
    start = sheet.index(b"<workbook")
    parts["xl/workbook.xml"] = sheet[:start] + bomb + sheet[start:]
    assert "XML entities" in refused(zip_file(parts))


def test_more_rows_than_are_taken_are_refused():
    rows = b"Title,Owner\n" + b"A,B\n" * 10_001
    assert "more than 10,000 rows" in refused(rows)


@given(st.binary(max_size=400))
def test_no_file_breaks_the_reading(content):
    try:
        opened(content)
    except Unreadable as error:
        assert str(error).endswith(".")


@given(st.text(max_size=200), st.sampled_from(["Checkins", "Aligned To", "Owner", "Id", "Target"]))
def test_no_cell_breaks_the_reading(text, column):
    row = {"Title": "A", column: [text] if column == "Checkins" else text}
    try:
        told = opened(csv_file([row], ["Title", "Owner", column], encoding="utf-8"))
    except (Unreadable, UnicodeEncodeError):
        return
    assert told.items[0].title == "A"


NAMES = ["ID", "Title", "Owner", "Teams", "Alignment", "Outcome", "Time Period", "Name"]
SOME_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(SOME_JSON)
def test_no_json_breaks_the_reading(value):
    objectives = [{"ID": "1", "Title": "A"}, value]
    told = opened(zip_file({"objectives.json": objectives, "checkins.json": [value]}))
    assert told.items[0].title == "A"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3,637,839", 3637839), ("1,200.5", Fraction(2401, 2)), ("1.234,56", Fraction(123456, 100)),
        ("12,5", Fraction(25, 2)), ("25%", 25), ("14.29 %", Fraction(1429, 100)), ("-5", -5),
        ("€ 1 200", 1200), ("$1,200", 1200), ("100/3", Fraction(100, 3)), ("1.234.567", 1234567),
        ("\u22127", -7), ("1\u2019200", 1200), ("1'200", 1200),
    ],
)  # fmt: skip
def test_figures(text, value):
    figure = read_figure(text)
    assert figure is not None
    assert figure.value == value


@pytest.mark.parametrize(
    "text", ["", "abc", "1 of 5", "1/0", "9" * 400, "1e9999999", "--", "12a34"]
)
def test_what_is_no_figure(text):
    assert read_figure(text) is None


UTC = ZoneInfo("UTC")


def test_days_in_the_styles_that_are_met():
    texts = ["2025-01-01", "2024-12-09 14:36:20 UTC", "1/31/2025", "31.01.2025", "Jan 5, 2025"]
    assert doubts(texts) == []
    calendar = Calendar(texts, {}, UTC)
    assert [str(calendar.day(one)) for one in texts] == [
        "2025-01-01", "2024-12-09", "2025-01-31", "2025-01-31", "2025-01-05",
    ]  # fmt: skip


def test_which_number_is_the_month_is_asked_and_never_guessed():
    texts = ["3/4/2025", "31.01.2025", "02.01.2025"]
    assert [one.mark for one in doubts(texts)] == ["/"]
    assert Calendar(texts, {}, UTC).day("3/4/2025") is None
    assert str(Calendar(texts, {"/": DAY_FIRST}, UTC).day("3/4/2025")) == "2025-04-03"
    assert str(Calendar(texts, {}, UTC).day("02.01.2025")) == "2025-01-02"
    assert [one.mark for one in doubts(["1/31/2025", "31/1/2025", "3/4/2025"])] == ["/"]


@pytest.mark.parametrize("text", ["2025-02-30", "0000-00-00", "1999-01-01", "99/99/2025", "soon"])
def test_what_is_no_day(text):
    assert Calendar([text], {}, UTC).day(text) is None


@given(st.text(alphabet=string.digits + "/.-: TZUCamp+", max_size=40))
def test_no_text_breaks_the_calendar(text):
    Calendar([text], {}, UTC).moment(text)
    doubts([text])


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Q1 2025", "2025-01-01", "2025-03-31"), ("1Q25", "2025-01-01", "2025-03-31"),
        ("Quarter 1 FY25", "2025-01-01", "2025-03-31"), ("Annual 2025", "2025-01-01", "2025-12-31"),
        ("2025 Q4", "2025-10-01", "2025-12-31"), ("H2 2025", "2025-07-01", "2025-12-31"),
        ("February 2024", "2024-02-01", "2024-02-29"), ("FY25", "2025-01-01", "2025-12-31"),
    ],
)  # fmt: skip
def test_periods_in_many_styles(name, first, last):
    assert [str(day) for day in guessed_days(name, 1)] == [first, last]


def test_periods_follow_the_workspaces_calendar():
    assert [str(day) for day in guessed_days("Q4 2025", 7)] == ["2026-04-01", "2026-06-30"]
    assert guessed_days("Next sprint", 1) is None


def test_a_note_may_look_like_the_rest():
    cell = (
        "Checkin Date: 2025-03-10; User: A; Note: See; Status: bad; Metric Name: x; y; "
        "Metric Name: Progress; Status: On Track; Current Value: 25%; "
        "Activity Date: 2025-03-10 20:57:08 UTC;"
    )
    told = read_check_in(cell)
    assert (told.note, told.value) == ("See; Status: bad; Metric Name: x; y", "25%")
    assert read_check_in("Something else") is None


@given(st.text(max_size=300))
def test_no_cell_breaks_the_reading_of_check_ins(text):
    read_check_in(text)
    read_check_in(f"Checkin Date: {text}")


def test_halves_of_characters_do_not_come_in():
    told = opened(zip_file({"objectives.json": '[{"Title": "A\\ud800 \\ud83d\\ude00"}]'}))
    assert told.items[0].title == "A\ufffd \U0001f600"
