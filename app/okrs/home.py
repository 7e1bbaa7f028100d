"""What a person's start page shows: what is theirs, what their teams own, and what needs them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from flask import url_for
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from app.accounts.asking import Asking, asked_by
from app.accounts.models import Person, workspace
from app.db import db, utcnow
from app.okrs.checkins.wanting import is_long_ago
from app.okrs.explorer.forms import ALL, LAST_DAY, ME, OPEN
from app.okrs.figures import plural
from app.okrs.integrations import Need
from app.okrs.loading import Kind, is_owned_by, is_visible
from app.okrs.models import (
    TEAM,
    CheckIn,
    Cycle,
    KeyResult,
    Measure,
    Objective,
    Source,
)
from app.okrs.owned import people_say_it
from app.pages import day
from app.teams.membership import teams_of

FIRST_VALUE_AFTER = timedelta(days=7)
"""An item without a value so long after its first day needs one."""
NEXT_VALUE_AFTER = timedelta(days=14)
MOST_OF_A_KIND = 5
"""How many needs of one kind are listed one by one."""
_EXPLORER = "okrs.list_objectives"


@dataclass(frozen=True)
class Mine:
    """What a start page shows, as ids of measures in their order."""

    objectives: Sequence[int]
    key_results: Sequence[int]
    of_teams: Sequence[int]
    """Objectives of the person's teams, without those that are theirs."""
    needs: Sequence[Need]
    wanting_count: int
    """How many wait for the check-in round."""


def what_is_mine(person: Person) -> Mine:
    """What has not ended, of cycles that are not over, and what of all needs the person; in one
    statement."""
    today = workspace().today()
    rows = db.session.execute(_theirs(person.is_admin), asked_by(person, today=today)).all()
    rows = sorted(rows, key=lambda row: (row.cycle_starts_on, row.objective_id, row.position))
    present = [row for row in rows if row.cycle_ends_on >= today and not row.ended_as]
    return Mine(
        objectives=[row.measure_id for row in present if row.is_mine and not row.key_result_id],
        key_results=[row.measure_id for row in present if row.is_mine and row.key_result_id],
        of_teams=[row.measure_id for row in present if row.is_of_team and not row.is_mine],
        needs=[
            *_needs([row for row in rows if row.is_mine and not row.ended_as], today),
            *_needs_of_left([row for row in rows if row.is_left and not _is_over(row, today)]),
        ],
        wanting_count=sum(
            _wants_check_in(row, today) for row in rows if row.is_mine and not row.ended_as
        ),
    )


def _needs(rows: Sequence[Row[Any]], today: date) -> Iterable[Need]:
    overdue = [row for row in rows if row.last_day < today and not row.is_cycle_closed]
    for row in overdue[:MOST_OF_A_KIND]:
        yield Need(
            title=row.title,
            sentence=f"Its last day was {day(row.last_day)}. Close it, or postpone it.",
            url=_url(row, "show"),
            action="Look at it",
        )
    if overdue[MOST_OF_A_KIND:]:
        yield Need(
            title="More that is over",
            sentence=f"{len(overdue) - MOST_OF_A_KIND} more of yours are past their last day.",
            url=url_for(_EXPLORER, cycle=ALL, owner=ME, status=OPEN, sort=LAST_DAY),
            action="See them",
        )
    silent = [row for row in rows if row.first_day <= today <= row.last_day and _is_silent(row)]
    zone = workspace().zone
    for row in silent[:MOST_OF_A_KIND]:
        since = f"since {day(row.valued_at.astimezone(zone))}" if row.valued_at else "yet"
        yield Need(
            title=row.title,
            sentence=f"It has had no value {since}.",
            url=_url(row, "check_in"),
            action="Check in",
        )
    if silent[MOST_OF_A_KIND:]:
        yield Need(
            title="More without a new value",
            sentence=f"{len(silent) - MOST_OF_A_KIND} more of yours have had none for long.",
            url=url_for("okrs.check_in_round"),
            action="Check-in round",
        )


def _needs_of_left(rows: Sequence[Row[Any]]) -> Iterable[Need]:
    """What is still owned by people who were deactivated, a need for each of them."""
    owners = Counter((row.owner_name, row.owner_id) for row in rows)
    listed = sorted(owners)
    for name, owner_id in listed[:MOST_OF_A_KIND]:
        count = owners[name, owner_id]
        yield Need(
            title=f"{count} {plural('item', count)} without an owner",
            sentence=f"{name} was deactivated. Give what they own to someone else.",
            url=url_for(_EXPLORER, cycle=ALL, owner=owner_id, status=OPEN),
            action="See what it is",
        )
    if listed[MOST_OF_A_KIND:]:
        yield Need(
            title="More without an owner",
            sentence="Others who were deactivated own items too.",
            url=url_for(_EXPLORER, cycle=ALL, status=OPEN, group="owner"),
            action="See who owns what",
        )


