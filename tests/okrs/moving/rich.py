"""A workspace with something of everything, and another one that is empty."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from app.accounts.models import Person, Workspace
from app.db import Model, db
from app.okrs.comments.models import Comment
from app.okrs.models import (
    CLOSED,
    KPI,
    PERCENT,
    POSTPONED,
    ROLL_UP,
    STAY_BELOW,
    TEAM,
    CheckIn,
    Measure,
    Reading,
    Tag,
)
from app.okrs.readings import record_check_in
from tests.okrs.items import make_cycle, make_key_result, make_measure, make_objective
from tests.teams.making import make_team

KEPT = {"person", "person_session", "workspace", "settling_turn", "integration", "alembic_version"}
"""What an empty workspace has as well."""
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


def make_rich(alice: Person, bob: Person, carol: Person) -> Measure:
    """Several levels of objectives; the measure of a percentage that may be linked."""
    spring = make_cycle()
    year = make_cycle("2026", date(2026, 1, 1), date(2026, 12, 31))
    team = make_team("Growth", bob, (carol,))
    company = make_objective(alice, year, "Be known", level="company")
    found = make_objective(
        bob,
        spring,
        "People find us",
        level=TEAM,
        team_id=team.id,
        parent_measure_id=company.measure_id,
        share=Fraction(100, 3),
        description="=Really\nwell",
    )
    posts = make_key_result(found, bob, "Publish posts", share=Fraction(25))
    posts.measure.further_owners = [carol]
    posts.measure.tags = [Tag(name="Growth", key="growth"), Tag(name="Q1", key="q1")]
    for number, value in enumerate((3, 7, 11)):
        said(posts.measure, bob, Fraction(value), number)
    counted = make_key_result(found, carol, "Counted", measure=make_measure(PERCENT))
    said(counted.measure, carol, Fraction(200, 7), 1)
    bugs = make_measure(KPI, start_value=30, target_value=5, guard=STAY_BELOW, value=4, unit="bugs")
    bugs.warning_value = Fraction(4)
    make_key_result(found, bob, "Few bugs", measure=bugs, starts_on=date(2026, 2, 10))
    done = make_measure(PERCENT, value=60, ended_as=CLOSED, final_value=None)
    done.final_value, done.score, done.closing_note = Fraction(60), Fraction(7, 10), "Fair."
    done.ended_at, done.ended_by_id = NOON, bob.id
    make_key_result(found, bob, "Done with", measure=done)
    later = make_measure(PERCENT, value=10, ended_as=POSTPONED, ended_at=NOON)
    make_key_result(found, bob, "Later", measure=later)
    anew = make_measure(PERCENT, continues_id=later.id)
    make_key_result(found, bob, "Later, carried over", measure=anew)
    below = make_objective(carol, spring, "Under a key result")
    below.parent_measure_id = posts.measure_id
    secret = make_objective(
        bob, spring, "Hire quietly", is_private=True, viewers=[carol], viewer_teams=[team]
    )
    make_key_result(secret, carol, "Talks held")
    inner = make_objective(
        bob, spring, "Quieter still", is_private=True, parent_measure_id=secret.measure_id
    )
    make_key_result(inner, bob, "Whispers", measure=make_measure(PERCENT, value=50))
    over = make_measure(ROLL_UP, value=Fraction(40), ended_as=CLOSED, ended_at=NOON)
    over.final_value = Fraction(123, 3)
    make_objective(alice, spring, "Over", measure=over)
    db.session.add(
        Comment(measure_id=posts.measure_id, person_id=carol.id, made_at=NOON, text="How come?")
    )
    db.session.commit()
    return counted.measure


def said(measure: Measure, by: Person, value: Fraction, days: int) -> None:
    check_in = CheckIn(
        measure=measure, person_id=by.id, note=f"Day {days}", made_at=NOON + timedelta(days=days)
    )
    check_in.confidence = 7
    db.session.add(check_in)
    record_check_in(measure, check_in, value)
    db.session.flush()
    db.session.add(Reading(measure=measure, series=measure.series, value=value, taken_at=NOON))


def empty_workspace() -> None:
    """Another workspace of the same people, with nothing in it."""
    for table in reversed(Model.metadata.sorted_tables):
        if table.name not in KEPT:
            db.session.execute(table.delete())
    space = db.session.get_one(Workspace, 1)
    space.created_at = datetime(2020, 1, 1, tzinfo=UTC)
    db.session.commit()
    db.session.expire_all()
