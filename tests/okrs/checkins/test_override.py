"""A value given by hand in spite of a source: what is shown, and what is counted beside it.

The tables were worked out by hand from the rules: for once, until the automatic value next changes;
or until someone resumes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs.changes import end_source, remeasure
from app.okrs.models import (
    KPI,
    ONCE,
    PERCENT,
    UNTIL_RESUMED,
    CheckIn,
    KeyResult,
    Measure,
    Reading,
    SourceVersion,
)
from app.okrs.readings import Counted, record_changes, record_check_in, record_reading
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import changes_of, count_of, make_measure, only
from tests.support.client import Client
from tests.support.html import Page
from tests.support.sql import count_statements

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
Step = tuple[str, int]
"""Counted this many, or given this value by hand: once or until resumed."""

SEQUENCES = [
    # steps; the value shown then, the override, the automatic value
    ([("count", 5)], "5", None, None),
    ([("count", 5), (ONCE, 7)], "7", ONCE, "5"),
    ([("count", 5), (ONCE, 7), ("count", 5)], "7", ONCE, "5"),
    ([("count", 5), (ONCE, 7), ("count", 6)], "6", None, None),
    ([("count", 5), (ONCE, 7), ("count", 6), ("count", 5)], "5", None, None),
    ([("count", 5), (ONCE, 7), ("count", 7)], "7", None, None),
    ([("count", 5), (ONCE, 5), ("count", 6)], "6", None, None),
    ([("count", 5), (ONCE, 7), (ONCE, 8), ("count", 5)], "8", ONCE, "5"),
    ([("count", 5), (UNTIL_RESUMED, 7)], "7", UNTIL_RESUMED, "5"),
    ([("count", 5), (UNTIL_RESUMED, 7), ("count", 6)], "7", UNTIL_RESUMED, "6"),
    ([("count", 5), (UNTIL_RESUMED, 7), ("count", 6), ("count", 5)], "7", UNTIL_RESUMED, "5"),
    ([("count", 5), (UNTIL_RESUMED, 7), ("count", 6), (ONCE, 8)], "8", ONCE, "6"),
    ([("count", 5), (UNTIL_RESUMED, 7), (ONCE, 8), ("count", 6)], "6", None, None),
    ([("count", 5), (ONCE, 7), (UNTIL_RESUMED, 8), ("count", 6)], "8", UNTIL_RESUMED, "6"),
    # The source has yet to count: its first count is a change.
    ([(ONCE, 7)], "7", ONCE, None),
    ([(ONCE, 7), ("count", 5)], "5", None, None),
    ([(UNTIL_RESUMED, 7), ("count", 5)], "7", UNTIL_RESUMED, "5"),
]


@pytest.fixture
def source(key_result: KeyResult, bob: Person) -> AbacusSource:
    source = AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id)
    source.versions.append(SourceVersion(definition={}))
    db.session.add(source)
    db.session.commit()
    return source


def play(source: AbacusSource, bob: Person, steps: Sequence[Step], in_bulk: bool = False) -> None:
    """The steps, an hour apart, each committed."""
    for hours, (what, value) in enumerate(steps):
        moment = NOON + timedelta(hours=hours)
        measure = source.measure
        if what != "count":
            check_in = CheckIn(measure=measure, person_id=bob.id, made_at=moment)
            db.session.add(check_in)
            record_check_in(measure, check_in, Fraction(value), what)
        elif in_bulk:
            figures = (Fraction(value), value, 0)
            version = source.versions[-1].id
            counted = Counted(measure.id, measure.series, version, moment, figures, None)
            record_changes(db.session(), [counted])
        else:
            record_reading(measure, moment, Fraction(value), value, 0, source.versions[-1], None)
        db.session.commit()
        db.session.expire(measure)


def beside() -> list[tuple[int, bool]]:
    """All readings in their order: the value, and whether it stands beside."""
    readings = db.session.scalars(select(Reading).order_by(Reading.taken_at, Reading.id))
    return [(int(one.value), one.is_beside) for one in readings]


@pytest.mark.both_databases
@pytest.mark.parametrize(("steps", "shown", "override", "automatic"), SEQUENCES)
@pytest.mark.parametrize("in_bulk", [False, True], ids=["one", "in bulk"])
def test_what_is_shown_and_what_is_counted_beside_it(
    source: AbacusSource,
    bob: Person,
    steps: Sequence[Step],
    shown: str,
    override: str | None,
    automatic: str | None,
    in_bulk: bool,
) -> None:
    play(source, bob, steps, in_bulk)
    measure = source.measure
    expected = None if automatic is None else Fraction(automatic)
    assert (measure.value, measure.override, measure.automatic_value) == (
        Fraction(shown),
        override,
        expected,
    )
    counts = [value for what, value in steps if what == "count"]
    assert measure.matching_count == (counts[-1] if counts else None)
    newest = db.session.scalars(
        select(Reading)
        .where(Reading.is_beside.is_(False))
        .order_by(Reading.taken_at.desc(), Reading.id.desc())
    ).first()
    assert newest is not None
    assert (newest.value, newest.taken_at) == (measure.value, measure.valued_at)


def test_what_is_counted_meanwhile_is_kept_beside_what_is_shown(
    source: AbacusSource, bob: Person
) -> None:
    play(source, bob, [("count", 5), (UNTIL_RESUMED, 7), ("count", 6), ("count", 6), ("count", 8)])
    assert beside() == [(5, False), (7, False), (6, True), (8, True)]


def test_a_count_that_ends_it_is_shown_and_those_before_are_not(
    source: AbacusSource, bob: Person
) -> None:
    measure, version = source.measure, source.versions[-1]
    play(source, bob, [("count", 5), (ONCE, 7)])
    later = NOON + timedelta(hours=5)
    record_reading(measure, later, Fraction(5), 9, 4, version, None)  # other cards, as many counted
    db.session.commit()
    assert (measure.value, measure.matching_count, measure.completed_count) == (7, 9, 4)
    record_reading(measure, later + timedelta(hours=1), Fraction(6), 9, 4, version, None)
    db.session.commit()
    assert beside() == [(5, False), (7, False), (5, True), (6, False)]


def test_another_kind_of_measure_ends_it(source: AbacusSource, bob: Person) -> None:
    play(source, bob, [("count", 5), (UNTIL_RESUMED, 7)])
    remeasure(source.measure, bob, make_measure(PERCENT, start_value=0, target_value=100, unit=""))
    db.session.commit()
    measure = source.measure
    assert (measure.value, measure.override, measure.automatic_value) == (None, None, None)
    version = source.versions[-1]
    record_reading(measure, NOON + timedelta(days=1), Fraction(40), 5, 2, version, None)
    assert measure.value == 40


def test_another_target_does_not_end_it(source: AbacusSource, bob: Person) -> None:
    play(source, bob, [("count", 5), (UNTIL_RESUMED, 7)])
    remeasure(source.measure, bob, make_measure(KPI, start_value=0, target_value=30, unit=""))
    assert source.measure.override == UNTIL_RESUMED


def test_without_its_source_the_value_by_hand_stays_as_any_other(
    source: AbacusSource, bob: Person
) -> None:
    play(source, bob, [("count", 5), (UNTIL_RESUMED, 7)])
    end_source(source.measure, bob, "Abacus")
    db.session.commit()
    measure = db.session.get_one(Measure, source.measure_id, populate_existing=True)
    assert (measure.value, measure.override, measure.automatic_value) == (7, None, None)


@pytest.fixture
def counted(source: AbacusSource, bob: Person, abacus: Abacus) -> KeyResult:
    """A key result of which the abacus counts five."""
    source.versions[-1].definition = {"beads": "5"}
    play(source, bob, [("count", 5)])
    source.counted_at = NOON
    db.session.commit()
    return source.measure.key_result


def check_in(client: Client, key_result: KeyResult, **typed: str) -> Page:
    page = client.page(f"/key-results/{key_result.id}/check-in")
    return client.follow(client.submit(page, "Save", typed))


def test_a_check_in_shows_what_is_counted_and_may_overrule_it(
    client: Client, bob: Person, counted: KeyResult
) -> None:
    client.sign_in(bob)
    page = client.page(f"/key-results/{counted.id}/check-in")
    assert "Abacus counts 5 posts now." in page.text
    page = client.follow(client.submit(page, "Save", {"value": "7", "note": "Two in print"}))
    assert page.one("#standing")["data-value"] == "7.000000"
    assert "Set by hand by Bob Brown, " in page.text
    assert ", until Abacus counts something else. Abacus counts 5 posts now." in page.text
    assert "Bob Brown set it by hand for once: 7 posts Two in print" in page.text
    page = client.page(f"/key-results/{counted.id}/check-in")
    assert "Abacus counts 5 posts now." in page.text
    assert only(CheckIn).override == ONCE


def test_a_note_alone_leaves_it_to_the_source(
    client: Client, bob: Person, counted: KeyResult
) -> None:
    client.sign_in(bob)
    page = check_in(client, counted, note="All well", override=UNTIL_RESUMED)
    assert not page.named("Resume")
    assert (only(CheckIn).value, only(CheckIn).override) == (None, None)
    assert db.session.get_one(Measure, counted.measure_id).override is None


def test_how_long_has_to_be_one_of_the_two(client: Client, bob: Person, counted: KeyResult) -> None:
    client.sign_in(bob)
    page = client.page(f"/key-results/{counted.id}/check-in")
    page = client.see(client.submit(page, "Save", {"value": "7", "override": "ever"}), 422)
    assert page.one("#override-errors").text == "Choose how long."
    assert page.field("Value").value == "7" and count_of(CheckIn) == 0


def test_it_stays_until_someone_resumes(
    client: Client, bob: Person, alice: Person, counted: KeyResult, source: AbacusSource
) -> None:
    client.sign_in(bob)
    check_in(client, counted, value="7", override=UNTIL_RESUMED)
    play_on(source, 6)
    page = client.page(f"/key-results/{counted.id}")
    assert page.one("#standing")["data-value"] == "7.000000"
    assert "and not updated since. Abacus counts 6 posts now." in page.text
    row = client.page(f"/objectives/{counted.objective_id}").one(f"#key-result-row-{counted.id}")
    assert row.one(".source").text == "Abacus set by hand"
    points = page.one("#chart tbody").text
    assert "7 posts" in points and "6 posts" not in points
    assert "Abacus counted: 5 posts → 6 posts Which beads beside the value given by hand" in (
        page.text
    )
    client.sign_in(alice)
    page = client.follow(client.submit(client.page(f"/key-results/{counted.id}"), "Resume"))
    assert page.flashes == ["The data source updates it again."]
    assert page.one("#standing")["data-value"] == "6.000000"
    assert not page.named("Resume")
    assert "Alice Adams let the data source update it again: 7 posts → 6 posts" in page.text
    assert "6 posts" in page.one("#chart tbody").text
    play_on(source, 8)
    measure = db.session.get_one(Measure, counted.measure_id, populate_existing=True)
    assert (measure.value, measure.override, measure.automatic_value) == (8, None, None)
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["override.begun", "override.ended"]


def test_resumed_twice_it_is_resumed_once(client: Client, bob: Person, counted: KeyResult) -> None:
    client.sign_in(bob)
    check_in(client, counted, value="7", override=UNTIL_RESUMED)
    page = client.page(f"/key-results/{counted.id}")
    for _ in range(2):
        assert client.submit(page, "Resume").status_code == 303
    assert changes_of(counted.measure_id) == [("override", "7 posts", "5 posts")]


def test_resumed_before_the_first_count_the_value_stays_until_then(
    client: Client, bob: Person, source: AbacusSource, abacus: Abacus
) -> None:
    play(source, bob, [(UNTIL_RESUMED, 7)])
    source.versions[-1].definition = {"beads": "5"}
    db.session.commit()
    key_result = source.measure.key_result
    client.sign_in(bob)
    page = client.page(f"/key-results/{key_result.id}")
    assert "Abacus has yet to count." in page.text
    page = client.follow(client.submit(page, "Resume"))
    assert page.one("#standing")["data-value"] == "7.000000"
    play_on(source, 5)
    assert db.session.get_one(Measure, source.measure_id).value == 5


def test_a_count_that_came_while_the_page_was_read_breaks_nothing(
    client: Client, bob: Person, counted: KeyResult
) -> None:
    measure = counted.measure
    measure.override, measure.automatic_value = UNTIL_RESUMED, Fraction(5)  # as read before it
    db.session.commit()
    client.sign_in(bob)
    page = client.page(f"/key-results/{counted.id}")
    assert "Set by hand by someone, " in page.text and page.named("Resume")


def test_others_do_not_resume(
    client: Client, bob: Person, carol: Person, counted: KeyResult
) -> None:
    client.sign_in(bob)
    check_in(client, counted, value="7", override=UNTIL_RESUMED)
    client.sign_in(carol)
    page = client.page(f"/key-results/{counted.id}")
    assert "Set by hand by Bob Brown" in page.text and not page.named("Resume")
    assert client.post(f"/key-results/{counted.id}/resume").status_code == 403
    assert client.post("/key-results/99/resume").status_code == 404


def test_an_edited_value_by_hand_is_shown_at_once(
    client: Client, bob: Person, counted: KeyResult, source: AbacusSource
) -> None:
    client.sign_in(bob)
    check_in(client, counted, value="7", override=UNTIL_RESUMED)
    play_on(source, 6)
    page = client.page(f"/check-ins/{only(CheckIn).id}/edit")
    assert not page.all("#override-once")
    client.follow(client.submit(page, "Save", {"value": "9"}))
    measure = db.session.get_one(Measure, counted.measure_id, populate_existing=True)
    assert (measure.value, measure.override, measure.automatic_value) == (9, UNTIL_RESUMED, 6)
    assert measure.matching_count == 6


def test_it_costs_an_items_page_no_statement(
    client: Client, bob: Person, counted: KeyResult
) -> None:
    client.sign_in(bob)
    client.page(f"/key-results/{counted.id}")
    with count_statements() as without:
        client.page(f"/key-results/{counted.id}")
    check_in(client, counted, value="7", override=UNTIL_RESUMED)
    client.page(f"/key-results/{counted.id}")
    with count_statements() as overridden:
        client.page(f"/key-results/{counted.id}")
    assert len(overridden) == len(without)


def play_on(source: AbacusSource, value: int) -> None:
    """What the source counts now."""
    now = db.session.get_one(AbacusSource, source.id, populate_existing=True)
    db.session.refresh(now.measure)
    record_reading(now.measure, utcnow(), Fraction(value), value, 0, now.versions[-1], None)
    db.session.commit()
