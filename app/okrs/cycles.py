"""Cycles: the quarters of the workspace's calendar and those an admin adds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.access import by_id
from app.accounts.models import workspace
from app.db import db
from app.names import as_compared
from app.okrs.models import Cycle

_MOST_OF_A_NAME = 1000


@dataclass(frozen=True)
class Quarter:
    """A quarter of the calendar; years may begin in any month."""

    name: str
    starts_on: date
    ends_on: date

    @classmethod
    def holding(cls, day: date, first_month: int = 1) -> "Quarter":
        """The quarter this day lies in: "Q4 2026", or "Q1 2026/27" where a year spans two."""
        year = _year_of(day, first_month)
        index = (day.month - first_month) % 12 // 3
        starts_on = month_start(year, first_month + 3 * index)
        ends_on = month_start(year, first_month + 3 * index + 3) - timedelta(days=1)
        return cls(f"Q{index + 1} {_year_name(year, first_month)}", starts_on, ends_on)

    def next(self, first_month: int = 1) -> "Quarter":
        return self.holding(self.ends_on + timedelta(days=1), first_month)


@dataclass(frozen=True)
class Year:
    """The year of the workspace's calendar that holds four quarters."""

    name: str
    starts_on: date
    ends_on: date

    @classmethod
    def holding(cls, day: date, first_month: int = 1) -> "Year":
        """The year this day lies in: "2026", or "2026/27" where it spans two."""
        year = _year_of(day, first_month)
        ends_on = month_start(year + 1, first_month) - timedelta(days=1)
        return cls(_year_name(year, first_month), month_start(year, first_month), ends_on)


def _year_of(day: date, first_month: int) -> int:
    return day.year if day.month >= first_month else day.year - 1


def _year_name(year: int, first_month: int) -> str:
    return f"{year}" if first_month == 1 else f"{year}/{(year + 1) % 100:02}"


def month_start(year: int, month: int) -> date:
    """The first of a month; months beyond 12 run into the next year."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def ensure_quarters() -> list[Cycle]:
    """The current quarter and the next, made where they are missing. Commits nothing.

    Two processes may do it at once: the database allows a name once, and a pair of days.
    """
    return [_ensure(quarter) for quarter in _present_quarters()]


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
    found = with_days(quarter.starts_on, quarter.ends_on)
    if found is None:
        keep_quarters()
        found = with_days(quarter.starts_on, quarter.ends_on)
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


def offered_years() -> list[Year]:
    """The years of the present quarter and of the next, where there is no cycle yet that has the
    days or the name."""
    present, following = _present_quarters()
    month = workspace().first_month
    years = {Year.holding(quarter.starts_on, month): None for quarter in (present, following)}
    return [
        one
        for one in years
        if with_days(one.starts_on, one.ends_on) is None and with_name(one.name) is None
    ]


def is_of_calendar(cycle: Cycle) -> bool:
    """Whether it is one of the quarters that the calendar would make again, were it not there."""
    quarters = _present_quarters()
    return any((one.starts_on, one.ends_on) == (cycle.starts_on, cycle.ends_on) for one in quarters)


def cycles_to_choose(present: Cycle | None) -> list[Cycle]:
    """What an objective can be put into: every cycle that is not closed, and the one it is in."""
    own = present.id if present else None
    return [one for one in all_cycles() if one.closed_at is None or one.id == own]


def hold_cycle(cycle: Cycle) -> bool:
    """Let nobody close the cycle until the commit; False where someone did already."""
    db.session.refresh(cycle, with_for_update={"read": True})
    return cycle.closed_at is None


def cycle_for_all(cycle_id: int) -> Cycle:
    """The cycle, which everyone may see; where there is none, 404."""
    return by_id(Cycle, cycle_id)


def all_cycles() -> list[Cycle]:
    """Every cycle, the latest first."""
    return list(db.session.scalars(select(Cycle).order_by(Cycle.starts_on.desc(), Cycle.id.desc())))


def add_cycle(name: str, starts_on: date, ends_on: date) -> Cycle | None:
    """A new cycle; None when there is one of this name or these days already. Commits nothing."""
    cycle = Cycle(name=name, starts_on=starts_on, ends_on=ends_on)
    try:
        with db.session.begin_nested():
            db.session.add(cycle)
    except IntegrityError:
        return None
    return cycle


def with_name(name: str) -> Cycle | None:
    """The cycle of this name, whatever its case."""
    return db.session.scalar(select(Cycle).where(Cycle.key == as_compared(name)))


def with_days(starts_on: date, ends_on: date) -> Cycle | None:
    return db.session.scalar(
        select(Cycle).where(Cycle.starts_on == starts_on, Cycle.ends_on == ends_on)
    )


def _present_quarters() -> tuple[Quarter, Quarter]:
    """The current one and the next."""
    space = workspace()
    current = Quarter.holding(space.today(), space.first_month)
    return current, current.next(space.first_month)


def _ensure(quarter: Quarter) -> Cycle:
    """A cycle of other days may have its name: then a number goes with it."""
    for name in _names(quarter.name):
        found = with_days(quarter.starts_on, quarter.ends_on)
        found = found or add_cycle(name, quarter.starts_on, quarter.ends_on)
        if found is not None:
            return found
    raise RuntimeError(f"{quarter.name} could not be made")


def _names(name: str) -> Iterator[str]:
    """ "Q1 2026", "Q1 2026 (2)", "Q1 2026 (3)" …"""
    yield name
    yield from (f"{name} ({number})" for number in range(2, _MOST_OF_A_NAME))
