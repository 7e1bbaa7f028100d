"""Checking in: a value where a person brings it, a note, or both."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.accounts.models import Person
from app.db import db
from app.okrs.checkins import views
from app.okrs.models import CLOSED, PERCENT, CheckIn, Cycle, KeyResult, Measure, Objective
from tests.okrs.items import (
    count_of,
    given_readings,
    make_key_result,
    make_measure,
    make_objective,
    only,
)
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause


def path(key_result: KeyResult) -> str:
    return f"/key-results/{key_result.id}/check-in"


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_value_with_a_note(
    client: Client, key_result: KeyResult, name: str, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(name)
    client.sign_in(person)
    page = client.page(client.page(f"/key-results/{key_result.id}").link("Check in"))
    typed = {"value": "1,009.5", "note": "Two more\r\nby Friday"}
    page = client.follow(client.submit(page, "Save", typed))
    assert page.flashes == ["Checked in."]
    assert page.one("#standing")["data-value"] == "1009.500000"
    assert f"{person.name} checked in: 1,009.5 posts Two more by Friday" in page.text
    check_in = only(CheckIn)
    assert (check_in.person_id, check_in.value) == (person.id, Fraction("1009.5"))
    [reading] = given_readings()
    assert (reading.value, reading.check_in_id, reading.series) == (check_in.value, check_in.id, 1)
    measure = db.session.get_one(Measure, key_result.measure_id, populate_existing=True)
    assert (measure.value, measure.valued_at) == (check_in.value, reading.taken_at)


def test_each_check_in_is_a_reading(client: Client, bob: Person, key_result: KeyResult) -> None:
    client.sign_in(bob)
    for _ in range(2):
        client.follow(client.submit(client.page(path(key_result)), "Save", {"value": "9"}))
    assert count_of(CheckIn) == len(given_readings()) == 2


def test_a_note_alone_leaves_the_value(client: Client, bob: Person, key_result: KeyResult) -> None:
    client.sign_in(bob)
    client.follow(client.submit(client.page(path(key_result)), "Save", {"note": "All well"}))
    assert count_of(CheckIn) == 1
    assert not given_readings()


def test_a_note_or_confidence_alone_will_do(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(path(key_result))
    assert list(page.field("Confidence").options) == ["Not said", *map(str, range(1, 11))]
    page = client.follow(client.submit(page, "Save", {"confidence": "7"}))
    assert "Bob Brown checked in Confidence 7 of 10." in page.text
    assert only(CheckIn).confidence == 7


def test_pressed_twice_it_is_said_once(client: Client, bob: Person, key_result: KeyResult) -> None:
    client.sign_in(bob)
    page = client.page(path(key_result))
    for _ in range(2):
        answer = client.submit(page, "Save", {"value": "9", "note": "So far"})
        assert client.follow(answer).flashes == ["Checked in."]
    assert count_of(CheckIn) == len(given_readings()) == 1
    client.submit(page, "Save", {"value": "10", "note": "So far"})  # gone back, and typed anew
    assert count_of(CheckIn) == 2


def test_what_has_ended_is_not_checked_in_on(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    key_result.measure.ended_as = CLOSED
    db.session.commit()
    client.sign_in(bob)
    assert not client.page(f"/key-results/{key_result.id}").named("Check in")
    why = "This key result is closed, so it stays as it is. Reopen it first."
    assert client.follow(client.get(path(key_result))).flashes == [why]
    page = client.see(client.post(path(key_result), {"value": "9"}), 422)
    assert page.error("Note") == why and page.field("Value").value == "9"
    assert count_of(CheckIn) == 0


def test_on_a_roll_up_only_a_note(client: Client, bob: Person, objective: Objective) -> None:
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/check-in")
    assert not page.named("Value")
    page = client.follow(client.submit(page, "Save", {"note": "All well"}))
    assert "Bob Brown checked in All well" in page.text


@pytest.mark.parametrize(
    ("typed", "label", "sentence"),
    [
        ({"value": "nine"}, "Value", "Write a number, such as 20 or 1,200.5."),
        ({"value": "-0.1"}, "Value", "Give a percentage from 0 to 100."),
        ({"value": "100.000001"}, "Value", "Give a percentage from 0 to 100."),
        ({"value": " ", "note": " "}, "Value", "Give a value, a note, or both."),
        ({"confidence": "11"}, "Confidence", "Choose one from the list."),
        ({"value": "5", "note": "x" * 10_001}, "Note", "Use at most 10,000 characters."),
    ],
)
def test_bad_input_is_kept(
    client: Client, bob: Person, cycle: Cycle, typed: dict[str, str], label: str, sentence: str
) -> None:
    key_result = make_key_result(make_objective(bob, cycle), bob, measure=make_measure(PERCENT))
    client.sign_in(bob)
    page = client.see(client.submit(client.page(path(key_result)), "Save", typed), 422)
    assert page.error(label) == sentence
    for name, text in typed.items():
        if name == "confidence":
            continue  # none of its choices
        assert str(page.one(f"#{name}").value).strip() == text.strip()
    assert count_of(CheckIn) == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_value_is_judged_by_the_measure_as_it_is_when_recorded(
    client: Client, bob: Person, key_result: KeyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = views.key_result_for

    def load_and_be_overtaken(*arguments: Any, **options: Any) -> KeyResult:
        loaded = load(*arguments, **options)
        with db.engine.begin() as another:
            another.execute(update(Measure).values(kind=PERCENT, series=2))
        return loaded

    monkeypatch.setattr(views, "key_result_for", load_and_be_overtaken)
    client.sign_in(bob)
    page = client.see(client.post(path(key_result), {"value": "400"}), 422)
    assert page.error("Value") == "Give a percentage from 0 to 100."
    assert client.post(path(key_result), {"value": "40"}).status_code == 303
    assert [one.series for one in given_readings()] == [2]


def test_others_do_not(client: Client, carol: Person, key_result: KeyResult) -> None:
    client.sign_in(carol)
    assert not client.page(f"/key-results/{key_result.id}").named("Check in")
    assert client.get(path(key_result)).status_code == 403
    assert client.post(path(key_result), {"value": "5"}).status_code == 403
    client.sign_out()
    assert client.post(path(key_result), {"value": "5"}).headers["Location"].startswith("/login")
    assert db.session.scalars(select(CheckIn)).all() == []


def test_what_is_not_there_is_not_found(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    assert client.get("/key-results/99/check-in").status_code == 404
    assert client.post("/objectives/99/check-in", {"note": "x"}).status_code == 404


def test_a_value_that_another_gave_since_is_told_before_one_s_own_goes_after_it(
    client: Client, alice: Person, bob: Person, key_result: KeyResult
) -> None:
    other = Client(client.app)
    other.sign_in(alice)
    client.sign_in(bob)
    page = client.page(path(key_result))
    other.submit(other.page(path(key_result)), "Save", {"value": "12", "note": "Counted"})
    typed = {"value": "9", "note": "So far", "confidence": "7"}
    page = client.see(client.submit(page, "Save", typed), 422)
    clock = only(CheckIn).made_at.strftime("%H:%M")
    assert page.error("Value") == (
        f"Alice Adams checked in 12 posts at {clock}, after you opened this. "
        "Saving again puts yours after it."
    )
    fields = {"Value": "9", "Note": "So far", "Confidence": "7"}
    assert {label: page.field(label).value for label in fields} == fields
    assert "Now: 12 of 20 posts." in page.text
    assert count_of(CheckIn) == 1
    for _ in range(2):  # pressed twice
        assert client.follow(client.submit(page, "Save")).flashes == ["Checked in."]
    assert [one.value for one in given_readings()] == [12, 9]
    measure = db.session.get_one(Measure, key_result.measure_id, populate_existing=True)
    assert measure.value == 9


@pytest.mark.parametrize(
    ("theirs", "typed"),
    [
        ({"note": "All well"}, {"value": "9"}),
        ({"value": "9"}, {"value": "9", "note": "The same"}),
        ({"value": "12"}, {"note": "No value of mine"}),
    ],
)
def test_what_takes_the_place_of_no_other_value_is_saved_at_once(
    client: Client,
    alice: Person,
    bob: Person,
    key_result: KeyResult,
    theirs: dict[str, str],
    typed: dict[str, str],
) -> None:
    other = Client(client.app)
    other.sign_in(alice)
    client.sign_in(bob)
    page = client.page(path(key_result))
    other.submit(other.page(path(key_result)), "Save", theirs)
    assert client.submit(page, "Save", typed).status_code == 303
    assert count_of(CheckIn) == 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_values_at_once_the_second_is_told_of_the_first(
    app: Flask, alice: Person, bob: Person, key_result: KeyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    def presser(person: Person, value: str) -> Callable[[], TestResponse]:
        browser = Client(app)
        browser.sign_in(person)
        page = browser.page(path(key_result))
        return lambda: browser.submit(page, "Save", {"value": value})

    first, second = presser(alice, "12"), presser(bob, "9")
    holds = pause(monkeypatch, views, "hold_item")
    early, late = one_after_the_other(first, holds, second)
    assert (early.status_code, late.status_code) == (303, 422)
    assert "Alice Adams checked in 12 posts at" in late.text
    db.session.remove()
    assert count_of(CheckIn) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_presses_at_once_say_it_once(
    app: Flask, bob: Person, key_result: KeyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Client(app)
    browser.sign_in(bob)
    page = browser.page(path(key_result))

    def press() -> TestResponse:
        return browser.submit(page, "Save", {"value": "9"})

    holds = pause(monkeypatch, views, "hold_item")
    early, late = one_after_the_other(press, holds, press)
    assert (early.status_code, late.status_code) == (303, 303)
    db.session.remove()
    assert count_of(CheckIn) == 1
