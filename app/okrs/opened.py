"""What an item's form is opened on, field by field, as it is compared with what others save."""

from app.form_fields import Shown, fields_of
from app.merging import Thing, Together
from app.okrs.alignment.choice import KEPT, AlignedUnder
from app.okrs.changes import (
    BELONGS_TO,
    CYCLE,
    DAYS,
    DESCRIPTION,
    FURTHER_OWNERS,
    MEASURE,
    OWNER,
    TAGS,
    TITLE,
    record_of,
)
from app.okrs.forms import PEOPLE, ItemForm
from app.okrs.integrations import SourceForm, integration_of
from app.okrs.loading import Item
from app.okrs.sight import EVERYONE

PARENT, SOURCE = "parent", "source"
"""Fields that are not of the form itself."""
_MEASURE = ("measure", "direction", "start", "target", "warning", "unit")
_SIGHT = ("visibility", "viewers", "viewer_teams")
TOGETHER = (
    Together(frozenset({"measure", "direction"}), frozenset({*_MEASURE, SOURCE})),
    Together(frozenset({"visibility"}), frozenset(_SIGHT)),
)
_PARTS = {
    "title": (TITLE,),
    "description": (DESCRIPTION,),
    "owner": (OWNER,),
    "further_owners": (FURTHER_OWNERS,),
    "tags": (TAGS,),
    "cycle": (CYCLE,),
    "belongs_to": (BELONGS_TO,),
    "first_day": (DAYS,),
    "last_day": (DAYS,),
    **dict.fromkeys(_MEASURE, (MEASURE,)),
    **dict.fromkeys(_SIGHT, ("objective.shared",)),
    PARENT: ("objective.aligned",),
    SOURCE: ("source.linked", "source.removed", "source.changed"),
}
_SAID = {"visibility": {EVERYONE: "everyone", PEOPLE: "only chosen people and teams"}}
_SOURCE_LABEL = "Data source"
_NOT_NAMED = "something that is deleted or not for you to see"


def thing_of(item: Item) -> Thing:
    kind, number, _title = record_of(item)
    return Thing(kind, number, _PARTS)


def shown_fields(form: ItemForm, alignment: AlignedUnder | None, source: Shown) -> dict[str, Shown]:
    """By the names of the fields."""
    fields = fields_of(form, _SAID)
    if alignment is not None:
        hidden = _NOT_NAMED if alignment.chosen == KEPT else ""
        words = alignment.picked.title if alignment.picked else hidden
        fields[PARENT] = Shown("Aligned under", (alignment.chosen,), words)
    return fields | {SOURCE: source}


def stored_source(item: Item) -> Shown:
    source = item.measure.source
    if source is None:
        return Shown(_SOURCE_LABEL, ("",), "")
    integration = integration_of(source)
    return Shown(_SOURCE_LABEL, (integration.choice_of(source),), integration.words_of(source))


def chosen_source(chosen: SourceForm | None) -> Shown:
    words = "what is chosen below" if chosen is not None else ""
    return Shown(_SOURCE_LABEL, (chosen.choice if chosen is not None else "",), words)
