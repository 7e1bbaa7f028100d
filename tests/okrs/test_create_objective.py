"""Making an objective."""

from datetime import date
from fractions import Fraction

import pytest

from app.accounts.models import Person
from app.db import db
from app.okrs.models import KPI, PERCENT, ROLL_UP, Cycle, Objective
from tests.okrs.items import changes_of, count_of, only
from tests.support.client import Client

NEW = "/objectives/new"
KPI_FIELDS = {"measure": KPI, "start": "10", "target": "1,200.5", "unit": "visits"}


def test_a_member_makes_an_objective_of_their_own(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    page = client.page(NEW)
    typed = {"title": "  People \t find us ", "description": "Why:\r\nwithout ads"}
    page = client.follow(client.submit(page, "Save", typed))
    assert page.h1 == "People find us"
    assert page.flashes == ["Objective created."]
    objective = only(Objective)
    assert objective.description == "Why:\nwithout ads"
    assert (objective.owner_id, objective.cycle.name) == (bob.id, "Q1 2026")
    assert objective.measure.kind == ROLL_UP
    assert changes_of(objective.measure_id) == [("created", "", "")]


def test_it_may_be_a_kpi_with_days_of_its_own(client: Client, bob: Person, cycle: Cycle) -> None:
    client.sign_in(bob)
    page = client.page(f"{NEW}?cycle={cycle.id}")
    typed = {"title": "Visits", "first_day": "2026-02-01"} | KPI_FIELDS
    client.follow(client.submit(page, "Save", typed))
    objective = only(Objective)
    assert objective.cycle_id == cycle.id
    assert (objective.starts_on, objective.ends_on) == (date(2026, 2, 1), None)
    measure = objective.measure
    assert (measure.kind, measure.unit, measure.value) == (KPI, "visits", None)
    assert (measure.start_value, measure.target_value) == (10, Fraction("1200.5"))


def test_figures_of_a_percentage_are_fixed_whatever_stands_in_hidden_fields(
    client: Client, bob: Person
) -> None:
    client.sign_in(bob)
    typed = {"title": "Ready", "measure": PERCENT, "start": "x", "target": "1,2", "unit": "u" * 99}
    client.follow(client.submit(client.page(NEW), "Save", typed))
    measure = only(Objective).measure
    assert (measure.start_value, measure.target_value, measure.unit) == (0, 100, "")


def test_a_member_can_only_choose_themselves_and_an_admin_anyone_active(
    client: Client, alice: Person, bob: Person, dave: Person
) -> None:
    client.sign_in(bob)
    assert client.page(NEW).field("Owner").options == {"Bob Brown": str(bob.id)}
    refused = client.post(NEW, {"title": "For Alice", "owner": str(alice.id), "step": "save"})
    assert client.see(refused, 422).error("Owner") == "Choose one from the list."
    assert count_of(Objective) == 0
    client.sign_in(alice)
    page = client.page(NEW)
    assert page.field("Owner").options == {"Alice Adams": str(alice.id), "Bob Brown": str(bob.id)}
    client.follow(client.submit(page, "Save", {"title": "For Bob", "owner": str(bob.id)}))
    assert only(Objective).owner_id == bob.id


def test_someone_who_is_not_signed_in_is_sent_to_sign_in(client: Client, cycle: Cycle) -> None:
    assert client.get(NEW).headers["Location"].startswith("/login")
    answer = client.post(NEW, {"title": "Sneaky", "step": "save"})
    assert answer.headers["Location"].startswith("/login")
    assert count_of(Objective) == 0


@pytest.mark.parametrize(
    ("changes", "label", "sentence"),
    [
        ({"title": " \t"}, "Title", "Give it a title."),
        ({"title": "x" * 201}, "Title", "Use at most 200 characters."),
        ({"description": "x" * 10_001}, "Description", "Use at most 10,000 characters."),
        ({"cycle": "9999"}, "Cycle", "Choose one from the list."),
        ({"cycle": "<b>"}, "Cycle", "Choose one from the list."),
        ({"owner": "nobody"}, "Owner", "Choose one from the list."),
        ({"measure": "luck"}, "Measure", "Choose one from the list."),
        (KPI_FIELDS | {"start": "few"}, "Start", "Write a number, such as 20 or 1,200.5."),
        (KPI_FIELDS | {"target": "1,5"}, "Target", "Write decimals with a point, as in 1,200.5."),
        (KPI_FIELDS | {"target": ""}, "Target", "Give the number to reach."),
        (KPI_FIELDS | {"target": "10.0"}, "Target", "The target must differ from the start."),
        (
            KPI_FIELDS | {"start": "", "target": "0"},
            "Target",
            "The target must differ from the start.",
        ),
        (KPI_FIELDS | {"unit": "x" * 41}, "Unit", "Use at most 40 characters."),
        ({"first_day": "31/12"}, "First day", "Write a day as 2026-12-31."),
        (
            {"first_day": "2026-03-02", "last_day": "2026-03-01"},
            "First day",
            "The first day must not be after the last day.",
        ),
        ({"first_day": "2026-04-01"}, "First day", "The first day must not be after Q1 2026 ends."),
        (
            {"last_day": "2025-12-31"},
            "Last day",
            "The last day must not be before Q1 2026 begins.",
        ),
    ],
)
def test_bad_input_is_kept_and_explained(
    client: Client, bob: Person, changes: dict[str, str], label: str, sentence: str
) -> None:
    client.sign_in(bob)
    typed = {"title": "People find us", "description": "Why"} | changes
    page = client.see(client.submit(client.page(NEW), "Save", typed), 422)
    assert page.error(label) == sentence
    for name, text in typed.items():
        if name not in ("owner", "cycle", "measure", "title"):
            assert page.one(f"#{name}").value.strip() == text
    db.session.remove()
    assert count_of(Objective) == 0


def test_a_zero_byte_is_no_accident(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    typed = {"title": "Peo\x00ple", "description": "a\x00b"}
    client.follow(client.submit(client.page(NEW), "Save", typed))
    assert (only(Objective).title, only(Objective).description) == ("Peo ple", "ab")


def test_what_is_typed_is_shown_as_text(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    typed = {"title": "<script>alert(1)</script>", "description": "<b>bold</b>"}
    page = client.follow(client.submit(client.page(NEW), "Save", typed))
    assert page.h1 == "<script>alert(1)</script>"
    assert "<b>bold</b>" in page.text


def test_a_form_without_its_token_is_refused(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    assert client.send("POST", NEW, data={"title": "x", "step": "save"}).status_code == 400
