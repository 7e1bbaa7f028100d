"""What happened to an item: check-ins, counts and edits in one list, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from app.accounts.models import Person
from app.okrs.changes import CARRIED, COPIED, VIEWERS
from app.okrs.changes import CHECK_IN as EDITED_CHECK_IN
from app.okrs.figures import value_words
from app.okrs.history import (
    CHECK_IN,
    COMMENT,
    LONGEST,
    History,
    Saying,
    TracedChange,
    TracedReading,
)
from app.okrs.models import KPI, ONCE, POSTPONED, Measure
from app.okrs.sight import EVERYONE
from app.okrs.thinned import thinned_words
from app.pages import address_of

_SAID = {
    "created": "created it",
    "title": "changed the title",
    "owner": "changed the owner",
    "belongs to": "changed whom it belongs to",
    "cycle": "moved it to another cycle",
    "days": "changed the days",
    "measure": "changed the measure",
    "target": "changed the target",
    "criteria": "changed what is counted",
    "viewers": "changed who sees it",
    "shares": "changed the shares",
    "evidence": "changed what others see",
    "alignment": "changed what it is aligned under",
    "deleted": "deleted it",
    "restored": "restored it from the bin",
    "closed": "closed it",
    "postponed": "postponed it",
    "reopened": "reopened it",
    "carried": "postponed it",
    "copied": "cloned it",
    "override": "let the data source update it again",
    "imported": "imported it",
}


@dataclass(frozen=True)
class Entry:
    """One line: when, who or what, what it did, and the words it left."""

    at: datetime
    actor: str
    did: str
    before: str = ""
    after: str = ""
    note: str = ""
    url: str = ""
    """Where the things that were counted are shown."""
    url_text: str = ""
    key: str = ""
    """Its name on the page: "check-in-7"."""
    is_edited: bool = False
    edit_url: str = ""
    delete_url: str = ""
    """Empty where the person who looks may not."""


@dataclass(frozen=True)
class Speaker:
    """Who looks at the timeline, and what of it they may edit and delete."""

    person: Person
    may_check_in: bool
    """And the item has not ended."""

    def may_edit(self, saying: Saying) -> bool:
        is_own = saying.person_id == self.person.id
        return is_own and self._may_say(saying)

    def may_delete(self, saying: Saying) -> bool:
        return self.may_edit(saying) or (self.person.is_admin and self._may_say(saying))

    def _may_say(self, saying: Saying) -> bool:
        return self.may_check_in if saying.kind == CHECK_IN else not self.person.is_observer


@dataclass(frozen=True)
class Timeline:
    """A page of it."""

    entries: list[Entry]
    """Newest first."""
    count: int
    """Of all there are."""
    page: int
    last_comment_id: int
    """Of those loaded; 0 without any."""
    thinned: str
    """Since when not every count is kept, in a sentence; empty where all are."""

    @property
    def has_older(self) -> bool:
        return self.count > self.page * LONGEST

    @property
    def first(self) -> int:
        return (self.page - 1) * LONGEST + 1

    @property
    def last(self) -> int:
        return self.first + len(self.entries) - 1


def timeline_of(measure: Measure, history: History, speaker: Speaker, page: int = 1) -> Timeline:
    """A page of entries, of a history that was loaded for so many pages."""
    counts, most = _counts(history.readings), LONGEST * page
    entries = [
        *(_count_entry(measure, one, before) for one, before in counts[-most:]),
        *_said_entries(measure, history, speaker),
        *(change_entry(one) for one in history.changes),
    ]
    # Of one moment the edit comes before the count that it led to.
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return Timeline(
        entries=entries[most - LONGEST : most],
        count=len(counts) + len(history.changes) + history.saying_count,
        page=page,
        last_comment_id=max((one.id for one in history.sayings if one.kind == COMMENT), default=0),
        thinned=thinned_words(measure),
    )


def _counts(readings: Sequence[TracedReading]) -> list[tuple[TracedReading, Fraction | None]]:
    """What sources counted, each with the value that stood before it in its series, or for one
    beside a value given by hand, with what was counted before."""
    counts = []
    shown: dict[int, Fraction] = {}
    counted: dict[int, Fraction] = {}
    for one in readings:
        series, value, is_beside = one.series, one.value, one.is_beside
        if one.source_id is not None:
            counts.append((one, (counted if is_beside else shown).get(series)))
            counted[series] = value
        if not is_beside:
            shown[series] = value
    return counts


def _count_entry(measure: Measure, one: TracedReading, before: Fraction | None) -> Entry:
    integration = one.integration
    unit_of = measure if one.series == measure.series else _PLAIN
    said = []
    if one.is_beside:
        said.append("beside the value given by hand")
    if one.matching_count is not None and one.completed_count is not None:
        said.append(f"{one.completed_count:,} of {one.matching_count:,} completed")
    return Entry(
        at=one.taken_at,
        actor=integration.title if integration else "Data source",
        did="counted",
        before="" if before is None or before == one.value else value_words(unit_of, before),
        after=value_words(unit_of, one.value),
        note=", ".join(said),
        url=one.evidence_url,
        url_text=f"Which {integration.counted_noun}s" if integration else "",
    )


_PLAIN = Measure(kind=KPI, unit="")
"""For values of an earlier series, whose unit is not kept."""


def _said_entries(measure: Measure, history: History, speaker: Speaker) -> list[Entry]:
    series = {one.check_in_id: one.series for one in history.readings}
    return [
        _said_entry(measure if series.get(one.id) == measure.series else _PLAIN, one, speaker)
        for one in history.sayings
    ]


def _said_entry(unit_of: Measure, saying: Saying, speaker: Speaker) -> Entry:
    value = "" if saying.value is None else value_words(unit_of, saying.value)
    did = "commented" if saying.kind == COMMENT else "checked in"
    if saying.override is not None:
        did = "set it by hand" + (" for once" if saying.override == ONCE else ", to stay")
    sure = [] if saying.confidence is None else [f"Confidence {saying.confidence} of 10."]
    return Entry(
        at=saying.made_at,
        actor=saying.person_name,
        did=did,
        after=value,
        note="\n".join([*([saying.text] if saying.text else []), *sure]),
        key=f"{saying.kind}-{saying.id}",
        is_edited=saying.edited_at is not None,
        edit_url=_url("edit", saying) if speaker.may_edit(saying) else "",
        delete_url=_url("delete", saying) if speaker.may_delete(saying) else "",
    )


def _url(action: str, saying: Saying) -> str:
    if saying.kind == COMMENT:
        return address_of(f"okrs.{action}_comment", comment_id=saying.id)
    return address_of(f"okrs.{action}_check_in", check_in_id=saying.id)


def change_entry(change: TracedChange) -> Entry:
    did = _SAID.get(change.what, f"changed the {change.what}")
    before, after = change.before, change.after
    if change.what == "source":
        did = f"connected {after}" if after else f"removed {before}"
        before = after = ""
    elif change.what in (CARRIED, COPIED, POSTPONED):
        did = f"{did} {after}"
        before = after = ""
    elif change.what == EDITED_CHECK_IN:
        did = "edited a check-in" if after else "deleted a check-in"
        before, after = (before, after) if after else ("", before)
    elif change.what == VIEWERS and EVERYONE in (before, after):
        did = "made it visible to everyone" if after == EVERYONE else "made it private"
        before, after = "", "" if after == EVERYONE else f"only {after} see it"
    return Entry(
        at=change.made_at,
        actor=change.person_name or "Tally",
        did=did,
        before=before,
        after=after,
    )
