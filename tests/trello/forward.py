"""A board's actions played forwards from each card's creation: a second opinion on its past.

Knows nothing of today's board and shares no code with the app, which undoes actions backwards.
"""

from dataclasses import dataclass, replace
from typing import Any

CREATIONS = ("createCard", "copyCard", "emailCard", "convertToCardFromCheckItem")


@dataclass(frozen=True)
class State:
    """What a card was like."""

    list_id: str
    is_archived: bool = False
    has_due_date: bool = False
    is_completed: bool = False


def play(actions: list[dict[str, Any]]) -> dict[str, list[tuple[str, State]]]:
    """The states of every card with a creation among the actions, each from a moment on.

    The actions oldest first, in Trello's form. A card that was deleted is left out.
    """
    lives: dict[str, list[tuple[str, State]]] = {}
    for action in actions:
        data = action["data"]
        if "card" not in data:
            continue
        card_id, life = data["card"]["id"], lives.get(data["card"]["id"])
        if action["type"] in CREATIONS:
            lives[card_id] = [(action["date"], State(data["list"]["id"]))]
        elif action["type"] == "deleteCard":
            lives.pop(card_id, None)
        elif action["type"] == "updateCard" and life is not None:
            life.append((action["date"], _changed(life[-1][1], data)))
    return lives


def _changed(state: State, data: dict[str, Any]) -> State:
    card, old = data["card"], data["old"]
    if "idList" in old:
        state = replace(state, list_id=data["listAfter"]["id"])
    if "closed" in old:
        state = replace(state, is_archived=card["closed"])
    if "due" in old:
        state = replace(state, has_due_date=card["due"] is not None)
    if "dueComplete" in old:
        state = replace(state, is_completed=card["dueComplete"])
    return state
