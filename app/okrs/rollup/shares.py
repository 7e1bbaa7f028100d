"""Fixing the shares of an objective's parts, and letting them be equal again. Commits nothing."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from app.accounts.models import Person
from app.db import db
from app.okrs.changes import SHARES, note_change, record_edit
from app.okrs.figures import figure_text
from app.okrs.holding import hold
from app.okrs.models import ROLL_UP, KeyResult, Objective
from app.okrs.rollup.contributions import as_fixed
from app.okrs.rollup.explaining import lines_of
from app.okrs.rollup.parts import StoredPart, stored_parts
from app.okrs.rollup.settling import note_change_of_figure

_EQUAL = "equal parts"
_ANEW = {"populate_existing": True}


def counting_parts(objective: Objective) -> list[StoredPart]:
    """What lies under the objective and is not too private to count."""
    return _counting(stored_parts(db.session(), [objective], {})[objective.id])


def hold_parts(objective: Objective) -> list[StoredPart]:
    """What lies under the objective, read anew; until the commit nobody else changes its shares."""
    hold(objective.measure)
    return stored_parts(db.session(), [objective], _ANEW)[objective.id]


def fixed_shares(parts: Sequence[StoredPart]) -> dict[int, Fraction | None]:
    """The shares of what counts now, by the ids of measures, as people could have typed them; None
    for free ones.

    Those that are scaled, because something left, are told as what they have become.
    """
    lines = lines_of(_counting(parts))
    given = as_fixed([one.contribution.share for one in lines])
    return {
        line.item.measure_id: share if line.is_fixed else None
        for line, share in zip(lines, given, strict=True)
    }


def fix_shares(
    objective: Objective,
    by: Person,
    parts: Sequence[StoredPart],
    wanted: Mapping[int, Fraction | None],
) -> None:
    """Give parts of a held objective the wanted shares, by the ids of measures; None is free."""
    before, publicly_before = _words(parts), _public_words(parts)
    for part in parts:
        if part.measure_id in wanted:
            part.item.share = wanted[part.measure_id]
    after = _words(parts)
    if before != after:
        note_change(objective.measure, by, SHARES, publicly_before, _public_words(parts))
        note_change_of_figure(db.session(), [objective.measure_id])
        record_edit(objective, by, {SHARES: (before, after)})


def free_shares(objective: Objective, by: Person, parts: Sequence[StoredPart]) -> None:
    """Let all parts of a held objective be equal, those that are left out for now as well."""
    fix_shares(objective, by, parts, {part.measure_id: None for part in parts})


def make_room(objective: Objective) -> None:
    """Before something comes under the objective: where all that is there is fixed, and others have
    left, it stays what it has become, so that a newcomer gets nothing of it."""
    if objective.measure.kind != ROLL_UP:
        return
    parts = stored_parts(db.session(), [objective], _ANEW)[objective.id]
    fixed = fixed_shares(parts)
    if None in fixed.values():
        return
    for part in parts:
        if part.measure_id in fixed:
            part.item.share = fixed[part.measure_id]


def _counting(parts: Sequence[StoredPart]) -> list[StoredPart]:
    return [one for one in parts if one.counts]


def _words(parts: Sequence[StoredPart]) -> str:
    """ "50 % Publish posts, 20 % Win readers, the rest in equal parts" """
    return _shares_words(parts, {one.measure_id: one.item.title for one in parts})


def _public_words(parts: Sequence[StoredPart]) -> str:
    """For the timeline and the chart, which people read who may not see what is private."""
    return _shares_words(parts, {one.measure_id: _public_title(one.item) for one in parts})


def _public_title(item: Objective | KeyResult) -> str:
    is_private = isinstance(item, Objective) and item.is_private
    return "a private objective" if is_private else item.title


def _shares_words(parts: Sequence[StoredPart], titles: Mapping[int, str]) -> str:
    shares = fixed_shares(parts)
    fixed = {one: share for one, share in shares.items() if share is not None}
    said = [f"{figure_text(share)} % {titles[one]}" for one, share in fixed.items()]
    if len(fixed) < len(shares):
        said.append("the rest in equal parts" if fixed else _EQUAL)
    return ", ".join(said)
