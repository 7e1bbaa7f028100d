"""The round of check-ins: one item after the other, by keyboard and without JavaScript."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from app.accounts.models import OBSERVER, Person
from app.db import db, utcnow
from app.okrs.models import (
    CLOSED,
    ONCE,
    PERCENT,
    UNTIL_RESUMED,
    CheckIn,
    Cycle,
    ItemOwner,
    KeyResult,
    Measure,
    Objective,
    SourceVersion,
)
from app.okrs.readings import record_check_in
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import (
    count_of,
    given_readings,
    make_key_result,
    make_measure,
    make_objective,
)
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person
from tests.support.sql import count_statements

ROUND = "/check-ins/round"


@pytest.fixture
def three(objective: Objective, bob: Person) -> list[KeyResult]:
    return [make_key_result(objective, bob, title) for title in ("Posts", "Talks", "Mails")]


def place(page: Page) -> tuple[str, str]:
    return page.h1, page.one(".trail").text


def save(client: Client, page: Page, **typed: str) -> Page:
    return client.follow(client.submit(page, "Save and next", typed))


def test_one_after_the_other_to_the_end(
    client: Client, bob: Person, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    page = client.page(client.page("/").link("Check-in round (3)"))
    assert place(page) == ("Posts", "Check-in round: 1 of 3")
    assert page.one("nav a[aria-current]").text == "Home"
    assert "autofocus" in page.field("Value")
    assert [button.text for button in page.form_with("Save and next").buttons()] == [
        "Save and next"
    ]
    assert page.all(".bar") and "No check-in yet." in page.text
    page = save(client, page, value="5", note="So far", confidence="8")
    assert place(page) == ("Talks", "Check-in round: 2 of 3")
    page = client.page(page.link("Skip"))
    assert place(page) == ("Mails", "Check-in round: 3 of 3")
    page = save(client, page, note="Nothing new")
    assert page.h1 == "Check-in round"
    assert "2 checked in, 1 skipped. Nothing else of yours wants a check-in now." in page.text
    shown = [[row.text for row in section.all(".name a")] for section in page.all("section")]
    assert shown == [["Posts", "Mails"], ["Talks"]]
    assert [one.value for one in given_readings()] == [5]
    assert place(client.page(ROUND)) == ("Talks", "Check-in round: 1 of 1")


def test_with_nothing_to_do_it_says_so(client: Client, bob: Person, cycle: Cycle) -> None:
    client.sign_in(bob)
    assert "Nothing of yours wants a check-in now." in client.page(ROUND).text


def test_pressed_twice_it_is_saved_once_and_goes_on_to_the_same(
    client: Client, bob: Person, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    page = client.page(ROUND)
    places = [place(save(client, page, value="5")) for _ in range(2)]
    assert places == [("Talks", "Check-in round: 2 of 3")] * 2
    assert count_of(CheckIn) == 1


def test_bad_input_stays_at_the_item(client: Client, bob: Person, three: list[KeyResult]) -> None:
    client.sign_in(bob)
    page = client.page(client.page(ROUND).link("Skip"))
    typed = {"value": "nine", "note": "Hm"}
    page = client.see(client.submit(page, "Save and next", typed), 422)
    assert place(page) == ("Talks", "Check-in round: 2 of 3")
    assert page.error("Value") == "Write a number, such as 20 or 1,200.5."
    assert page.field("Note").value == "Hm"
    assert place(save(client, page, value="9")) == ("Mails", "Check-in round: 3 of 3")


def test_the_last_check_in_stands_beside(
    client: Client, bob: Person, alice: Person, key_result: KeyResult
) -> None:
    made_at = utcnow() - timedelta(days=8)
    db.session.add(
        CheckIn(
            measure=key_result.measure, person_id=alice.id, made_at=made_at, note="Nine in print"
        )
    )
    key_result.measure.value = Fraction(9)
    db.session.commit()
    client.sign_in(bob)
    page = client.page(ROUND)
    assert "Now: 9 of 20 posts. Last check-in: Alice Adams, " in page.text
    assert page.one("blockquote").text == "Nine in print"


def linked(key_result: KeyResult, bob: Person, override: str | None) -> None:
    source = AbacusSource(measure=key_result.measure, linked_by_id=bob.id)
    source.versions.append(SourceVersion(definition={"beads": "9"}))
    db.session.add(source)
    if override is not None:
        made_at = utcnow() - timedelta(days=8)
        made = CheckIn(measure=key_result.measure, person_id=bob.id, made_at=made_at)
        db.session.add(made)
        record_check_in(key_result.measure, made, Fraction(7), override)
    db.session.commit()


def test_what_wants_a_check_in(
    client: Client,
    bob: Person,
    carol: Person,
    cycle: Cycle,
    objective: Objective,
    abacus: Abacus,
) -> None:
    def made(title: str, owner: Person = bob, **values: Any) -> KeyResult:
        return make_key_result(objective, owner, title, **values)

    wanted = ["An objective of its own measure", "By hand", "Said long ago", "Stopped", "Shared"]
    make_objective(bob, cycle, wanted[0], measure=make_measure(PERCENT))
    made(wanted[1])
    for title, days in ((wanted[2], 7), ("Said lately", 6)):
        made_at = utcnow() - timedelta(days=days, minutes=1)
        db.session.add(CheckIn(measure=made(title).measure, person_id=carol.id, made_at=made_at))
    linked(made(wanted[3]), bob, UNTIL_RESUMED)
    linked(made("Counted"), bob, None)
    linked(made("For once"), bob, ONCE)
    shared = made(wanted[4], carol)
    db.session.add(ItemOwner(measure_id=shared.measure_id, person_id=bob.id))
    made("Another's", carol)
    made("Not begun", starts_on=date(2026, 3, 1))
    made("Over", ends_on=date(2026, 2, 1))
    made("Closed").measure.ended_as = CLOSED
    made("Deleted").deleted_at = utcnow()
    db.session.commit()
    client.sign_in(bob)
    seen, page = [], client.page(ROUND)
    while page.named("Skip"):
        seen.append(page.h1)
        page = client.page(page.link("Skip"))
    assert seen == wanted


def test_only_ones_own_is_saved(
    client: Client, bob: Person, carol: Person, cycle: Cycle, key_result: KeyResult
) -> None:
    private = make_key_result(make_objective(carol, cycle, is_private=True), carol)
    client.sign_in(carol)
    sent = {"value": "5", "measure": key_result.measure_id}
    assert client.post(ROUND, sent).status_code == 403
    client.sign_in(bob)
    for measure, status in ((private.measure_id, 404), ("99", 404), ("x", 404)):
        assert client.post(ROUND, {"value": "5", "measure": measure}).status_code == status
    page = client.page(f"{ROUND}?saved={private.measure_id}&skipped=x,99999999999,")
    assert place(page)[0] == "Publish posts"
    client.sign_in(make_person("Olga Orlova", OBSERVER))
    assert client.get(ROUND).status_code == 403
    assert count_of(CheckIn) == 0


def test_what_was_closed_meanwhile_is_passed_over(
    client: Client, bob: Person, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    page = client.page(ROUND)
    db.session.get_one(Measure, three[0].measure_id).ended_as = CLOSED
    db.session.commit()
    page = save(client, page, value="5")
    assert place(page)[0] == "Talks"
    assert page.flashes == ["This key result is closed, so it stays as it is. Reopen it first."]
    assert count_of(CheckIn) == 0


def test_a_value_that_another_gave_since_is_told_at_the_item(
    client: Client, alice: Person, bob: Person, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    page = client.page(client.page(ROUND).link("Skip"))
    other = Client(client.app)
    other.sign_in(alice)
    other.post(f"/key-results/{three[1].id}/check-in", {"value": "12"})
    typed = {"value": "9", "note": "So far"}
    page = client.see(client.submit(page, "Save and next", typed), 422)
    assert place(page) == ("Talks", "Check-in round: 2 of 3")
    assert page.error("Value").startswith("Alice Adams checked in 12 posts at ")
    assert "Last check-in: Alice Adams, " in page.text
    assert (page.field("Value").value, page.field("Note").value) == ("9", "So far")
    assert [one.value for one in given_readings()] == [12]
    assert place(save(client, page)) == ("Mails", "Check-in round: 3 of 3")
    assert [one.value for one in given_readings()] == [12, 9]


def test_more_items_cost_no_more_statements(
    client: Client, bob: Person, objective: Objective, three: list[KeyResult]
) -> None:
    client.sign_in(bob)
    client.page(ROUND)
    with count_statements() as few:
        client.page(ROUND)
    for number in range(5):
        make_key_result(objective, bob, f"Post {number}")
    client.page(ROUND)
    with count_statements() as many:
        client.page(ROUND)
    assert len(few) == len(many)
