"""A forecast in sentences: short, concrete, and rounded so that what is said suffices."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from app.okrs.figures import is_word, plural
from app.okrs.forecast import Forecast
from app.pages import day, number

_WEEK = 7


@dataclass(frozen=True)
class Wording:
    """How values and paces of a measure are called."""

    goal: str
    """The target: "20 posts"."""
    unit: str = ""
    """As typed, in the plural: "posts"."""
    noun: str | None = None
    """What a source counts, in the singular; not of percentages, which move in points."""

    def amount(self, value: Fraction, is_decrease: bool) -> str:
        """ "2.5 cards", "2.5 fewer cards", "300 € less", "1.5" """
        text = number(value, _places(value))
        noun = "point" if self.unit == "%" else self.noun
        name = self.unit if noun is None else plural(noun, 1 if text == "1" else 2)
        if not is_decrease:
            return f"{text} {name}".rstrip()
        return f"{text} fewer {name}" if is_word(name) else f"{text} {name}".rstrip() + " less"


def forecast_words(forecast: Forecast, wording: Wording) -> str:
    """Where the pace leads, and what is needed."""
    return f"{_where_it_leads(forecast, wording)} {_what_is_needed(forecast, wording)}"


def _where_it_leads(forecast: Forecast, wording: Wording) -> str:
    if forecast.pace <= 0:
        return f"At {_stretch(forecast)} it would not reach {wording.goal}."
    weekly = wording.amount(forecast.pace * _WEEK, forecast.is_decrease)
    pace = f"At {_stretch(forecast)} ({weekly} a week)"
    finish = forecast.finish
    if finish is None:
        return f"{pace} it would take more than a year to reach {wording.goal}."
    about = _day(finish, forecast)
    return f"{pace} it would reach {wording.goal} about {about}{_range(forecast)}."


def _range(forecast: Forecast) -> str:
    earliest, latest = forecast.earliest, forecast.latest
    if earliest is None or earliest == latest:
        return ""
    if latest is None and earliest == forecast.finish:
        return " or later"
    if latest is None or latest == forecast.finish:
        return f", {_day(earliest, forecast)} at the earliest"
    if earliest == forecast.finish:
        return f", or as late as {_day(latest, forecast)}"
    early = _day(earliest, forecast) if earliest.year != latest.year else _without_year(earliest)
    return f", between {early} and {_day(latest, forecast)}"


def _what_is_needed(forecast: Forecast, wording: Wording) -> str:
    days = (forecast.last_day - forecast.today).days
    by = f"To reach it by {_day(forecast.last_day, forecast)} it needs"
    if days < _WEEK:
        lacking = _up(abs(forecast.target - forecast.value))
        left = f"{days} {plural('day', days)}"
        return f"{by} {wording.amount(lacking, forecast.is_decrease)} in {left}."
    weekly = _up(forecast.needed * _WEEK)
    return f"{by} {wording.amount(weekly, forecast.is_decrease)} a week."


def _day(value: date, forecast: Forecast) -> str:
    """ "31 Dec", and of another year than this one "8 Jan 2027" """
    return _without_year(value) if value.year == forecast.today.year else day(value)


def _without_year(value: date) -> str:
    return day(value).rsplit(" ", 1)[0]


def _stretch(forecast: Forecast) -> str:
    weeks, rest = divmod(forecast.days, _WEEK)
    if rest or weeks < 2:
        return f"the pace of the last {forecast.days} days"
    return f"the pace of the last {weeks} weeks"


def _places(value: Fraction) -> int:
    """One decimal; of less than one, as many as show two figures that count, at most six."""
    places = 1
    while 0 < value * 10 ** (places - 1) < 1 and places < 6:
        places += 1
    return places


def _up(value: Fraction) -> Fraction:
    step = Fraction(1, 10 ** _places(value))
    return ceil(value / step) * step
