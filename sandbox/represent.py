"""How the sandbox shows its records over REST: with what Trello works out as it answers."""

import re
from typing import Any

from sandbox.board import Board, Record

COLORS = ("green", "yellow", "orange", "red", "purple", "blue", "sky", "lime", "pink", "black")
TRANSLATION_KEYS = {
    ("dueComplete", True): "action_marked_the_due_date_complete",
    ("dueComplete", False): "action_marked_the_due_date_incomplete",
    ("closed", True): "action_archived_card",
    ("closed", False): "action_sent_card_to_board",
}


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "untitled"


def card_json(card: Record, board: Board, origin: str) -> Record:
    labels = [
        label_json(board.labels[id_], board)
        for id_ in card.get("idLabels", [])
        if id_ in board.labels
    ]
    return {
        **card,
        "badges": {
            "due": card.get("due"),
            "dueComplete": card.get("dueComplete", False),
            "start": card.get("start"),
            "checkItems": 0,
            "checkItemsChecked": 0,
            "comments": 0,
            "attachments": 0,
        },
        "labels": labels,
        "shortUrl": f"{origin}/c/{card['shortLink']}",
        "url": f"{origin}/c/{card['shortLink']}/{card['idShort']}-{slug(card['name'])}",
    }


def label_json(label: Record, board: Board) -> Record:
    return {**label, "idBoard": board.id}


def board_json(board: Board, origin: str) -> Record:
    """A board's own fields. `limits` and `organization` are served only when asked for."""
    about = {key: value for key, value in board.about.items() if key != "organization"}
    return {
        "desc": "",
        "descData": None,
        "idOrganization": None,
        "pinned": False,
        "starred": False,
        "dateLastActivity": None,
        "dateLastView": None,
        "prefs": {"permissionLevel": "private", "background": "blue"},
        **about,
        "url": f"{origin}/b/{board.short_link}/{slug(board.name)}",
        "shortUrl": f"{origin}/b/{board.short_link}",
        "labelNames": _label_names(board),
    }


def board_limits(board: Board) -> Record:
    """The part of a board's limits that matters to one who counts cards."""
    open_cards = sum(not card["closed"] for card in board.cards.values())
    return {
        "cards": {
            "openPerBoard": {
                "status": "ok" if open_cards < 4500 else "warn",
                "disableAt": 5000,
                "warnAt": 4500,
            },
            "totalPerBoard": {"status": "ok", "disableAt": 2_000_000, "warnAt": 1_800_000},
        }
    }


def member_json(member: Record, board: Board | None = None) -> Record:
    """A member; on a board, with the type of the membership."""
    shown = {
        "avatarHash": None,
        "avatarUrl": None,
        "confirmed": True,
        "activityBlocked": False,
        "nonPublic": {},
        "memberType": "normal",
        **member,
    }
    if board:
        types = {entry["idMember"]: entry["memberType"] for entry in board.memberships}
        shown["memberType"] = types.get(member["id"], "normal")
    return shown


def action_json(action: Record, people: dict[str, Record], *, for_webhook: bool = False) -> Record:
    """An action with the members it names; webhooks also get Trello's words for it."""
    shown: dict[str, Any] = {**action, "appCreator": None, "limits": None}
    creator = people.get(action["idMemberCreator"])
    if creator:
        shown["memberCreator"] = member_json(creator)
    named = people.get(action["data"].get("idMember", ""))
    if named:
        shown["member"] = member_json(named)
    if for_webhook:
        shown["display"] = {"translationKey": _translation_key(action), "entities": {}}
    return shown


def _translation_key(action: Record) -> str:
    data = action["data"]
    for field in data.get("old", {}):
        value = data.get("card", {}).get(field)
        if isinstance(value, bool) and (field, value) in TRANSLATION_KEYS:
            return TRANSLATION_KEYS[field, value]
        if field == "idList":
            return "action_move_card_from_list_to_list"
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", action["type"]).lower()
    return f"action_{words}"


def _label_names(board: Board) -> Record:
    """Names by colour. As at Trello, of two labels with one colour only one is seen."""
    names = dict.fromkeys(COLORS, "")
    for label in board.labels.values():
        if label.get("color") in names:
            names[label["color"]] = label["name"]
    return names
