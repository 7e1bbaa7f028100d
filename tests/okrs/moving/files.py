"""Files as people send them, made here."""

import csv
import io
import json
import re
import zipfile
from typing import Any

import openpyxl

from app.db import db
from app.okrs.moving.models import Import
from tests.support.client import Client

EXPLORER = (
    "Id", "Title", "Team", "Creator", "Owner", "Period", "Start Date", "End Date", "Description",
    "Aligned To (weight, Objective ID)", "Metric Name", "Unit", "Target", "Object Type",
    "Goal Type", "Start", "Created At", "Last Check-in", "Progress %", "Actual Progress", "Status",
    "Last Check-in Note", "Score", "Checkins",
)  # fmt: skip
"""The columns of November 2025."""
TAGGED = (
    "Id", "Title", "Tag", "OKR type", "Type name", "Creator", "Owner", "Period", "Start Date",
    "End Date", "Description", "Aligned To (weight, Objective ID)", "Metric Name", "Target",
    "Object Type", "Goal Type", "Start", "Created At", "Last Check-in", "Progress %", "Status",
    "Last Check-in Note", "Score", "Checkins",
)  # fmt: skip


def check_in(day: str, value: str, note: str = "Well.", who: str = "Bob Brown") -> str:
    return (
        f"Checkin Date: {day}; User: {who}; Note: {note}; Metric Name: Progress; Status: On Track; "
        f"Current Value: {value}; Activity Date: {day} 20:57:08 UTC;"
    )


def viva_row(title: str, **cells: str) -> dict[str, Any]:
    """A row of the export, of the first quarter of 2025, with what is not said left empty."""
    usual = {
        "Title": title,
        "Owner": "Bob Brown",
        "Period": "Q1 2025",
        "Start Date": "2025-01-01",
        "End Date": "2025-03-31",
        "Object Type": "Objective",
        "Created At": "2024-12-09 14:36:20 UTC",
        "Status": "On Track",
    }
    return usual | cells


OBJECTIVE = viva_row("People find us", Id="10", Team="Puzzel; All Puzzel")
KEY_RESULT = viva_row(
    "Publish posts",
    **{
        "Id": "11",
        "Object Type": "Key result",
        "Aligned To (weight, Objective ID)": "People find us(weight: 100%, Id: 10)",
        "Metric Name": "Posts",
        "Unit": "posts",
        "Start": "0",
        "Target": "1,200",
        "Actual Progress": "300",
        "Progress %": "25",
        "Checkins": [check_in("2025-02-10", "300"), check_in("2025-01-20", "120", "Slow; steady")],
    },
)


def cells_of(columns: Any, row: dict[str, Any]) -> list[str]:
    """The row's cells in this order, its check-ins from their column on."""
    cells = [str(row.get(name, "")) for name in columns if name != "Checkins"]
    return [*cells, *row.get("Checkins", [])]


def csv_file(
    rows: list[dict[str, Any]],
    columns: Any = EXPLORER,
    encoding: str = "utf-8",
    separator: str = ",",
) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    widest = max((len(row.get("Checkins", [])) for row in rows), default=0)
    writer.writerow([*columns, *[""] * max(0, widest - 1)])
    writer.writerows(cells_of(columns, row) for row in rows)
    return text.getvalue().encode(encoding)


def workbook_file(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zip_file(files: dict[str, Any]) -> bytes:
    """An archive; what is no text or bytes goes in as JSON."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            is_raw = isinstance(content, str | bytes)
            archive.writestr(name, content if is_raw else json.dumps(content))
    return file.getvalue()


def send(client: Client, content: bytes, name: str = "export.csv") -> Any:
    """Send a file to be imported; the answer."""
    data = {"csrf_token": client.token(), "file": (io.BytesIO(content), name)}
    return client.send("POST", "/admin/import", data=data, content_type="multipart/form-data")


def begin(client: Client, content: bytes, name: str = "export.csv") -> int:
    """Send a file that can be read; the number of its import."""
    answer = send(client, content, name)
    assert answer.status_code == 303, answer.text
    return int(re.search(r"(\d+)$", answer.headers["Location"])[1])


def answer_all(client: Client, number: int, known: str = "", **changes: Any) -> None:
    """Take what is suggested, but for the changes, which are by the words of the file. `known` is
    what becomes of what is here already."""
    page = client.page(f"/admin/imports/{number}")
    fields = {}
    if known:
        fields["known"] = page.one(f"#known-{known}")["value"]
    for label in page.all("label"):
        word = label.text.partition(" (")[0]
        if word in changes:
            fields[label.get("for")] = changes[word]
    answer = client.submit(page, "Look at the rows", fields)
    assert answer.status_code == 303, answer.text


def fates(client: Client, number: int) -> list[tuple[str, str, str, str]]:
    """Row, title, fate and why, as the dry run lists them."""
    page = client.page(f"/admin/imports/{number}/dry-run")
    return [
        (cells[0].text, row.one("th").text, cells[2].text.lower(), cells[3].text)
        for row in page.all("#rows tbody tr")
        for cells in [row.all("td")]
    ]


def move_in(client: Client, content: bytes, name: str = "export.csv", **changes: Any) -> dict:
    """Import a file with what is suggested; how many rows had which fate."""
    number = begin(client, content, name)
    answer_all(client, number, **changes)
    answer = client.post(f"/admin/imports/{number}/run")
    assert answer.status_code == 303, answer.text
    outcome = db.session.get_one(Import, number).outcome
    assert outcome is not None
    return {fate: count for fate, count in outcome.items() if count}
