"""Choosing a data source inside an item's form, with an integration that okrs does not know."""

from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import switch
from app.okrs.models import (
    KPI,
    PERCENT,
    ROLL_UP,
    Cycle,
    KeyResult,
    Objective,
    Source,
    SourceVersion,
)
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import (
    changes_of,
    count_of,
    given_readings,
    make_measure,
    make_objective,
    only,
)
from tests.support.client import Client
from tests.support.html import Page

CONNECT = "Connect data source to auto-update progress"
TYPED = {
    "title": "Publish 20 posts",
    "description": "In <b>two</b> languages",
    "measure": KPI,
    "start": "half",
    "target": "20",
    "unit": "posts",
    "first_day": "2026-02-01",
}


@pytest.fixture
def new(client: Client, bob: Person, objective: Objective, abacus: Abacus) -> str:
    client.sign_in(bob)
    return f"/objectives/{objective.id}/key-results/new"


@pytest.fixture
def linked(client: Client, new: str) -> KeyResult:
    """A KPI from 0 to 20 that counts 9 beads."""
    found = KeyResult
    fields = {"title": "Beads", "measure": KPI, "target": "20", "source": "abacus", "beads": "9"}
    assert client.post(new, fields | {"step": "save"}).status_code == 303
    return db.session.scalars(select(found)).one()


def holds(page: Page, typed: dict[str, Any]) -> None:
    """Everything typed is still there, and nothing is complained about."""
    for name, text in typed.items():
        value = page.one(f"#{name}").value
        assert (value if isinstance(value, str) else value[0]).strip() == text
    assert not page.all(".error")
    assert not page.all("[aria-invalid]")


def test_step_by_step_without_javascript(client: Client, new: str) -> None:
    page = client.see(client.submit(client.page(new), CONNECT, TYPED))
    holds(page, TYPED)
    assert not page.named(CONNECT)
    assert "Counts beads." in page.text
    page = client.see(client.submit(page, "Abacus"))
    holds(page, TYPED)
    assert page.one("#wish").text == "kpi to 20"
    page = client.see(client.submit(page, "Save"), 422)
    assert page.one("#beads-errors").text == "Say how many beads."
    assert page.error("Start") == "Write a number, such as 20 or 1,200.5."
    assert count_of(KeyResult) == 0
    page = client.follow(client.submit(page, "Save", {"start": "1", "beads": "12"}))
    assert page.one("#abacus-panel").text == "12 beads. Counted."
    assert page.one("#standing")["data-value"] == "12.000000"
    key_result = only(KeyResult)
    assert key_result.measure.source is not None
    assert [one.definition for one in db.session.scalars(select(SourceVersion))] == [
        {"beads": "12"}
    ]
    assert changes_of(key_result.measure_id) == [("created", "", ""), ("source", "", "Abacus")]


def test_the_answer_for_htmx_is_the_same_page(client: Client, new: str) -> None:
    page = client.page(new)
    button = page.named(CONNECT)[0]
    assert button["hx-post"] == new
    assert (button["hx-select"], button["hx-target"]) == ("#source", "#source")
    page = client.see(client.submit(page, CONNECT, TYPED, htmx=True))
    holds(page, TYPED)
    assert page.one("#source").all("button[name=source]")


def test_enter_saves(client: Client, new: str) -> None:
    form = client.page(new).form_with("Save")
    first = next(one for one in form.node.walk() if one.get("type") == "submit")
    assert (first["name"], first["value"]) == ("step", "save")
    assert (first["aria-hidden"], first["tabindex"]) == ("true", "-1")
    names = [one.text for one in form.node.all("button")]
    assert names.count("Save") == 1


def test_another_measure_reaches_the_source(client: Client, new: str) -> None:
    page = client.see(client.post(new, {"title": "x", "source": "abacus", "measure": KPI}))
    assert page.one("#source fieldset")["hx-trigger"] == "change from:#measure-field"
    page = client.see(client.post(new, page.form_with("Save").values() | {"measure": PERCENT}))
    assert page.one("#wish").text == "percent to 100"


def test_a_count_becomes_the_start(client: Client, new: str) -> None:
    page = client.see(client.post(new, TYPED | {"source": "abacus", "beads": "7"}))
    page = client.see(client.submit(page, "Use as start"))
    assert page.field("Start").value == "7"
    assert page.one("#beads").value == "7"
    page = client.see(client.post(new, TYPED | {"step": "use-count:<b>"}))
    assert page.field("Start").value == "<b>"


def test_none_enabled_is_said(client: Client, new: str, alice: Person) -> None:
    switch("abacus", False, alice)
    db.session.commit()
    page = client.see(client.submit(client.page(new), CONNECT))
    said = page.one("#source [autofocus]")
    assert said.text == "No integration is enabled yet. Ask an admin to enable one."
    client.sign_in(alice)
    page = client.see(client.submit(client.page(new), CONNECT))
    assert page.one("#source [autofocus]").text == "Enable one"
    refused = client.post(new, {"title": "x", "source": "abacus", "beads": "1", "step": "save"})
    page = client.see(refused, 422)
    assert "was disabled by an admin" in page.text and page.field("Title").value == "x"
    assert page.one("#beads").value == "1"
    assert count_of(Source) == 0
    client.sign_in(alice)
    page = client.see(client.submit(client.page(new), CONNECT))
    assert page.one("#source a")["href"] == "/admin/integrations"


