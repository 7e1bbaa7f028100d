"""What items end with unless someone says otherwise: the value of their last day, and a score."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from math import floor

from app.accounts.models import workspace
from app.okrs.figures import value_words
from app.okrs.loading import Item
from app.okrs.models import POSTPONED, KeyResult, Measure, Objective
from app.okrs.readings import values_then
from app.okrs.standing import clamp, days_of, progress_of, value_of


@dataclass(frozen=True)
class Proposal:
    """The final value of an item, and what follows from it. Of one that has ended, what it has."""

    value: Fraction
    progress: Fraction
    """In percent, unclamped."""
    score: Fraction | None
    """0 to 1; None only where it was closed without one, or postponed."""


def proposals_for(items: Sequence[Item]) -> dict[int, Proposal]:
    """By the ids of their measures; in one statement. Of objectives their key results too."""
    key_results = {one.measure_id: one for one in items if isinstance(one, KeyResult)}
    objectives = [one for one in items if isinstance(one, Objective)]
    for objective in objectives:
        key_results |= {one.measure_id: one for one in objective.key_results}
    values = _values_at_the_end([*key_results.values(), *objectives])
    found = {
        measure_id: _proposal(one.measure, values[measure_id])
        for measure_id, one in key_results.items()
    }
    for one in objectives:
        mean = _mean_score(one, found)
        found[one.measure_id] = _proposal(one.measure, values[one.measure_id], mean)
    return found


def proposed_parts(parts: Sequence[KeyResult]) -> list[tuple[str, str, Fraction | None]]:
    """Their titles, with final values in words and scores, as pages list them."""
    found = proposals_for(parts)
    return [
        (one.title, value_words(one.measure, proposal.value), proposal.score)
        for one, proposal in ((one, found[one.measure_id]) for one in parts)
    ]


def score_for(progress: Fraction) -> Fraction:
    """What a progress in percent suggests: 0 to 1, two decimals."""
    return _two_decimals(clamp(progress) / 100)


def end_of_last_day(item: Item) -> datetime:
    """The last moment of its last day, in the workspace's time zone."""
    _, last = days_of(item)
    following = datetime.combine(last + timedelta(days=1), time(), workspace().zone)
    return following - timedelta(microseconds=1)


def _proposal(measure: Measure, value: Fraction, mean: Fraction | None = None) -> Proposal:
    progress = progress_of(measure, value)
    if measure.has_ended:
        return Proposal(value, progress, measure.score)
    return Proposal(value, progress, score_for(progress) if mean is None else mean)


def _mean_score(objective: Objective, found: Mapping[int, Proposal]) -> Fraction | None:
    """The mean score of its key results; None where one has none. Postponed ones are left out."""
    parts = [one for one in objective.key_results if one.measure.ended_as != POSTPONED]
    scores = [found[one.measure_id].score for one in parts]
    known = [one for one in scores if one is not None]
    if not known or len(known) < len(scores):
        return None
    return _two_decimals(sum(known, Fraction(0)) / len(known))


def _two_decimals(score: Fraction) -> Fraction:
    return Fraction(floor(score * 100 + Fraction(1, 2)), 100)


def _values_at_the_end(items: Iterable[Item]) -> dict[int, Fraction]:
    """The value that each had on its last day, or has where that is not over."""
    present, past = {}, {}
    for item in items:
        measure, end = item.measure, end_of_last_day(item)
        is_final = measure.has_ended or measure.parts_ended_as is not None
        if is_final or measure.valued_at is None or measure.valued_at <= end:
            present[measure.id] = value_of(measure)
        else:
            past[measure.id] = measure.start_value
    ends = {one.measure_id: end_of_last_day(one) for one in items if one.measure_id in past}
    return present | past | values_then(ends)
