"""What an item's form shows of the item as it is stored, and a mark that tells when it changed."""

import hashlib
from typing import Any

from app.okrs.forms import PEOPLE
from app.okrs.levels import level_key
from app.okrs.loading import Item
from app.okrs.models import PERCENT, ROLL_UP, Objective
from app.okrs.sight import EVERYONE
from app.okrs.tags import tags_text


def stored_fields(item: Item) -> dict[str, Any]:
    """By the names of the form's fields."""
    measure = item.measure
    is_kpi = measure.kind not in (PERCENT, ROLL_UP)
    fields = {
        "title": item.title,
        "description": item.description,
        "owner": item.owner_id,
        "further_owners": sorted(one.id for one in measure.further_owners),
        "tags": tags_text(measure.tags),
        "measure": measure.kind,
        "start": measure.start_value if is_kpi else "0",
        "target": measure.target_value if is_kpi else "",
        "unit": measure.unit,
        "direction": measure.guard or "",
        "warning": measure.warning_value,
        "first_day": item.starts_on,
        "last_day": item.ends_on,
    }
    if isinstance(item, Objective):
        fields["cycle"] = item.cycle_id
        fields["parent"] = item.parent_measure_id
        fields["visibility"] = PEOPLE if item.is_private else EVERYONE
        fields["viewers"] = sorted(one.id for one in item.viewers)
        fields["viewer_teams"] = sorted(one.id for one in item.viewer_teams)
        fields["belongs_to"] = level_key(item)
    return fields


def mark_of(item: Item) -> str:
    """Tells one state of what the form shows from any other."""
    source = item.measure.source
    version = (source.id, source.versions[-1].id) if source is not None else None
    stored = {**stored_fields(item), "source": version}
    return hashlib.sha256(repr(sorted(stored.items())).encode()).hexdigest()[:32]
