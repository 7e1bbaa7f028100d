"""Changes to one card."""

from typing import Any

from sandbox.board import Board, Change, Record
from sandbox.clock import short_link


def add_card(
    board: Board, list_: Record, name: str, *, by: Record | None = None, **fields: Any
) -> Record:
    """Put a new card at the bottom of a list.

    `fields` are Trello's own (`isTemplate=True`, `cardRole="separator"`). Labels, members and
    dates come by changes of their own afterwards, because createCard does not name them.
    """
    with board.change(by) as change:
        id_ = board.new_id()
        card: Record = {
            "id": id_,
            "idBoard": board.id,
            "idList": list_["id"],
            "idShort": board.new_short(),
            "idMemberCreator": change.by["id"],
            "name": name,
            "desc": "",
            "closed": False,
            "dateClosed": None,
            "due": None,
            "dueComplete": False,
            "dateCompleted": None,
            "dueReminder": None,
            "start": None,
            "idLabels": [],
            "idMembers": [],
            "idChecklists": [],
            "isTemplate": False,
            "cardRole": None,
            "mirrorSourceId": None,
            "pos": board.new_position(),
            "dateLastActivity": board.now(),
            "shortLink": short_link(id_),
            "subscribed": False,
            **fields,
        }
        board.cards[id_] = card
        change.record("createCard", {"card": _named(card), "list": _list_of(board, card)})
    return card


def move_card(board: Board, card: Record, to: Record, by: Record | None = None) -> None:
    if card["idList"] == to["id"]:
        return
    with board.change(by) as change:
        before = board.lists[card["idList"]]
        card["pos"] = board.new_position()
        card["idList"] = to["id"]
        card["dateLastActivity"] = board.now()
        change.record(
            "updateCard",
            {
                "card": _named(card) | {"idList": to["id"]},
                "old": {"idList": before["id"]},
                "listBefore": {"id": before["id"], "name": before["name"]},
                "listAfter": {"id": to["id"], "name": to["name"]},
            },
        )


def complete_card(board: Board, card: Record, done: bool = True, by: Record | None = None) -> None:
    """Tick or untick the circle on a card's front; no due date is needed for it."""
    with board.change(by) as change:
        if _update(change, card, "dueComplete", done):
            card["dateCompleted"] = board.now() if done else None


def archive_card(board: Board, card: Record, closed: bool = True, by: Record | None = None) -> None:
    with board.change(by) as change:
        if _update(change, card, "closed", closed):
            card["dateClosed"] = board.now() if closed else None


def rename_card(board: Board, card: Record, name: str, by: Record | None = None) -> None:
    with board.change(by) as change:
        _update(change, card, "name", name)


def set_due(board: Board, card: Record, due: str | None, by: Record | None = None) -> None:
    """Give a card a due moment in Trello's form, or take it away."""
    with board.change(by) as change:
        _update(change, card, "due", due)


def set_start(board: Board, card: Record, start: str | None, by: Record | None = None) -> None:
    with board.change(by) as change:
        _update(change, card, "start", start)


def add_label(board: Board, card: Record, label: Record, by: Record | None = None) -> None:
    before = card.get("idLabels", [])
    if label["id"] not in before:
        _relabel(board, card, label, "addLabelToCard", [*before, label["id"]], by)


def remove_label(board: Board, card: Record, label: Record, by: Record | None = None) -> None:
    before = card.get("idLabels", [])
    if label["id"] in before:
        kept = [id_ for id_ in before if id_ != label["id"]]
        _relabel(board, card, label, "removeLabelFromCard", kept, by)


def add_member(board: Board, card: Record, member: Record, by: Record | None = None) -> None:
    if member["id"] in card["idMembers"]:
        return
    with board.change(by) as change:
        card["idMembers"] = [*card["idMembers"], member["id"]]
        card["dateLastActivity"] = board.now()
        change.record("addMemberToCard", _membership(card, member))


def remove_member(board: Board, card: Record, member: Record, by: Record | None = None) -> None:
    if member["id"] not in card["idMembers"]:
        return
    with board.change(by) as change:
        card["idMembers"] = [id_ for id_ in card["idMembers"] if id_ != member["id"]]
        card["dateLastActivity"] = board.now()
        change.record("removeMemberFromCard", _membership(card, member))


def delete_card(board: Board, card: Record, by: Record | None = None) -> None:
    """Remove a card for good. As at Trello, the action does not say what it was called, and all
    others that named the card are gone from the record with it."""
    with board.change(by) as change:
        del board.cards[card["id"]]
        board.actions[:] = [
            action
            for action in board.actions
            if action["data"].get("card", {}).get("id") != card["id"]
        ]
        summary = {key: card[key] for key in ("id", "idShort", "shortLink")}
        change.record("deleteCard", {"card": summary, "list": _list_of(board, card)})


def _relabel(
    board: Board, card: Record, label: Record, event: str, id_labels: list[str], by: Record | None
) -> None:
    """Change a card's labels: webhooks hear of it twice, the record keeps only updateCard."""
    with board.change(by) as change:
        value = {"id": label["id"], "name": label["name"], "color": label["color"]}
        change.record(
            event,
            {"card": _named(card), "label": value, "value": label["color"]},
            webhook_only=True,
        )
        _update(change, card, "idLabels", id_labels)


def _update(change: Change, card: Record, field: str, value: Any) -> bool:
    """Set one field and record it with its old value. False when nothing changed."""
    old = card.get(field)
    if old == value:
        return False
    card[field] = value
    card["dateLastActivity"] = change.board.now()
    change.record(
        "updateCard",
        {
            "card": _named(card) | {field: value},
            "old": {field: old},
            "list": _list_of(change.board, card),
        },
    )
    return True


def _named(card: Record) -> Record:
    return {key: card[key] for key in ("id", "name", "idShort", "shortLink")}


def _list_of(board: Board, card: Record) -> Record:
    list_ = board.lists[card["idList"]]
    return {"id": list_["id"], "name": list_["name"]}


def _membership(card: Record, member: Record) -> Record:
    return {
        "card": _named(card),
        "idMember": member["id"],
        "member": {"id": member["id"], "name": member["fullName"]},
    }
