"""What items end with unless someone says otherwise: the value of their last day, and a score."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from math import floor

from app.accounts.models import workspace
from app.db import db
from app.okrs.figures import value_words
from app.okrs.loading import Item
from app.okrs.models import ROLL_UP, KeyResult, Measure, Objective
from app.okrs.readings import values_then
from app.okrs.rollup.explaining import Line, lines_of
from app.okrs.rollup.parts import stored_parts
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
    """By the ids of their measures, of objectives their key results too; in a number of statements
    that does not grow."""
    key_results = {one.measure_id: one for one in items if isinstance(one, KeyResult)}
    objectives = [one for one in items if isinstance(one, Objective)]
    for objective in objectives:
        key_results |= {one.measure_id: one for one in objective.key_results}
    values = _values_at_the_end([*key_results.values(), *objectives])
    found = {
        measure_id: _proposal(one.measure, values[measure_id])
        for measure_id, one in key_results.items()
    }
    counting = _counting_for(objectives)
    for one in objectives:
        mean = _mean_score(counting.get(one.id, []), found)
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


def _counting_for(objectives: Sequence[Objective]) -> dict[int, list[Line]]:
    """What counts for those among them that are judged by it and have not ended, by their ids;
    without what has no share."""
    rolled_up = [
        one for one in objectives if one.measure.kind == ROLL_UP and not one.measure.has_ended
    ]
    if not rolled_up:
        return {}
    found = {}
    for objective_id, parts in stored_parts(db.session(), rolled_up, {}).items():
        lines = lines_of([part for part in parts if part.counts])
        found[objective_id] = [line for line in lines if line.contribution.share]
    return found


def _mean_score(counting: Sequence[Line], found: Mapping[int, Proposal]) -> Fraction | None:
    """The mean of their scores by their shares; None of nothing, or where one has none."""
    total = Fraction(0)
    for line in counting:
        score = _score_of(line, found)
        if score is None:
            return None
        total += score * line.contribution.share / 100
    return _two_decimals(total) if counting else None


def _score_of(line: Line, found: Mapping[int, Proposal]) -> Fraction | None:
    """Of an aligned objective that runs, what its progress suggests."""
    if isinstance(line.item, KeyResult):
        return found[line.item.measure_id].score
    measure = line.item.measure
    return measure.score if measure.has_ended else score_for(line.progress)


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
