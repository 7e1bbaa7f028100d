"""A card as it is kept with what counted: in evidence, and in a past that was rebuilt."""

from typing import Any

from app.trello.answers import Card
from app.trello.shape import Shape

CardRecord = dict[str, Any]
"""id, name, list, labels, owners, completed, url. Lists, labels and owners by their names."""


def record_of(card: Card, names: Shape) -> CardRecord:
    """The card by the names given."""
    return {
        "id": card.id,
        "name": card.name,
        "list": names.list_name(card.list_id),
        "labels": [names.label_name(one) for one in card.label_ids],
        "owners": [names.member_name(one) for one in card.member_ids],
        "completed": card.is_completed,
        "url": card.url,
    }
