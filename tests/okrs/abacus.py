"""A second kind of data source, which counts beads: no file of the app knows of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import Select, false, select, true
from werkzeug.datastructures import MultiDict

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.integrations import MeasureWish, Need, PastPart, SourceForm, SourceState
from app.okrs.models import Measure, Source, SourceVersion
from app.okrs.readings import record_reading

TEMPLATES = {
    "abacus/mark.html": '<svg viewBox="0 0 1 1" aria-hidden="true"><path d="M0 0h1v1H0z"/></svg>',
    "abacus/panel.html": '<p id="abacus-panel">{{ panel.beads }} beads. {{ state.sentence }}</p>',
    "abacus/row.html": '<a href="#abacus" aria-label="Recount {{ line.title }}">↻</a>',
    "abacus/form.html": """
        <label for="beads">Beads</label>
        <input id="beads" name="beads" value="{{ source_form.beads }}">
        {% if source_form.message %}<p id="beads-errors">{{ source_form.message }}</p>{% endif %}
        <p id="wish">{{ source_form.wish.kind }} to {{ source_form.wish.target_value }}</p>
        <button name="step" value="use-count:{{ source_form.beads }}">Use as start</button>
    """,
}


class AbacusSource(Source):
    __mapper_args__ = {"polymorphic_identity": "abacus"}


class AbacusForm:
    template = "abacus/form.html"

    def __init__(self, beads: str, source: Source | None, wish: MeasureWish) -> None:
        self.beads, self.source, self.wish = beads, source, wish
        self.message = ""

    @property
    def choice(self) -> str:
        return self.beads

    def validate(self, wish: MeasureWish) -> bool:
        # As an integration does that has to wait for the network before it can tell.
        db.end_reading()
        if not self.beads.isdigit():
            self.message = "Say how many beads."
        return not self.message

    def hold(self) -> None:
        """Nobody can take beads away."""

    def apply(self, measure: Measure, by: Person) -> None:
        source = self.source or AbacusSource(measure=measure, linked_by_id=by.id)
        version = SourceVersion(definition={"beads": self.beads}, made_by_id=by.id)
        source.versions.append(version)
        db.session.add(source)
        db.session.flush()
        now = utcnow()
        record_reading(measure, now, Fraction(self.beads), int(self.beads), 0, version, None)
        source.counted_at = now


class Abacus:
    name = "abacus"
    title = "Abacus"
    summary = "Counts beads."
    mark_template = "abacus/mark.html"
    panel_template = "abacus/panel.html"
    row_template = "abacus/row.html"
    manage_endpoint = "manage_abacus"
    counted_noun = "bead"

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.questions = 0
        self.needed: list[Need] = []
        self.past_part: PastPart | None = None
        self.woken: list[int] = []
        self.kept_from: list[str] = []

    def rehearse(self) -> None:
        pass

    def glance(self) -> None:
        pass

    def tick(self) -> None:
        pass

    def needs(self, person: Person) -> Sequence[Need]:
        return self.needed

    def thin(self, source_id: int, before: datetime, most_steps: int) -> int:
        return 0

    def past(self, measure: Measure) -> PastPart | None:
        return self.past_part

    def evidence_url(self, source_id: int, moment: datetime | None = None) -> str:
        return f"/beads/{source_id}" + (f"?at={moment.isoformat()}" if moment else "")

    def source_form(
        self,
        person: Person,
        typed: MultiDict[str, str] | None,
        source: Source | None,
        wish: MeasureWish,
        waiting: Mapping[str, Any] | None = None,
    ) -> SourceForm:
        definition = source.versions[-1].definition if source else waiting or {}
        stored = str(definition.get("beads", ""))
        beads = stored if typed is None else typed.get("beads", stored)
        return AbacusForm(beads, source, wish)

    def choice_of(self, source: Source) -> str:
        return str(source.versions[-1].definition["beads"])

    def words_of(self, source: Source) -> str:
        return f"{self.choice_of(source)} beads"

    def portable(self, sources: Sequence[Source]) -> Mapping[int, dict[str, Any]]:
        return {source.id: dict(source.versions[-1].definition) for source in sources}

    def received(self, definition: Mapping[str, Any]) -> dict[str, Any] | None:
        return {"beads": definition["beads"]} if "beads" in definition else None

    def place_words(self, definition: Mapping[str, Any]) -> str:
        return f"the abacus with {definition['beads']} beads"

    def states(self, sources: Sequence[Source]) -> Mapping[int, SourceState]:
        self.questions += 1
        return {
            source.id: SourceState(
                **{"sentence": "Counted.", "counted_at": source.counted_at} | self.state
            )
            for source in sources
        }

    def being_counted(self) -> Select[int]:
        is_busy = bool(self.state.get("is_busy"))
        return select(AbacusSource.measure_id).where(true() if is_busy else false())

    def count_soon(self, source: Source) -> None:
        self.woken.append(source.id)

    def hold_to_link_like(self, person: Person, sources: Sequence[Source]) -> Collection[int]:
        return [source.versions[-1].id for source in sources if person.name not in self.kept_from]

    def link_like(self, source: Source, measure: Measure, by: Person) -> None:
        version = SourceVersion(definition=dict(source.versions[-1].definition), made_by_id=by.id)
        db.session.add(AbacusSource(measure=measure, linked_by_id=by.id, versions=[version]))

    def panel(self, source: Source, person: Person) -> object:
        return source.versions[-1].definition


def add_to(app: Flask) -> None:
    """Its templates and its page, as its package would bring them."""
    own = app.jinja_env.loader
    assert own is not None
    app.jinja_env.loader = ChoiceLoader([own, DictLoader(TEMPLATES)])
    app.add_url_rule("/admin/integrations/abacus", "manage_abacus", lambda: "beads")
