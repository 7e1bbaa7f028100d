"""The part of an objective's form in which it is aligned: a search, and what it finds to choose."""

from collections.abc import Mapping
from functools import cached_property

from app.access import id_in
from app.accounts.forms import one_line
from app.accounts.models import Person
from app.db import db
from app.okrs.alignment.chains import closes_ring, hold_alignments
from app.okrs.alignment.finding import MOST, Candidate, Found, candidate_of, find_by_text
from app.okrs.alignment.placing import Ring, align
from app.okrs.models import Measure, Objective

NOWHERE, KEPT = "", "kept"
LONGEST_SEARCH = 200


class AlignmentRefused(Exception):
    """It would be a ring by now; the form holds a message that says so."""


class AlignedUnder:
    """What an objective is aligned under, as chosen so far.

    What it is under may be deleted, or hidden from the person: then it is not named, and stays
    unless something else is chosen.
    """

    def __init__(
        self,
        person: Person,
        objective: Objective | None,
        typed: Mapping[str, str] | None,
        offered: int | None = None,
    ) -> None:
        """`offered` is the measure of what a new objective is offered to be aligned under."""
        self.person, self.objective, self.error = person, objective, ""
        stored = objective.parent_measure_id if objective else offered
        self.present = candidate_of(person, stored) if stored else None
        self.keeps_hidden = objective is not None and stored is not None and self.present is None
        """Whether it is under something that the person does not see."""
        typed = typed or {}
        self.search = (one_line(typed.get("parent_search")) or "")[:LONGEST_SEARCH]
        self.chosen, self.picked = self.unchanged, self.present
        """The choice as it is sent: a measure's id, `NOWHERE` or `KEPT`; and what that is."""
        sent = typed.get("parent")
        if sent is not None and sent not in (KEPT, str(stored)):
            self._choose(sent)

    @property
    def unchanged(self) -> str:
        if self.keeps_hidden:
            return KEPT
        return str(self.present.measure_id) if self.present else NOWHERE

    @cached_property
    def found(self) -> Found:
        """What the search finds."""
        if not self.search:
            return Found([], 0)
        return find_by_text(self.person, self.search, self.objective.id if self.objective else None)

    @property
    def candidates(self) -> list[Candidate]:
        """What can be chosen: what is chosen first, and what it is under."""
        listed = [one for one in (self.picked, self.present) if one is not None]
        return list({one.measure_id: one for one in (*listed, *self.found.candidates)}.values())

    @property
    def said(self) -> str:
        """What came of the search."""
        count = self.found.count
        if not self.search:
            return ""
        if count > MOST:
            return f"{count:,} found, the first {MOST} are shown. Type more of the title."
        return f"{count} found." if count else "Nothing of that name that you can see."

    def validate(self) -> bool:
        """Check what was chosen; False leaves a message."""
        if not self.error and self.search and self.chosen == self.unchanged:
            self.error = "Choose one of what was found, or empty the search."
        if self._is_ring():
            self.error = self._ring
        return not self.error

    def hold(self) -> None:
        """Let nobody align anything until the commit. Held before measures are."""
        if self.picked is not None:
            hold_alignments(db.session())

    @property
    def above(self) -> list[Measure]:
        """The measure of what is chosen, to be held with that of the objective."""
        return [db.session.get_one(Measure, self.picked.measure_id)] if self.picked else []

    def apply(self, objective: Objective) -> None:
        """Align the objective as chosen. Raises AlignmentRefused; commits nothing."""
        if self.chosen == KEPT:
            return
        try:
            align(objective, self.picked.measure_id if self.picked else None, self.person)
        except Ring as ring:
            self.error = self._ring
            raise AlignmentRefused from ring

    def _is_ring(self) -> bool:
        if self.picked is None or self.objective is None or self.chosen == self.unchanged:
            return False
        return closes_ring(db.session(), self.objective.id, self.picked.measure_id)

    @property
    def _ring(self) -> str:
        title = self.picked.title if self.picked else ""
        return (
            f"“{title}” lies under this objective itself, so that would be a ring. Choose another."
        )

    def _choose(self, sent: str) -> None:
        measure_id = id_in(sent)
        picked = candidate_of(self.person, measure_id) if measure_id is not None else None
        if picked is None and sent != NOWHERE:
            self.error = "Choose one from the list."
        else:
            self.chosen, self.picked = sent, picked
