"""The weekly reminder and summary: when they come, what they say, and that they are never empty."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from app.accounts.models import Person
from app.db import db
from app.mail import weekly
from app.okrs.models import PERCENT, CheckIn, Cycle, KeyResult, Measure, Objective, Reading
from tests.mail.conftest import SITE
from tests.mail.mailbox import Mailbox, text_of
from tests.mail.posting import Post, waiting
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import make_key_result, make_measure, make_objective
from tests.support.sql import count_statements

MONDAY = datetime(2026, 2, 23, 9, 0, tzinfo=UTC)
"""At nine o'clock in UTC; nobody of the cast lives elsewhere, unless a test says so."""


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Let it be this moment for the weekly mail."""

    def be(moment: datetime) -> None:
        monkeypatch.setattr(weekly, "utcnow", lambda: moment)

    be(MONDAY)
    return be


@pytest.fixture(autouse=True)
def _made_long_ago(objective: Objective, key_result: KeyResult) -> None:
    for item in (objective, key_result):
        item.created_at = MONDAY - timedelta(days=30)
    db.session.commit()


def change(person: Person, **values: object) -> None:
    for name, value in values.items():
        setattr(db.session.get_one(Person, person.id), name, value)
    db.session.commit()


def read(measure_id: int, value: Fraction | int, days_ago: int) -> None:
    measure = db.session.get_one(Measure, measure_id)
    taken_at = MONDAY - timedelta(days=days_ago)
    db.session.add(
        Reading(measure_id=measure_id, series=1, taken_at=taken_at, value=Fraction(value))
    )
    measure.value, measure.valued_at = Fraction(value), taken_at
    db.session.commit()


def check_in(measure_id: int, person: Person, days_ago: float) -> None:
    made_at = MONDAY - timedelta(days=days_ago)
    db.session.add(CheckIn(measure_id=measure_id, person_id=person.id, made_at=made_at, note="x"))
    db.session.commit()


def bodies(mailbox: Mailbox, kind: str) -> list[str]:
    word = {"reminder": "check-in", "summary": "Your week"}[kind]
    return [text_of(one) for one in mailbox.messages if word in str(one["Subject"])]


@pytest.mark.both_databases
def test_both_come_once(at, bob: Person, post: Post, mailbox: Mailbox) -> None:
    assert post.write_weekly() == [bob.id]
    assert post.write_weekly() == []
    at(MONDAY + timedelta(hours=14))
    assert post.write_weekly() == []
    post.deliver()
    assert sorted(str(one["Subject"]) for one in mailbox.messages) == [
        "Your week in Tally: 2 at risk",
        "“Publish posts” wants a check-in",
    ]
    assert mailbox.recipients == [["bob@example.com"]] * 2


@pytest.mark.parametrize(
    ("moment", "comes"),
    [
        (MONDAY - timedelta(seconds=1), False),
        (MONDAY, True),
        (MONDAY + timedelta(hours=14, minutes=59), True),  # the worker was down until then
        (MONDAY + timedelta(hours=15), False),  # too late: it is Tuesday
        (MONDAY + timedelta(days=3), False),
        (MONDAY + timedelta(days=7), True),
    ],
)
def test_it_comes_on_its_day_from_its_hour_on(
    at, bob: Person, post: Post, moment: datetime, comes: bool
) -> None:
    at(moment)
    assert post.write_weekly() == ([bob.id] if comes else [])


def test_day_hour_and_zone_are_the_persons_own(at, bob: Person, post: Post) -> None:
    change(bob, mail_weekday=1, mail_hour=7, time_zone="Pacific/Auckland")
    first = datetime(2026, 2, 23, 18, 0, tzinfo=UTC)  # Tuesday the 24th, 7:00, 13 hours ahead
    at(first - timedelta(seconds=1))
    assert post.write_weekly() == []
    at(first)
    assert post.write_weekly() == [bob.id]


@pytest.mark.parametrize(
    ("week", "utc_hour"),
    [
        ("2026-03-23", 8),  # winter time in Berlin
        ("2026-03-30", 7),  # the clocks went forward on the 29th
        ("2026-10-19", 7),
        ("2026-10-26", 8),  # and back on the 25th
    ],
)
def test_the_hour_is_that_of_the_wall_clock(
    at, bob: Person, cycle: Cycle, post: Post, week: str, utc_hour: int
) -> None:
    change(bob, time_zone="Europe/Berlin")
    nine = datetime.fromisoformat(f"{week}T{utc_hour:02}:00:00+00:00")
    at(nine - timedelta(seconds=1))
    assert post.write_weekly() == []
    at(nine)
    assert post.write_weekly() == [bob.id]


def test_an_hour_that_a_day_skips_or_has_twice(at, bob: Person, post: Post) -> None:
    change(bob, time_zone="Europe/Berlin", mail_weekday=6, mail_hour=2)
    at(datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC))  # 1:59:59, and then it is 3:00
    assert post.write_weekly() == []
    at(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))
    assert post.write_weekly() == [bob.id]
    at(datetime(2026, 10, 25, 0, 0, tzinfo=UTC))  # 2:00, an hour later once more
    assert post.write_weekly() == [bob.id]
    at(datetime(2026, 10, 25, 1, 0, tzinfo=UTC))
    assert post.write_weekly() == []


def test_moving_the_day_brings_no_second_one_in_a_week(at, bob: Person, post: Post) -> None:
    assert post.write_weekly() == [bob.id]
    change(bob, mail_weekday=3)
    at(MONDAY + timedelta(days=3))
    assert post.write_weekly() == []
    at(MONDAY + timedelta(days=10))
    assert post.write_weekly() == [bob.id]


@pytest.mark.parametrize(
    ("wish", "left"), [("wants_reminders", ["summary"]), ("wants_summary", ["reminder"])]
)
def test_each_can_be_turned_off(at, bob: Person, post: Post, wish: str, left: list[str]) -> None:
    change(bob, **{wish: False})
    post.write_weekly()
    assert [mail.kind for mail in waiting()] == left


def test_a_closed_account_gets_none(at, bob: Person, post: Post) -> None:
    change(bob, is_active=False)
    assert post.write_weekly() == []


def test_nothing_to_tell_is_no_mail_and_is_looked_for_once(
    at, carol: Person, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    change(bob, mail_weekday=4)
    change(carol, mail_hour=8)
    assert post.write_weekly() == [carol.id]
    assert post.write_weekly() == []
    post.deliver()
    assert mailbox.messages == []
    assert [(one.content_encrypted, one.failure) for one in waiting()] == [(None, None)] * 2


def test_a_reminder_names_what_wants_a_check_in(
    at, bob: Person, key_result: KeyResult, post: Post, mailbox: Mailbox
) -> None:
    read(key_result.measure_id, 9, days_ago=12)
    check_in(key_result.measure_id, bob, days_ago=12)
    post.write_weekly()
    post.deliver()
    [text] = bodies(mailbox, "reminder")
    assert "Publish posts\nBehind at 45 %, last checked in on 11 Feb 2026\n" in text
    assert f"{SITE}/key-results/{key_result.id}/check-in" in text
    assert "People find us" not in text  # a roll-up follows its key results


def test_days_are_those_of_the_reader(
    at, bob: Person, key_result: KeyResult, post: Post, mailbox: Mailbox
) -> None:
    change(bob, time_zone="Pacific/Auckland")
    check_in(key_result.measure_id, bob, days_ago=11.5)  # at 21:00 in UTC
    post.write_weekly()
    post.deliver()
    assert "last checked in on 12 Feb 2026\n" in bodies(mailbox, "reminder")[0]


@pytest.mark.parametrize(("days_ago", "comes"), [(5.9, False), (6.1, True)])
def test_who_checked_in_this_week_is_not_reminded(
    at, bob: Person, key_result: KeyResult, post: Post, days_ago: float, comes: bool
) -> None:
    check_in(key_result.measure_id, bob, days_ago)
    post.write_weekly()
    stored = {mail.kind: mail.content_encrypted for mail in waiting()}
    assert bool(stored["reminder"]) == comes


def test_what_data_keeps_current_wants_no_check_in(
    at, bob: Person, key_result: KeyResult, post: Post, abacus: Abacus
) -> None:
    db.session.add(AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id))
    db.session.commit()
    post.write_weekly()
    own = [mail for mail in waiting() if mail.person_id == bob.id]
    assert {mail.kind: bool(mail.content_encrypted) for mail in own} == {
        "reminder": False,
        "summary": True,
    }


@pytest.mark.parametrize(
    "days",
    [
        {"starts_on": date(2026, 2, 21)},
        {"ends_on": date(2026, 2, 19)},
        {"deleted_at": MONDAY},
    ],
)
def test_what_is_not_begun_over_or_gone_is_left_out(
    at, bob: Person, key_result: KeyResult, objective: Objective, post: Post, days: dict
) -> None:
    for item in (key_result, objective):
        for name, value in days.items():
            setattr(item, name, value)
    db.session.commit()
    post.write_weekly()
    assert [mail.content_encrypted for mail in waiting()] == [None, None]


def test_a_summary_tells_status_progress_and_the_weeks_change(
    at, bob: Person, key_result: KeyResult, objective: Objective, post: Post, mailbox: Mailbox
) -> None:
    read(key_result.measure_id, 6, days_ago=20)
    read(key_result.measure_id, 8, days_ago=8)
    read(key_result.measure_id, 9, days_ago=2)
    fresh = make_key_result(objective, bob, "Win readers", measure=make_measure(PERCENT, value=60))
    fresh.created_at = MONDAY - timedelta(days=2)
    still = make_key_result(objective, bob, "Keep calm", measure=make_measure(PERCENT))
    still.created_at = MONDAY - timedelta(days=8)
    read(objective.measure_id, Fraction(40, 3), days_ago=8)
    post.write_weekly()
    post.deliver()
    [text] = bodies(mailbox, "summary")
    # (45 + 60 + 0) / 3 now, and a week ago it came to (40 + 0 + 0) / 3
    assert (
        "People find us\nBehind by 15 points. 35 % of 50 % expected, up 21.7 points this week.\n"
        f"{SITE}/objectives/{objective.id}\n" in text
    )
    assert (
        "Publish posts (9 of 20 posts)\n"
        "Behind by 5 points. 45 % of 50 % expected, up 5 points this week.\n"
        f"{SITE}/key-results/{key_result.id}\n" in text
    )
    assert "On track, 10 points ahead. 60 % of 50 % expected, new this week." in text
    assert "At risk by 50 points. 0 % of 50 % expected, unchanged this week." in text
    [summary] = [one for one in mailbox.messages if "Your week" in one["Subject"]]
    assert summary["Subject"] == "Your week in Tally: 1 on track, 2 behind, 1 at risk"


def test_readings_of_an_earlier_kind_of_measure_count_for_nothing(
    at, bob: Person, key_result: KeyResult, post: Post, mailbox: Mailbox
) -> None:
    read(key_result.measure_id, 16, days_ago=20)
    measure = db.session.get_one(Measure, key_result.measure_id)
    measure.series, measure.value = 2, Fraction(2)
    db.session.commit()
    post.write_weekly()
    post.deliver()
    assert "10 % of 50 % expected, up 10 points this week." in bodies(mailbox, "summary")[0]


def test_what_someone_may_not_see_is_not_in_their_mail(
    at, carol: Person, objective: Objective, key_result: KeyResult, post: Post, bob: Person
) -> None:
    key_result.owner_id = carol.id
    objective.is_private = True
    db.session.commit()
    change(bob, mail_weekday=4)
    post.write_weekly()
    assert {mail.person_id: mail.content_encrypted for mail in waiting()} == {carol.id: None}


def test_others_items_are_not_in_ones_mail(
    at, bob: Person, carol: Person, objective: Objective, post: Post, mailbox: Mailbox
) -> None:
    make_key_result(objective, carol, "Carol's part")
    change(carol, mail_weekday=4)
    post.write_weekly()
    post.deliver()
    assert not any("Carol's part" in text for text in bodies(mailbox, "summary"))


def test_statements_do_not_grow_with_items(
    at, bob: Person, cycle: Cycle, objective: Objective, post: Post
) -> None:
    db.session.remove()
    with count_statements() as few:
        post.write_weekly()
    for number in range(5):
        another = make_objective(bob, cycle, f"Objective {number}")
        make_key_result(another, bob)
    at(MONDAY + timedelta(days=7))
    with count_statements() as many:
        post.write_weekly()
    assert len(many) == len(few)
