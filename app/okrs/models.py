"""Cycles, objectives, key results, and the measure on which everything that counts hangs."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.db import Model, utcnow
from app.exact import LongExact
from app.names import as_compared
from app.teams.models import Team

PERCENT, KPI, ROLL_UP = "percent", "kpi", "roll_up"
STAY_ABOVE, STAY_BELOW = "stay_above", "stay_below"
"""Guards: what a KPI may be instead of a way from a start to a target."""
CLOSED, POSTPONED = "closed", "postponed"
"""How people end an item."""
COMPANY, TEAM, PERSONAL = "company", "team", "personal"
"""Whose an objective is."""
ONCE, UNTIL_RESUMED = "once", "until_resumed"
"""How long a value given by hand stands in for what a source counts."""


def _name_as_compared(context: DefaultExecutionContext) -> str:
    row = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return as_compared(row["name"])


class Cycle(Model):
    """A stretch of days, first and last included, in which objectives are pursued."""

    __tablename__ = "cycle"
    __table_args__ = (
        UniqueConstraint("starts_on", "ends_on"),
        CheckConstraint("starts_on <= ends_on", name="days_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(240), unique=True, default=_name_as_compared)
    """The name as it is compared, without regard to case."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    closed_at: Mapped[datetime | None]
    """Since when nothing in it changes any more: all of its items are closed or postponed."""
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Measure(Model):
    """How an objective or a key result is judged, with its present value, and how it ended.

    Every item has one of its own, so what both kinds of items have hangs on it. The value repeats
    the newest reading of the present series, so that lists need no history. That of a roll-up is
    its progress, stored by `rollup.settling`.
    """

    __tablename__ = "measure"
    __table_args__ = (
        CheckConstraint("kind in ('percent', 'kpi', 'roll_up')", name="kind"),
        CheckConstraint(
            "kind <> 'kpi' or guard is not null or start_value <> target_value",
            name="target_differs",
        ),
        CheckConstraint("guard in ('stay_above', 'stay_below')", name="guard"),
        CheckConstraint("ended_as in ('closed', 'postponed')", name="ended_as"),
        CheckConstraint("override in ('once', 'until_resumed')", name="override"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    start_value: Mapped[Fraction] = mapped_column(default=Fraction(0))
    target_value: Mapped[Fraction] = mapped_column(default=Fraction(100))
    unit: Mapped[str] = mapped_column(String(40), default="")
    series: Mapped[int] = mapped_column(default=1)
    """Another kind of measure starts a new series; readings of earlier ones stay with theirs."""
    value: Mapped[Fraction | None] = mapped_column(LongExact)
    matching_count: Mapped[int | None]
    completed_count: Mapped[int | None]
    valued_at: Mapped[datetime | None]

    guard: Mapped[str | None] = mapped_column(String(16))
    """Of a KPI that has to stay above or below its target; None where it runs towards it."""
    warning_value: Mapped[Fraction | None]
    """The value of a guard from which on the item is Behind although the guard still holds."""

    part_count: Mapped[int] = mapped_column(default=0, server_default="0")
    """Of a roll-up: how many contribute to it, with a share above 0."""
    parts_ended_as: Mapped[str | None] = mapped_column(String(16))
    """Of a roll-up whose parts are all closed or postponed: which it follows."""

    override: Mapped[str | None] = mapped_column(String(16))
    """Whether the present value was given by hand in spite of a source, and until when."""
    automatic_value: Mapped[Fraction | None]
    """What the source counts meanwhile. The counts of matching and completed are always its."""

    thinned_before: Mapped[datetime | None]
    """The beginning of the day up to which of each day only the last count is kept."""
    is_being_thinned: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether what was counted in that time is yet to be thinned as its readings are."""

    ended_as: Mapped[str | None] = mapped_column(String(16))
    """Closed or postponed, by a person; None while it runs."""
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    final_value: Mapped[Fraction | None] = mapped_column(LongExact)
    """What it ended with, of a roll-up its progress; readings stay as they are."""
    score: Mapped[Fraction | None]
    """0 to 1, given at the end."""
    closing_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    continues_id: Mapped[int | None] = mapped_column(ForeignKey("measure.id"), index=True)
    """The measure of the postponed item that this one carries on."""

    ended_by: Mapped[Person | None] = relationship(foreign_keys=[ended_by_id])
    further_owners: Mapped[list[Person]] = relationship(
        secondary="item_owner", order_by="Person.name, Person.id"
    )
    """Who owns the item besides its owner."""
    tags: Mapped[list["Tag"]] = relationship(secondary="item_tag", order_by="Tag.key")
    objective: Mapped["Objective | None"] = relationship(
        back_populates="measure", foreign_keys="Objective.measure_id"
    )
    key_result: Mapped["KeyResult | None"] = relationship(back_populates="measure")
    sources: Mapped[list["Source"]] = relationship(
        back_populates="measure", order_by="Source.id", passive_deletes=True
    )
    source: Mapped["Source | None"] = relationship(
        primaryjoin="and_(Source.measure_id == Measure.id, Source.ended_at.is_(None))",
        viewonly=True,
        uselist=False,
    )

    @property
    def has_ended(self) -> bool:
        return self.ended_as is not None

    @property
    def item(self) -> "Objective | KeyResult":
        found = self.objective or self.key_result
        if found is None:
            raise RuntimeError("a measure belongs to an objective or a key result")
        return found


class Objective(Model):
    """What is to be reached. Its days are its cycle's unless it has its own."""

    __tablename__ = "objective"
    __table_args__ = (
        CheckConstraint("starts_on <= ends_on", name="days_in_order"),
        CheckConstraint("level in ('company', 'team', 'personal')", name="level"),
        CheckConstraint("(level = 'team') = (team_id is not null)", name="team_of_level"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), index=True)
    measure_id: Mapped[int] = mapped_column(ForeignKey("measure.id"), unique=True)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    level: Mapped[str] = mapped_column(String(16), default=PERSONAL, server_default=PERSONAL)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    parent_measure_id: Mapped[int | None] = mapped_column(ForeignKey("measure.id"), index=True)
    """The measure of the objective or key result that it is aligned under, which may be in the
    bin. Chains never close to a ring."""
    share: Mapped[Fraction | None]
    """Of the objective it is aligned under, in percent, where someone fixed it."""
    is_private: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether only its owners, the chosen people and teams, and admins see it, with its key
    results."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    deleted_at: Mapped[datetime | None]
    deleted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    owner: Mapped[Person] = relationship(foreign_keys=[owner_id])
    viewers: Mapped[list[Person]] = relationship(
        secondary="objective_viewer", order_by="Person.name, Person.id"
    )
    viewer_teams: Mapped[list[Team]] = relationship(
        secondary="objective_viewer_team", order_by="Team.name, Team.id"
    )
    team: Mapped[Team | None] = relationship()
    cycle: Mapped[Cycle] = relationship()
    measure: Mapped[Measure] = relationship(back_populates="objective", foreign_keys=[measure_id])
    parent_measure: Mapped[Measure | None] = relationship(foreign_keys=[parent_measure_id])
    key_results: Mapped[list["KeyResult"]] = relationship(
        primaryjoin="and_(KeyResult.objective_id == Objective.id, KeyResult.deleted_at.is_(None))",
        back_populates="objective",
        order_by="KeyResult.position, KeyResult.id",
    )

    @property
    def owners(self) -> list[Person]:
        """The owner first."""
        return [self.owner, *self.measure.further_owners]


class ObjectiveViewerTeam(Model):
    """A team whose members and lead may see a private objective."""

    __tablename__ = "objective_viewer_team"

    objective_id: Mapped[int] = mapped_column(
        ForeignKey("objective.id", ondelete="CASCADE"), primary_key=True
    )
    team_id: Mapped[int] = mapped_column(
        ForeignKey("team.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ObjectiveViewer(Model):
    """Someone who may see a private objective without owning it."""

    __tablename__ = "objective_viewer"

    objective_id: Mapped[int] = mapped_column(
        ForeignKey("objective.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class KeyResult(Model):
    """A measured step towards its objective; it lies in the objective's cycle."""

    __tablename__ = "key_result"
    __table_args__ = (CheckConstraint("starts_on <= ends_on", name="days_in_order"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    objective_id: Mapped[int] = mapped_column(ForeignKey("objective.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    measure_id: Mapped[int] = mapped_column(ForeignKey("measure.id"), unique=True)
    position: Mapped[int] = mapped_column(default=0)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    share: Mapped[Fraction | None]
    """Of its objective, in percent, where someone fixed it."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    deleted_at: Mapped[datetime | None]
    deleted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    owner: Mapped[Person] = relationship(foreign_keys=[owner_id])
    objective: Mapped[Objective] = relationship(back_populates="key_results")
    measure: Mapped[Measure] = relationship(back_populates="key_result")

    @property
    def cycle(self) -> Cycle:
        return self.objective.cycle

    @property
    def owners(self) -> list[Person]:
        """The owner first."""
        return [self.owner, *self.measure.further_owners]


class ItemOwner(Model):
    """Someone who owns an item besides its owner; an item is named by its measure."""

    __tablename__ = "item_owner"

    measure_id: Mapped[int] = mapped_column(
        ForeignKey("measure.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Tag(Model):
    """A word by which items are found together."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(80), unique=True)
    """The name as it is compared, without regard to case."""


class ItemTag(Model):
    """A tag that an item bears; an item is named by its measure."""

    __tablename__ = "item_tag"

    measure_id: Mapped[int] = mapped_column(
        ForeignKey("measure.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class CheckIn(Model):
    """What a person says of an item, with a value where no source brings one."""

    __tablename__ = "check_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    measure_id: Mapped[int] = mapped_column(
        ForeignKey("measure.id", ondelete="CASCADE"), index=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    note: Mapped[str] = mapped_column(Text, default="")
    value: Mapped[Fraction | None]
    confidence: Mapped[int | None]
    """1 to 10, how sure the person is that the target will be reached."""
    override: Mapped[str | None] = mapped_column(String(16))
    """As of the measure, where the value was to stand in for what a source counts."""
    edited_at: Mapped[datetime | None]
    imported_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    """Tells a check-in that an import brought from all others, so that it comes once."""

    measure: Mapped[Measure] = relationship()
    person: Mapped[Person] = relationship()


class Change(Model):
    """An edit worth a line in the timeline and a mark on the chart: what was, and what is."""

    __tablename__ = "change"

    id: Mapped[int] = mapped_column(primary_key=True)
    measure_id: Mapped[int] = mapped_column(
        ForeignKey("measure.id", ondelete="CASCADE"), index=True
    )
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    what: Mapped[str] = mapped_column(String(40))
    """The thing that changed: created, title, owner, cycle, days, measure, target, source …"""
    before: Mapped[str] = mapped_column(Text, default="")
    after: Mapped[str] = mapped_column(Text, default="")

    measure: Mapped[Measure] = relationship()
    person: Mapped[Person | None] = relationship()


class IntegrationState(Model):
    """Whether an admin has enabled an integration."""

    __tablename__ = "integration"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    is_enabled: Mapped[bool] = mapped_column(default=False, server_default=false())
    members_may_connect: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether members may connect accounts of their own, or admins alone."""
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Source(Model):
    """What brings a measure its value by itself. Each integration adds a class of its own.

    A measure has at most one that is not ended; ended ones keep what they recorded.
    """

    __tablename__ = "source"
    __table_args__ = (
        Index(
            "uq_source_measure_id_active",
            "measure_id",
            unique=True,
            # On PostgreSQL too, by the migration: said here, it would load that dialect.
            sqlite_where=text("ended_at IS NULL"),
        ),
    )
    __mapper_args__ = {"polymorphic_on": "integration"}

    id: Mapped[int] = mapped_column(primary_key=True)
    integration: Mapped[str] = mapped_column(String(40))
    measure_id: Mapped[int] = mapped_column(
        ForeignKey("measure.id", ondelete="CASCADE"), index=True
    )
    linked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]
    counted_at: Mapped[datetime | None]
    """When the newest data that was counted had been fetched; older data never replaces it."""
    frozen_reason: Mapped[str | None] = mapped_column(Text)
    """Why the value stands still, in words for its owner; None while it is being counted."""

    measure: Mapped[Measure] = relationship(back_populates="sources")
    linked_by: Mapped[Person] = relationship()
    versions: Mapped[list["SourceVersion"]] = relationship(
        back_populates="source", order_by="SourceVersion.id", passive_deletes=True
    )


class SourceVersion(Model):
    """What a source counted by, from one moment on. Never edited: new criteria, new version."""

    __tablename__ = "source_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id", ondelete="CASCADE"), index=True)
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The criteria, in the form that the integration gives them."""

    source: Mapped[Source] = relationship(back_populates="versions")


class Evidence(Model):
    """The things that were counted; written when their set changes.

    Most rows hold only what entered and left since the row they build on.
    """

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_source_version_id_id", "source_version_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_version_id: Mapped[int] = mapped_column(
        ForeignKey("source_version.id", ondelete="CASCADE")
    )
    taken_at: Mapped[datetime] = mapped_column(default=utcnow)
    digest: Mapped[str] = mapped_column(String(64))
    """Of the set: which things, and which of them completed."""
    base_id: Mapped[int | None] = mapped_column(ForeignKey("evidence.id"), index=True)
    """The row that this one builds on; None where the payload is the whole set."""
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON, deflated; the integration that wrote it knows its shape."""


class Reading(Model):
    """A value of a measure at a moment: progress is computed from it anew.

    Never changed, but that of a check-in by whoever edits or deletes the check-in. Those of what
    is long over are thinned, where admins want that.
    """

    __tablename__ = "reading"
    __table_args__ = (
        Index("ix_reading_measure_id_series_taken_at", "measure_id", "series", "taken_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    measure_id: Mapped[int] = mapped_column(ForeignKey("measure.id", ondelete="CASCADE"))
    series: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(default=utcnow)
    value: Mapped[Fraction] = mapped_column(LongExact)
    matching_count: Mapped[int | None]
    completed_count: Mapped[int | None]
    check_in_id: Mapped[int | None] = mapped_column(
        ForeignKey("check_in.id", ondelete="CASCADE"), unique=True
    )
    source_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("source_version.id", ondelete="CASCADE")
    )
    evidence_id: Mapped[int | None] = mapped_column(
        ForeignKey("evidence.id", ondelete="SET NULL"), index=True
    )
    is_beside: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether a source counted it while a value given by hand was shown instead."""

    measure: Mapped[Measure] = relationship()
    check_in: Mapped[CheckIn | None] = relationship()
    source_version: Mapped[SourceVersion | None] = relationship()
    evidence: Mapped[Evidence | None] = relationship()
