"""What every template may use: filters for figures, days and moments, and the page's frame."""

import re
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, has_request_context, request
from flask_login import current_user

from app.accounts.models import workspace_if_set_up
from app.db import utcnow
from app.security import HTMX_HASH, HTMX_URL

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_SHORT = ((10**12, "tn"), (10**9, "bn"), (10**6, "mn"))
_ID_IN_RULE = re.compile(r"<int:(\w+)>")

LIVE_EVERY, LIVE_EVERY_WITHOUT_NEWS = 1000, 30_000
"""Milliseconds from one look to the next, by which an open page follows its figures."""


def init_pages(app: Flask) -> None:
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        number=number,
        six_places=six_places,
        day=day,
        moment=moment,
        clock=clock,
        ago=ago,
        until=until,
        iso=iso,
    )
    app.jinja_env.globals["address_of"] = address_of
    app.context_processor(_frame)


def address_of(view: str, **ids: int) -> str:
    """The address of a page that is named by ids alone, or by nothing; as `url_for` builds it,
    which tries its rules anew for each of the dozens that a page shows.

    Raises ValueError unless these ids name it.
    """
    return request.script_root + _path_to(view, tuple(ids)).format_map(ids)


@lru_cache(maxsize=256)
def _path_to(view: str, names: tuple[str, ...]) -> str:
    """With the names of the ids in braces."""
    (rule,) = current_app.url_map.iter_rules(view)
    path = _ID_IN_RULE.sub(r"{\1:d}", rule.rule)
    if "<" in path or rule.arguments != set(names):
        raise ValueError(f"{view} is not named by {names}")
    return path


def _frame() -> dict[str, object]:
    hears_of_changes = current_app.extensions["tally_config"].has_public_address
    # Itself, not the proxy, which looks it up again whenever it is asked for anything.
    person = current_user._get_current_object()
    return {
        "htmx_url": HTMX_URL,
        "htmx_hash": HTMX_HASH,
        "person": person if person.is_authenticated else None,
        "workspace": workspace_if_set_up(),
        "live_every": LIVE_EVERY if hears_of_changes else LIVE_EVERY_WITHOUT_NEWS,
    }


def number(value: Fraction, places: int = 1) -> str:
    """For reading: at most `places` decimals, thousands apart: "1,200", "33.3", "-0.5"."""
    if value.denominator == 1:
        return f"{value.numerator:,}"
    sign, whole, rest = _rounded(value, places)
    return f"{sign}{whole:,}.{rest:0{places}}".rstrip("0") if rest else f"{sign}{whole:,}"


def short_number(value: Fraction) -> str:
    """For where there is little room: "1.23 tn"; what is below a million in full."""
    size, word = unit_of(abs(value))
    return f"{number(value / size, 2)} {word}" if word else number(value)


def unit_of(most: Fraction) -> tuple[int, str]:
    """In what a figure of this size is told in short, and the word for it; 1 if in full."""
    return next(((size, word) for size, word in _SHORT if most >= size), (1, ""))


def six_places(value: Fraction) -> str:
    """For machines: always six decimals, rounded half up."""
    sign, whole, rest = _rounded(value, 6)
    return f"{sign}{whole}.{rest:06}"


def _rounded(value: Fraction, places: int) -> tuple[str, int, int]:
    """Rounded half away from zero: the sign, the whole number and its decimals; never "-0"."""
    over, under = 2 * abs(value.numerator) * 10**places, value.denominator
    parts = (over + under) // (2 * under)
    return "-" if value.numerator < 0 and parts else "", *divmod(parts, 10**places)


def day(value: date) -> str:
    """ "21 Nov 2026" """
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """ "21 Nov 2026, 16:05" in the time zone of whoever reads it; where nobody does, the
    workspace's."""
    local = value.astimezone(_zone())
    return f"{day(local)}, {_time(local)}"


def _time(local: datetime) -> str:
    """ "16:05"; strftime takes several times as long, and a page shows dozens."""
    return f"{local.hour:02}:{local.minute:02}"


def clock(value: datetime) -> str:
    """ "at 16:05", of another day than today "on 21 Nov 2026, 16:05", in the zone of `moment`"""
    zone = _zone()
    local = value.astimezone(zone)
    is_today = local.date() == utcnow().astimezone(zone).date()
    return f"at {_time(local)}" if is_today else f"on {moment(value)}"


def ago(value: datetime) -> str:
    """ "just now", "4 minutes ago", "3 hours ago", "5 days ago" """
    seconds = max(0, int((utcnow() - value).total_seconds()))
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = seconds // size
        if count:
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def until(value: datetime) -> str:
    """ "now", "in 4 minutes", "in 3 hours", "in 5 days" """
    seconds = int((value - utcnow()).total_seconds())
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = seconds // size
        if count > 0:
            return f"in {count} {word}{'s' if count > 1 else ''}"
    return "in less than a minute" if seconds > 0 else "now"


def iso(value: datetime) -> str:
    """For <time datetime>: UTC, to the second."""
    return f"{value.isoformat()[:19]}Z"


def _zone() -> ZoneInfo:
    """Found once a request, for pages show dozens of moments."""
    if not has_request_context():
        return _zone_here()
    found: ZoneInfo | None = g.get("zone")
    if found is None:
        found = g.zone = current_user.zone if current_user.is_authenticated else _zone_here()
    return found


def _zone_here() -> ZoneInfo:
    here = workspace_if_set_up()
    return here.zone if here else ZoneInfo("UTC")
