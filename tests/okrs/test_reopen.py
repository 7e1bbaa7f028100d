"""Reopening, and that what has ended stays as it is until then."""

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.models import CLOSED, CheckIn, KeyResult, Measure, Objective
from tests.okrs.items import changes_of, count_of, make_key_result
from tests.okrs.test_close import CLOSE, FIXED, measure_of, path
from tests.support.client import Client


@pytest.fixture
def closed(client: Client, bob: Person, key_result: KeyResult) -> KeyResult:
    client.sign_in(bob)
    client.post(path(key_result), CLOSE)
    return key_result


def test_reopened_it_runs_as_before(client: Client, closed: KeyResult) -> None:
    page = client.page(client.page(f"/key-results/{closed.id}").link("Reopen"))
    assert page.h1 == "Reopen “Publish posts”?"
    page = client.follow(client.submit(page, "Reopen"))
    assert page.flashes == ["Key result reopened."]
    assert page.one("#standing")["data-status"] == "at_risk"
    assert not page.all("#ending")
    measure = measure_of(closed)
    left = (measure.ended_as, measure.ended_at, measure.ended_by_id, measure.final_value)
    assert left == (None,) * 4 and measure.score is None and measure.closing_note == ""
    assert [what for what, *_ in changes_of(measure.id)] == ["closed", "reopened"]
    assert "Bob Brown reopened it" in page.text
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["key_result.closed", "key_result.reopened"]


def test_reopening_what_is_open_changes_nothing(client: Client, closed: KeyResult) -> None:
    page = client.page(f"/key-results/{closed.id}/reopen")
    client.submit(page, "Reopen")
    page = client.follow(client.submit(page, "Reopen"))
    assert page.flashes[-1] == "The key result is open already."
    assert client.follow(client.get(f"/key-results/{closed.id}/reopen")).h1 == "Publish posts"
    assert len(changes_of(closed.measure_id)) == 2


def test_key_results_that_ended_with_it_are_reopened_as_chosen(
    client: Client, bob: Person, objective: Objective, closed: KeyResult
) -> None:
    one, other = (make_key_result(objective, bob, title) for title in ("One", "Other"))
    client.submit(client.page(f"/objectives/{objective.id}/close"), "Close")
    page = client.page(f"/objectives/{objective.id}/reopen")
    assert [label.text for label in page.all("fieldset label")] == ["One", "Other"]
    client.follow(client.submit(page, "Reopen", {"parts": [str(one.id), str(closed.id), "x"]}))
    assert measure_of(objective).ended_as is None
    assert measure_of(one).ended_as is None
    assert measure_of(other).ended_as == CLOSED
    assert measure_of(closed).ended_as == CLOSED  # it ended on its own, before


def test_its_roll_up_is_reckoned_anew(
    client: Client, bob: Person, objective: Objective, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/close")
    client.submit(page, "Close", {"value": "40", "parts": "leave"})
    client.post(f"/key-results/{key_result.id}/check-in", {"value": "20"})
    client.post(f"/objectives/{objective.id}/reopen")
    page = client.page(f"/objectives/{objective.id}")
    assert page.one("#standing")["data-progress"] == "100.000000"


def test_what_has_ended_is_neither_edited_nor_checked_in(client: Client, closed: KeyResult) -> None:
    page = client.page(f"/key-results/{closed.id}")
    assert not page.named("Edit") and not page.named("Check in") and not page.named("Close")
    for action in ("edit", "check-in"):
        page = client.follow(client.get(f"/key-results/{closed.id}/{action}"))
        assert page.flashes[-1] == FIXED
        assert page.link("Reopen")
    typed = {"step": "save", "title": "Other", "owner": "2", "measure": "percent"}
    page = client.see(client.post(f"/key-results/{closed.id}/edit", typed), 422)
    assert FIXED in page.text and page.field("Title").value == "Other"
    page = client.see(client.post(f"/key-results/{closed.id}/check-in", {"note": "So?"}), 422)
    assert page.error("Note") == FIXED and page.field("Note").value == "So?"
    assert db.session.get_one(KeyResult, closed.id, populate_existing=True).title == "Publish posts"
    assert count_of(CheckIn) == 0


def test_an_objective_that_has_ended_gets_no_key_results(
    client: Client, bob: Person, objective: Objective
) -> None:
    client.sign_in(bob)
    client.submit(client.page(f"/objectives/{objective.id}/close"), "Close")
    address = f"/objectives/{objective.id}/key-results/new"
    sentence = "This objective is closed, so it stays as it is. Reopen it first."
    assert client.follow(client.get(address)).flashes[-1] == sentence
    typed = {"step": "save", "title": "More", "owner": str(bob.id), "measure": "percent"}
    assert sentence in client.see(client.post(address, typed), 422).text
    assert count_of(KeyResult) == 0


def test_a_form_left_open_while_it_ended_is_refused(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}/edit")
    client.post(path(key_result), CLOSE)
    page = client.see(client.submit(page, "Save", {"title": "Other"}), 422)
    assert FIXED in page.text


def test_others_may_not(client: Client, carol: Person, closed: KeyResult) -> None:
    client.sign_in(carol)
    assert not client.page(f"/key-results/{closed.id}").named("Reopen")
    assert client.get(f"/key-results/{closed.id}/reopen").status_code == 403
    assert client.post(f"/key-results/{closed.id}/reopen").status_code == 403
    assert db.session.get_one(Measure, closed.measure_id).ended_as == CLOSED


def test_what_is_not_there_is_not_found(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    for one in ("/objectives/99", "/key-results/99"):
        assert client.get(f"{one}/reopen").status_code == 404
        assert client.post(f"{one}/reopen").status_code == 404
