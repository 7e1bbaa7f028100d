"""Editing and deleting check-ins: the history stays honest, and says that it was changed.

The tables were worked out by hand: what is shown after a check-in is edited or taken back.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.changes import remeasure
from app.okrs.checkins import views
from app.okrs.models import (
    CLOSED,
    ONCE,
    PERCENT,
    UNTIL_RESUMED,
    CheckIn,
    KeyResult,
    Measure,
    Reading,
    SourceVersion,
)
from app.okrs.readings import record_check_in, record_reading
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import changes_of, count_of, make_measure, only
from tests.support.client import Client
from tests.support.html import Page
from tests.support.meanwhile import one_after_the_other, pause
from tests.support.people import make_person

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


def say(measure: Measure, by: Person, value: int | None, hours: int = 0, **said: object) -> CheckIn:
    override = said.pop("override", None)
    made = CheckIn(measure=measure, person_id=by.id, made_at=NOON + timedelta(hours=hours), **said)
    db.session.add(made)
    if value is not None:
        record_check_in(measure, made, Fraction(value), override)
    db.session.commit()
    return made


def present(key_result: KeyResult) -> Measure:
    return db.session.get_one(Measure, key_result.measure_id, populate_existing=True)


def edit(client: Client, made: CheckIn, **typed: str) -> Page:
    page = client.page(f"/check-ins/{made.id}/edit")
    return client.follow(client.submit(page, "Save", typed))


def delete(client: Client, made: CheckIn) -> Page:
    return client.follow(client.submit(client.page(f"/check-ins/{made.id}/delete"), "Delete"))


def entries(page: Page) -> list[str]:
    return [item.one("div").text for item in page.all(".timeline li")]


def actions() -> list[str]:
    found = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
    return [one for one in found if one.startswith(("check_in", "override"))]


def test_the_reading_follows_the_edited_value_at_its_own_moment(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    first = say(key_result.measure, bob, 5, note="A start")
    say(key_result.measure, bob, 8, hours=24)
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}")
    page = client.page(page.one(f"#check-in-{first.id}").all("a")[0]["href"])
    assert page.field("Value").value == "5" and page.field("Note").value == "A start"
    assert page.one("nav a[aria-current]").text == "OKRs"
    page = client.follow(client.submit(page, "Save", {"value": "6", "confidence": "4"}))
    assert page.flashes == ["Check-in saved."]
    assert page.one("#standing")["data-value"] == "8.000000"
    assert entries(page) == [
        "Bob Brown edited a check-in: 1 Feb 2026, 5 posts → 6 posts, confidence 4",
        "Bob Brown checked in: 8 posts",
        "Bob Brown checked in: 6 posts (edited) A start Confidence 4 of 10.",
    ]
    readings = db.session.scalars(select(Reading).order_by(Reading.taken_at)).all()
    own = [(one.value, one.taken_at) for one in readings if one.measure_id == first.measure_id]
    assert own == [(6, NOON), (8, NOON + timedelta(hours=24))]
    assert actions() == ["check_in.edited"]


def test_the_newest_edited_is_the_present_value_and_what_is_above_follows(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    made = say(key_result.measure, bob, 5)
    client.sign_in(bob)
    edit(client, made, value="10")
    page = client.page(f"/objectives/{key_result.objective_id}")
    assert page.one("#standing")["data-progress"] == "50.000000"
    assert present(key_result).valued_at == NOON


def test_an_edit_that_changes_nothing_leaves_no_trace(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    made = say(key_result.measure, bob, 5, note="A start", confidence=3)
    client.sign_in(bob)
    edit(client, made)
    assert changes_of(key_result.measure_id) == [] and actions() == []
    assert only(CheckIn).edited_at is None


def test_another_note_alone_is_told_without_its_words(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    made = say(key_result.measure, bob, None, note="Secret")
    client.sign_in(bob)
    edit(client, made, note="Public")
    assert changes_of(key_result.measure_id) == [("check_in", "1 Feb 2026", "another note")]


def test_a_value_can_be_given_and_taken_away_later(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    made = say(key_result.measure, bob, None, note="A start")
    client.sign_in(bob)
    edit(client, made, value="7")
    measure = present(key_result)
    assert (measure.value, measure.valued_at) == (7, NOON)
    edit(client, made, value="")
    measure = present(key_result)
    assert (measure.value, measure.valued_at) == (None, None)
    assert changes_of(measure.id) == [
        ("check_in", "1 Feb 2026", "7 posts"),
        ("check_in", "1 Feb 2026, 7 posts", "a note"),
    ]


@pytest.mark.parametrize(
    ("deleted", "value", "hours"),
    [([2], 8, 24), ([1], 9, 48), ([0], 9, 48), ([2, 1], 5, 0), ([0, 1, 2], None, None)],
)
def test_once_deleted_the_newest_that_remains_is_present(
    client: Client,
    bob: Person,
    key_result: KeyResult,
    deleted: list[int],
    value: int | None,
    hours: int | None,
) -> None:
    made = [say(key_result.measure, bob, 5)]
    made += [say(key_result.measure, bob, 8, hours=24), say(key_result.measure, bob, 9, hours=48)]
    client.sign_in(bob)
    for place in deleted:
        page = delete(client, made[place])
    assert page.flashes == ["Check-in deleted."]
    measure = present(key_result)
    assert (measure.value, measure.valued_at) == (
        value,
        None if hours is None else NOON + timedelta(hours=hours),
    )
    assert count_of(CheckIn) == 3 - len(deleted)
    assert "Bob Brown deleted a check-in: " in entries(page)[0]
    assert actions() == ["check_in.deleted"] * len(deleted)


def test_one_of_an_earlier_measure_keeps_its_value(
    client: Client, bob: Person, key_result: KeyResult
) -> None:
    made = say(key_result.measure, bob, 5, note="A start")
    wanted = make_measure(PERCENT, start_value=0, target_value=100, unit="")
    remeasure(key_result.measure, bob, wanted)
    db.session.commit()
    say(key_result.measure, bob, 40, hours=24)
    client.sign_in(bob)
    page = client.page(f"/check-ins/{made.id}/edit")
    assert not page.named("Value")
    assert "Its value is of an earlier measure and stays as it is." in page.text
    client.follow(client.submit(page, "Save", {"note": "Begun", "value": "90"}))
    assert (made.note, made.value) == ("A start", 5)  # as it was loaded
    db.session.expire_all()
    assert [
        (one.note, one.value) for one in db.session.scalars(select(CheckIn).order_by(CheckIn.id))
    ] == [
        ("Begun", 5),
        ("", 40),
    ]
    assert present(key_result).value == 40


def test_nothing_is_mended_where_a_source_brings_the_value_since(
    client: Client, bob: Person, key_result: KeyResult, abacus: Abacus
) -> None:
    made = say(key_result.measure, bob, None, note="A start")
    db.session.add(AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id))
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/check-ins/{made.id}/edit")
    assert not page.named("Value")
    assert client.see(client.submit(page, "Save", {"note": ""}), 422).error("Note") == (
        "Write a note."
    )


@pytest.mark.parametrize(
    ("typed", "label", "sentence"),
    [
        ({"value": "nine"}, "Value", "Write a number, such as 20 or 1,200.5."),
        ({"value": "", "note": ""}, "Value", "Give a value, a note, or both."),
        ({"confidence": "0"}, "Confidence", "Choose one from the list."),
    ],
)
def test_bad_input_changes_nothing(
    client: Client,
    bob: Person,
    key_result: KeyResult,
    typed: dict[str, str],
    label: str,
    sentence: str,
) -> None:
    made = say(key_result.measure, bob, 5, note="A start")
    client.sign_in(bob)
    page = client.page(f"/check-ins/{made.id}/edit")
    page = client.see(client.submit(page, "Save", typed), 422)
    assert page.error(label) == sentence
    assert present(key_result).value == 5 and changes_of(key_result.measure_id) == []


def test_only_ones_own_is_edited_and_admins_delete_anyones(
    client: Client, alice: Person, bob: Person, carol: Person, key_result: KeyResult
) -> None:
    made = say(key_result.measure, bob, 5)
    observer = make_person("Olga Orlova", OBSERVER)
    for person in (carol, observer):
        client.sign_in(person)
        assert not client.page(f"/key-results/{key_result.id}").named("Delete")
        for act in ("edit", "delete"):
            assert client.get(f"/check-ins/{made.id}/{act}").status_code == 403
            assert client.post(f"/check-ins/{made.id}/{act}", {"note": "x"}).status_code == 403
    client.sign_in(alice)
    assert client.post(f"/check-ins/{made.id}/edit", {"note": "x"}).status_code == 403
    page = delete(client, made)
    assert entries(page) == [
        "Alice Adams deleted a check-in: Bob Brown, 1 Feb 2026, 5 posts",
    ]
    assert client.post(f"/check-ins/{made.id}/delete").status_code == 404
    assert client.get("/check-ins/99/edit").status_code == 404


def test_what_has_ended_stays(client: Client, bob: Person, key_result: KeyResult) -> None:
    made = say(key_result.measure, bob, 5)
    key_result.measure.ended_as = CLOSED
    db.session.commit()
    client.sign_in(bob)
    assert not client.page(f"/key-results/{key_result.id}").all(f"#check-in-{made.id} a")
    for ask in (client.get, client.post):
        page = client.follow(ask(f"/check-ins/{made.id}/delete"))
        assert "Reopen it first." in page.flashes[0]
    page = client.see(client.post(f"/check-ins/{made.id}/edit", {"note": "x"}), 422)
    assert "Reopen it first." in page.error("Note")
    assert (only(CheckIn).value, only(CheckIn).note) == (5, "")


OVERRIDDEN = [
    # steps, which step is taken back; shown, override, automatic, what is beside
    ([("count", 5), (ONCE, 7)], 1, 5, None, None, []),
    ([("count", 5), (UNTIL_RESUMED, 7), ("count", 6)], 1, 6, None, None, []),
    ([("count", 5), (ONCE, 7), ("count", 6)], 1, 6, None, None, []),
    (
        [("count", 5), (UNTIL_RESUMED, 7), ("count", 6), (UNTIL_RESUMED, 8), ("count", 9)],
        3,
        7,
        UNTIL_RESUMED,
        9,
        [6, 9],
    ),
    (
        [("count", 5), (UNTIL_RESUMED, 7), ("count", 6), (UNTIL_RESUMED, 8), ("count", 9)],
        1,
        8,
        UNTIL_RESUMED,
        9,
        [9],
    ),
    ([("count", 5), (ONCE, 7), (UNTIL_RESUMED, 8), ("count", 6)], 2, 6, None, None, []),
    ([("count", 5), (ONCE, 7), (UNTIL_RESUMED, 8)], 2, 7, ONCE, 5, []),
    ([("count", 5), (UNTIL_RESUMED, 7), (ONCE, 8), ("count", 6)], 2, 6, None, None, []),
]


@pytest.mark.parametrize(
    ("steps", "taken_back", "shown", "override", "automatic", "beside"), OVERRIDDEN
)
def test_taken_back_the_value_by_hand_gives_way_to_what_was_counted(
    client: Client,
    bob: Person,
    key_result: KeyResult,
    abacus: Abacus,
    steps: list[tuple[str, int]],
    taken_back: int,
    shown: int,
    override: str | None,
    automatic: int | None,
    beside: list[int],
) -> None:
    measure, by_step = key_result.measure, {}
    source = AbacusSource(measure=measure, linked_by_id=bob.id, created_at=NOON - timedelta(days=1))
    source.versions.append(SourceVersion(definition={"beads": "9"}))
    db.session.add(source)
    db.session.flush()
    for hours, (what, value) in enumerate(steps):
        if what == "count":
            moment = NOON + timedelta(hours=hours)
            record_reading(measure, moment, Fraction(value), value, 0, source.versions[-1], None)
            db.session.commit()
        else:
            by_step[hours] = say(measure, bob, value, hours, override=what)
    client.sign_in(bob)
    delete(client, by_step[taken_back])
    now = present(key_result)
    assert (now.value, now.override, now.automatic_value) == (shown, override, automatic)
    kept = db.session.scalars(
        select(Reading.value)
        .where(Reading.is_beside.is_(True), Reading.measure_id == now.id)
        .order_by(Reading.taken_at)
    )
    assert list(kept) == beside


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_who_delete_the_same_at_once(
    app: object, alice: Person, bob: Person, key_result: KeyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = say(key_result.measure, bob, 5)

    def deleter(person: Person) -> Callable[[], object]:
        browser = Client(app)
        browser.sign_in(person)
        page = browser.page(f"/check-ins/{made.id}/delete")
        return lambda: browser.submit(page, "Delete")

    first, second = deleter(bob), deleter(alice)
    holds = pause(monkeypatch, views, "hold_item")
    early, late = one_after_the_other(first, holds, second)
    assert (early.status_code, late.status_code) == (303, 404)
    db.session.remove()
    assert count_of(CheckIn) == 0 and present(key_result).value is None
    assert actions() == ["check_in.deleted"]