def _is_over(row: Row[Any], today: date) -> bool:
    """By the rule of `standing.days_of`. Who leaves gives away only what is not."""
    return bool(max(row.first_day, row.last_day) < today)


def _is_silent(row: Row[Any]) -> bool:
    """Whether people have to say its value, and nobody did for long."""
    if not people_say_it(row.kind, row.is_linked, row.override):
        return False
    if row.valued_at is not None:
        return bool(utcnow() - row.valued_at > NEXT_VALUE_AFTER)
    begun = datetime.combine(row.first_day, time(), workspace().zone)
    return bool(utcnow() - max(begun, row.created_at) > FIRST_VALUE_AFTER)


def _wants_check_in(row: Row[Any], today: date) -> bool:
    """By the rule of `checkins.wanting.items_wanting`."""
    if not row.first_day <= today <= row.last_day:
        return False
    if not people_say_it(row.kind, row.is_linked, row.override):
        return False
    return is_long_ago(row.checked_in_at)


def _url(row: Row[Any], action: str) -> str:
    if row.key_result_id:
        return url_for(f"okrs.{action}_key_result", key_result_id=row.key_result_id)
    return url_for(f"okrs.{action}_objective", objective_id=row.objective_id)


@cache
def _theirs(by_admin: bool) -> CompoundSelect[Any]:
    """Made once: that takes longer than to ask it."""
    person = Asking(by_admin)
    return union_all(_objectives(person), _key_results(person))


def _objectives(person: Asking) -> Select[Any]:
    is_mine = is_owned_by(person, Objective)
    is_of_team = and_(Objective.level == TEAM, Objective.team_id.in_(teams_of(person)))
    is_left = _is_left(person)
    columns = _columns(Objective, is_mine, is_of_team, is_left)
    is_present = Cycle.ends_on >= bindparam("today", type_=Date())
    return (
        select(*columns, null().label("key_result_id"), _NO_POSITION)
        .join(Person, Person.id == Objective.owner_id)
        .join(Measure, Measure.id == Objective.measure_id)
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .where(is_visible(person), or_(is_mine, and_(is_of_team, is_present), is_left))
    )


def _key_results(person: Asking) -> Select[Any]:
    is_mine, is_left = is_owned_by(person, KeyResult), _is_left(person)
    columns = _columns(KeyResult, is_mine, literal(False), is_left)
    return (
        select(*columns, KeyResult.id, KeyResult.position)
        .select_from(KeyResult)
        .join(Person, Person.id == KeyResult.owner_id)
        .join(Objective, Objective.id == KeyResult.objective_id)
        .join(Measure, Measure.id == KeyResult.measure_id)
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .where(KeyResult.deleted_at.is_(None), is_visible(person), or_(is_mine, is_left))
    )


_NO_POSITION = func.coalesce(null(), -1).label("position")


def _is_left(person: Asking) -> ColumnElement[bool]:
    """What has not ended though its owner was deactivated; for admins, who can give it away."""
    if not person.is_admin:
        return literal(False)
    return and_(Person.is_active.is_(False), Measure.ended_as.is_(None), Cycle.closed_at.is_(None))


def _columns(
    kind: Kind,
    is_mine: ColumnElement[bool],
    is_of_team: ColumnElement[bool],
    is_left: ColumnElement[bool],
) -> list[ColumnElement[Any]]:
    linked = Source.__table__.c
    return [
        Measure.id.label("measure_id"),
        kind.title.label("title"),
        func.coalesce(kind.starts_on, Cycle.starts_on).label("first_day"),
        func.coalesce(kind.ends_on, Cycle.ends_on).label("last_day"),
        kind.created_at.label("created_at"),
        Objective.id.label("objective_id"),
        Cycle.starts_on.label("cycle_starts_on"),
        Cycle.ends_on.label("cycle_ends_on"),
        Cycle.closed_at.is_not(None).label("is_cycle_closed"),
        Measure.kind.label("kind"),
        Measure.ended_as.label("ended_as"),
        Measure.override.label("override"),
        Measure.valued_at.label("valued_at"),
        exists()
        .where(linked.measure_id == Measure.id, linked.ended_at.is_(None))
        .label("is_linked"),
        select(func.max(CheckIn.made_at))
        .where(CheckIn.measure_id == Measure.id)
        .scalar_subquery()
        .label("checked_in_at"),
        Person.id.label("owner_id"),
        Person.name.label("owner_name"),
        is_mine.label("is_mine"),
        is_of_team.label("is_of_team"),
        is_left.label("is_left"),
    ]
