"""What admins set for the whole workspace, and what follows from it."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person, Workspace
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.models import Cycle, KeyResult
from tests.okrs.items import make_cycle, make_measure
from tests.support.client import Client
from tests.support.people import make_person

PATH = "/admin/workspace"
KEPT = "Days to keep every count"
NO_DAYS = "Give whole days, 90 to 36,500, or nothing to keep them all."
TODAY_BY_ZONE = Workspace.today
"""What the tests of items put a fixed day in the place of."""


def save(client: Client, status: int = 303, **typed: Any) -> Any:
    answer = client.submit(client.page(PATH), "Save", typed)
    assert answer.status_code == status, answer.text
    db.session.remove()
    return answer


def stored() -> Workspace:
    return db.session.get_one(Workspace, 1)


def entries() -> list[tuple[str, str, dict[str, Any]]]:
    found = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(one.action, one.thing_name, one.detail) for one in found]


def test_an_admin_changes_all_of_it_and_the_log_says_what(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    page = client.page(PATH)
    assert (page.field("Workspace name").value, page.field("Time zone").value) == ("Tally", "UTC")
    assert (page.field("Behind above").value, page.field("At risk above").value) == ("0", "25")
    typed = {
        "name": "Lund & Co",
        "time_zone": "Europe/Oslo",
        "first_month": "4",
        "behind_above": "2.5",
        "at_risk_above": "17.25",
        "details_kept_days": "365",
    }
    answer = save(client, **typed)
    assert client.follow(answer).flashes == ["The workspace is saved."]
    space = stored()
    assert (space.name, space.time_zone, space.first_month) == ("Lund & Co", "Europe/Oslo", 4)
    assert (space.behind_above, space.at_risk_above) == (Fraction(5, 2), Fraction(69, 4))
    assert space.details_kept_days == 365
    assert client.page(PATH).field(KEPT).value == "365"
    changed = [
        "name: Tally → Lund & Co",
        "time zone: UTC → Europe/Oslo",
        "first month: January → April",
        "behind above: 0 → 2.5",
        "at risk above: 25 → 17.25",
        "days to keep every count: all → 365",
    ]
    assert entries() == [("workspace.changed", "Lund & Co", {"changed": changed})]
    save(client)  # once more, and nothing changed
    assert len(entries()) == 1


@pytest.mark.parametrize(
    ("typed", "label", "sentence"),
    [
        ({"name": " "}, "Workspace name", "Enter a name, such as your team's."),
        ({"name": "x" * 121}, "Workspace name", "Use at most 120 characters."),
        ({"time_zone": "Mars/Olympus"}, "Time zone", "Choose a time zone from the list."),
        ({"first_month": "13"}, "First month of the year", "Choose one from the list."),
        ({"first_month": "May"}, "First month of the year", "Choose one from the list."),
        ({"behind_above": "-1"}, "Behind above", "Give 0 or more."),
        ({"behind_above": ""}, "Behind above", "Give the percentage points, such as 25."),
        ({"behind_above": "few"}, "Behind above", "Write a number, such as 20 or 1,200.5."),
        (
            {"behind_above": "25"},
            "At risk above",
            "At risk has to begin above where Behind does.",
        ),
        ({"at_risk_above": "0"}, "At risk above", "At risk has to begin above where Behind does."),
        ({"details_kept_days": "few"}, KEPT, "Write a number, such as 20 or 1,200.5."),
        *(({"details_kept_days": text}, KEPT, NO_DAYS) for text in ("89", "-90", "90.5", "40000")),
        ({"at_risk_above": "1/3"}, "At risk above", "Write a number, such as 20 or 1,200.5."),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(
    client: Client, alice: Person, typed: dict[str, str], label: str, sentence: str
) -> None:
    client.sign_in(alice)
    page = client.see(save(client, 422, **typed), 422)
    assert page.error(label) == sentence
    assert [one.text for one in page.all(".field .error")] == [sentence]
    space = stored()
    assert (space.name, space.time_zone, space.first_month) == ("Tally", "UTC", 1)
    assert (space.behind_above, space.at_risk_above, entries()) == (0, 25, [])
    assert space.details_kept_days is None


def test_what_was_typed_stays(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    typed = {"name": "Other", "behind_above": "30", "first_month": "7", "details_kept_days": "30"}
    page = client.see(save(client, 422, **typed), 422)
    assert page.field("Workspace name").value == "Other"
    assert page.field("Behind above").value == "30"
    assert page.field(KEPT).value == "30"
    assert page.field("First month of the year").value == "7"


@pytest.mark.both_databases
@pytest.mark.parametrize("text", ["", "0"])
def test_every_count_is_kept_again_once_no_days_are_given(
    client: Client, alice: Person, text: str
) -> None:
    client.sign_in(alice)
    save(client, details_kept_days="90")
    assert stored().details_kept_days == 90
    save(client, details_kept_days=text)
    assert stored().details_kept_days is None
    assert entries()[-1][2] == {"changed": ["days to keep every count: 90 → all"]}


@pytest.mark.both_databases
def test_another_first_month_makes_other_quarters_and_touches_none_that_is_there(
    client: Client, alice: Person
) -> None:
    make_cycle("Q1 2026", datetime(2026, 1, 1).date(), datetime(2026, 3, 31).date())
    client.sign_in(alice)
    client.page("/okrs")

    def cycles() -> list[tuple[str, str, str]]:
        found = db.session.scalars(select(Cycle).order_by(Cycle.starts_on, Cycle.id))
        return [(one.name, str(one.starts_on), str(one.ends_on)) for one in found]

    before = cycles()
    assert before == [("Q1 2026", "2026-01-01", "2026-03-31")]
    save(client, first_month="2")
    assert set(before) < set(cycles())
    assert ("Q1 2026/27", "2026-02-01", "2026-04-30") in cycles()
    assert ("Q2 2026/27", "2026-05-01", "2026-07-31") in cycles()
    assert client.page("/okrs").h1 == "OKRs, Q1 2026/27"
    after = cycles()
    save(client, first_month="5")  # the same quarters by another name: those that are there
    assert cycles() == after


def test_another_zone_moves_today(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    monkeypatch.setattr(Workspace, "today", TODAY_BY_ZONE)
    monkeypatch.setattr("app.accounts.models.utcnow", lambda: moment)
    client.sign_in(alice)
    assert client.page("/okrs").h1 == "OKRs, Q1 2026"
    save(client, time_zone="Europe/Oslo")
    assert str(stored().today()) == "2026-04-01"
    assert client.page("/okrs").h1 == "OKRs, Q2 2026"
    save(client, time_zone="America/Lima")
    assert str(stored().today()) == "2026-03-31"


def test_the_thresholds_decide_every_status(
    client: Client, alice: Person, key_result: KeyResult
) -> None:
    one = db.session.get_one(KeyResult, key_result.id)
    one.measure = make_measure(value="40")
    db.session.commit()
    client.sign_in(alice)

    def status() -> str:
        return client.page(f"/key-results/{key_result.id}").one("#standing")["data-status"]

    assert status() == "behind"  # 10 points below the 50 expected
    save(client, behind_above="10")
    assert status() == "on_track"
    save(client, behind_above="5", at_risk_above="9.5")
    assert status() == "at_risk"


@pytest.mark.parametrize("who", ["bob", "observer"])
def test_only_admins_get_there(client: Client, bob: Person, who: str) -> None:
    client.sign_in(bob if who == "bob" else make_person("Olga Orlov", OBSERVER))
    assert client.get(PATH).status_code == 403
    assert client.post(PATH, {"name": "Mine"}).status_code == 403
    assert stored().name == "Tally"
    assert "Workspace" not in [one.text for one in client.page("/").all("nav a")]