def test_an_unknown_source_is_none(client: Client, new: str) -> None:
    page = client.see(client.post(new, {"title": "x", "source": "<script>"}))
    assert page.named(CONNECT)


def test_editing_begins_with_what_is_stored(client: Client, linked: KeyResult) -> None:
    page = client.page(f"/key-results/{linked.id}/edit")
    assert page.one("#beads").value == "9"
    page = client.follow(client.submit(page, "Save", {"beads": "10"}))
    assert page.one("#abacus-panel").text == "10 beads. Counted."
    assert count_of(Source) == 1
    assert [one.value for one in given_readings()] == [9, 10]
    assert [what for what, *_ in changes_of(linked.measure_id)] == ["created", "source"]


def test_a_source_is_removed_by_saving_without_it(client: Client, linked: KeyResult) -> None:
    path = f"/key-results/{linked.id}/edit"
    page = client.see(client.submit(client.page(path), "Remove data source"))
    assert page.named(CONNECT)
    assert db.session.scalars(select(Source.ended_at)).one() is None
    page = client.follow(client.submit(page, "Save"))
    assert not page.all("#abacus-panel")
    assert page.one("#standing")["data-value"] == "9.000000"
    db.session.remove()
    assert only(Source).ended_at is not None
    assert changes_of(linked.measure_id)[-1] == ("source", "Abacus", "")
    page = client.page(path)
    page = client.see(client.submit(page, CONNECT))
    page = client.see(client.submit(page, "Abacus"))
    client.follow(client.submit(page, "Save", {"beads": "9"}))
    assert count_of(Source) == 2
    # The same figure from another source is a reading of its own.
    assert [one.value for one in given_readings()] == [9, 9]


def test_a_disabled_integration_leaves_a_linked_item_as_it_is(
    client: Client, linked: KeyResult, alice: Person
) -> None:
    switch("abacus", False, alice)
    db.session.commit()
    page = client.page(f"/key-results/{linked.id}/edit")
    client.follow(client.submit(page, "Save", {"title": "Glass beads"}))
    assert db.session.scalars(select(Source.ended_at)).one() is None


def test_a_source_takes_the_place_of_a_roll_up_and_says_so(
    client: Client, bob: Person, abacus: Abacus
) -> None:
    client.sign_in(bob)
    page = client.page("/objectives/new")
    assert page.field("Measure").value == ROLL_UP
    page = client.see(client.submit(page, CONNECT, {"title": "People find us"}))
    assert page.field("Measure").value == ROLL_UP
    page = client.see(client.submit(page, "Abacus"))
    assert page.field("Measure").value == PERCENT
    assert "judged by what the source counts, no longer by its key results" in page.text
    client.follow(client.submit(page, "Save", {"beads": "30", "measure": ROLL_UP}))
    assert only(Objective).measure.kind == PERCENT


def test_another_kind_of_measure_keeps_the_source(client: Client, linked: KeyResult) -> None:
    page = client.page(f"/key-results/{linked.id}/edit")
    client.follow(client.submit(page, "Save", {"measure": PERCENT}))
    db.session.remove()
    measure = only(KeyResult).measure
    assert (measure.kind, measure.series, measure.value) == (PERCENT, 2, 9)
    assert measure.source is not None
    assert [(one.series, one.value) for one in given_readings()] == [(1, 9), (2, 9)]


def test_a_failed_save_of_an_edit_changes_nothing(client: Client, linked: KeyResult) -> None:
    page = client.page(f"/key-results/{linked.id}/edit")
    typed = {"title": "Other", "beads": "many"}
    page = client.see(client.submit(page, "Save", typed), 422)
    assert page.one("#beads").value == "many"
    db.session.remove()
    assert only(KeyResult).title == "Beads"
    assert len(given_readings()) == 1


def test_two_who_connect_a_source_at_once(
    client: Client, linked: KeyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/key-results/{linked.id}/edit"
    page = client.page(path)
    # The second to save saw the item before the first had linked it.
    seen_before = Abacus.source_form
    monkeypatch.setattr(
        Abacus,
        "source_form",
        lambda self, person, typed, _source, *wish: seen_before(self, person, typed, None, *wish),
    )
    page = client.see(client.submit(page, "Save", {"title": "Glass beads", "beads": "7"}), 422)
    assert "Someone else connected a data source to this at the same moment." in page.text
    assert (page.field("Title").value, page.one("#beads").value) == ("Glass beads", "7")
    db.session.remove()
    assert only(KeyResult).title == "Beads"
    assert count_of(Source) == 1


def test_the_mean_of_the_key_results_stands_beside_a_measure_of_its_own(
    client: Client, bob: Person, cycle: Cycle, abacus: Abacus
) -> None:
    objective = make_objective(bob, cycle, measure=make_measure(PERCENT, value=80))
    db.session.add(AbacusSource(measure_id=objective.measure_id, linked_by_id=bob.id))
    db.session.add(
        KeyResult(
            title="Half",
            objective_id=objective.id,
            owner_id=bob.id,
            measure=make_measure(PERCENT, value=30),
        )
    )
    db.session.commit()
    db.session.add(
        SourceVersion(
            source_id=db.session.scalars(select(Source.id)).one(), definition={"beads": "1"}
        )
    )
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}")
    assert page.one("#standing")["data-progress"] == "80.000000"
    assert "Mean of its key results30 %" in page.one(".facts").text
