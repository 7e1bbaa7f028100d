"""Cycles: the quarters of the workspace's calendar and those an admin adds."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.models import workspace
from app.db import db
from app.okrs.models import Cycle


@dataclass(frozen=True)
class Quarter:
    """A quarter of the calendar; years may begin in any month."""

    name: str
    starts_on: date
    ends_on: date

    @classmethod
    def holding(cls, day: date, first_month: int = 1) -> "Quarter":
        """The quarter this day lies in: "Q4 2026", or "Q1 2026/27" where a year spans two."""
        months_into_year = (day.month - first_month) % 12
        year = day.year if day.month >= first_month else day.year - 1
        index = months_into_year // 3
        starts_on = _month_start(year, first_month + 3 * index)
        ends_on = _month_start(year, first_month + 3 * index + 3) - timedelta(days=1)
        shown_year = f"{year}" if first_month == 1 else f"{year}/{(year + 1) % 100:02}"
        return cls(f"Q{index + 1} {shown_year}", starts_on, ends_on)

    def next(self, first_month: int = 1) -> "Quarter":
        return self.holding(self.ends_on + timedelta(days=1), first_month)


def _month_start(year: int, month: int) -> date:
    """The first of a month; months beyond 12 run into the next year."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def ensure_quarters() -> list[Cycle]:
    """The current quarter and the next, made where they are missing. Commits nothing.

    Two processes may do it at once: the database allows a pair of days once.
    """
    space = workspace()
    current = Quarter.holding(space.today(), space.first_month)
    return [_ensure(quarter) for quarter in (current, current.next(space.first_month))]


def keep_quarters() -> None:
    """Make the quarters the calendar asks for, in a transaction of its own: for clocks."""
    with db.writing():
        ensure_quarters()


def current_cycle() -> Cycle:
    """The quarter of today; made, with the next, where nobody did since the calendar moved on.

    Call it before anything is changed: making it takes a transaction of its own.
    """
    space = workspace()
    quarter = Quarter.holding(space.today(), space.first_month)
    found = _with_days(quarter.starts_on, quarter.ends_on)
    if found is None:
        keep_quarters()
        found = _with_days(quarter.starts_on, quarter.ends_on)
    if found is None:
        raise RuntimeError("the current quarter could not be made")
    return found


def cycles_and_current() -> tuple[list[Cycle], Cycle]:
    """Every cycle, the latest first, and the quarter of today among them; in one statement, but on
    the first day of a quarter."""
    space = workspace()
    quarter = Quarter.holding(space.today(), space.first_month)
    cycles = all_cycles()
    for one in cycles:
        if (one.starts_on, one.ends_on) == (quarter.starts_on, quarter.ends_on):
            return cycles, one
    current = current_cycle()
    return all_cycles(), current


def all_cycles() -> list[Cycle]:
    """Every cycle, the latest first."""
    return list(db.session.scalars(select(Cycle).order_by(Cycle.starts_on.desc(), Cycle.id.desc())))


def add_cycle(name: str, starts_on: date, ends_on: date) -> Cycle | None:
    """A new cycle; None when there is one of these days already. Commits nothing."""
    cycle = Cycle(name=name, starts_on=starts_on, ends_on=ends_on)
    try:
        with db.session.begin_nested():
            db.session.add(cycle)
    except IntegrityError:
        return None
    return cycle


def _ensure(quarter: Quarter) -> Cycle:
    found = _with_days(quarter.starts_on, quarter.ends_on)
    if found is None:
        found = add_cycle(quarter.name, quarter.starts_on, quarter.ends_on)
    return found or _with_days(quarter.starts_on, quarter.ends_on) or _missing(quarter)


def _with_days(starts_on: date, ends_on: date) -> Cycle | None:
    return db.session.scalar(
        select(Cycle).where(Cycle.starts_on == starts_on, Cycle.ends_on == ends_on)
    )


def _missing(quarter: Quarter) -> Cycle:
    raise RuntimeError(f"{quarter.name} could not be made")
