"""Files to be imported in which everything that is said is hostile."""

import json
from typing import Any

from app.trello.counting import Criteria
from tests.okrs.moving.files import check_in, csv_file, viva_row


def hostile_document(text: str) -> bytes:
    """A Tally document with one item of each kind that a page shows differently."""
    email = "nobody@example.org"
    first, second, third, fourth, fifth = (f"{number} {text[:30]}" for number in range(1, 6))
    running = _item(first, text, check_ins=[_said(text, email)], comments=[_comment(text, email)])
    running["source"] = {"integration": "trello", "criteria": _criteria(text)}
    closed = _item(second, text, ending=_ending("closed", text, email))
    postponed = _item(third, text, ending=_ending("postponed", text, email))
    carried = _item(fourth, text, kind="objective", continues=third)
    refused = _item(fifth, text, cycle=f"No cycle {text}")
    refused["source"] = {"integration": text, "criteria": {text: text}}
    days = {"first_day": "2032-01-01", "last_day": "2032-03-31"}
    return json.dumps(
        {
            "format": "tally",
            "version": 1,
            "workspace": {"id": "0123456789abcdef", "name": text},
            "cycles": [{"name": f"A {text}", **days}],
            "teams": [{"name": f"A {text}", "members": [email]}],
            "people": [{"email": email, "name": text}],
            "items": [running, closed, postponed, carried, refused],
        }
    ).encode()


def _item(reference: str, text: str, **more: Any) -> dict[str, Any]:
    usual = {
        "id": reference,
        "kind": "objective",
        "title": text,
        "description": text,
        "owners": ["nobody@example.org"],
        "cycle": f"A {text}",
        "tags": [text],
        "level": "team",
        "team": f"A {text}",
        "is_private": True,
        "viewers": [f"{text}@example.org"],
        "viewer_teams": [f"A {text}"],
        "measure": {"kind": "kpi", "start": "0", "target": "40", "unit": text[:40], "value": "7"},
    }
    return usual | more


def _ending(how: str, text: str, by: str) -> dict[str, Any]:
    moment = "2026-02-01T12:00:00Z"
    return {"as": how, "at": moment, "by": by, "final_value": "7", "score": "0.7", "note": text}


def _said(text: str, by: str) -> dict[str, Any]:
    return {"id": 1, "person": by, "note": text, "value": "7", "made_at": "2026-02-01T12:00:00Z"}


def _comment(text: str, by: str) -> dict[str, Any]:
    return {"person": by, "text": text, "made_at": "2026-02-01T12:00:00Z"}


def _criteria(text: str) -> dict[str, Any]:
    """As far as they are sound: what is not would be left out."""
    chosen = Criteria(list_ids=("a" * 24,), label_ids=("b" * 24,), member_ids=("c" * 24,))
    names = {"lists": {"a" * 24: text}, "labels": {"b" * 24: text}, "members": {"c" * 24: text}}
    return {
        "board_id": "d" * 24,
        "board_name": text,
        **chosen.definition(),
        "names": names,
    }


def hostile_table(text: str) -> bytes:
    """An export of Viva Goals with words of its own in every column, and a column of nobody's."""
    cells = {"Team": f"{text}; {text} 2", "Owner": text, "Description": text, "Metric Name": text}
    cells |= {"Unit": text[:40], "Target": text, "Start": text, "Score": text, "Tag": text}
    cells |= {"Aligned To (weight, Objective ID)": f"{text}(weight: 100%, Id: 9)"}
    said = [check_in("2025-02-10", text, text, text)]
    rows = [
        viva_row(text, Id="1", **cells, Checkins=said),
        viva_row(f"{text} 2", Id="2", **cells | {"Object Type": text, "Period": text}),
        viva_row(f"{text} 3", Id="3", **cells | {"Start Date": text, "End Date": "02/03/2025"}),
    ]
    return csv_file(rows, [*COLUMNS, text, "Checkins"])


COLUMNS = (
    "Id", "Title", "Team", "Owner", "Period", "Start Date", "End Date", "Description", "Tag",
    "Aligned To (weight, Objective ID)", "Metric Name", "Unit", "Target", "Object Type",
    "Start", "Created At", "Status", "Score",
)  # fmt: skip
