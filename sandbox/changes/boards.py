"""Changes to a board itself: its name, its labels, who is on it."""

from sandbox.board import Board, Record


def rename_board(board: Board, name: str, by: Record | None = None) -> None:
    with board.change(by) as change:
        old = board.about["name"]
        board.about["name"] = name
        change.record("updateBoard", {"old": {"name": old}})


def set_board_closed(board: Board, closed: bool = True, by: Record | None = None) -> None:
    with board.change(by) as change:
        board.about["closed"] = closed
        change.record("updateBoard", {"old": {"closed": not closed}})


def create_label(board: Board, name: str, color: str | None, by: Record | None = None) -> Record:
    with board.change(by) as change:
        label: Record = {
            "id": board.new_id(),
            "idBoard": board.id,
            "name": name,
            "color": color,
        }
        board.labels[label["id"]] = label
        change.record("createLabel", {"label": _label(label)}, webhook_only=True)
    return label


def update_label(
    board: Board, label: Record, name: str, color: str | None, by: Record | None = None
) -> None:
    with board.change(by) as change:
        old = {"name": label["name"], "color": label["color"]}
        label.update(name=name, color=color)
        change.record("updateLabel", {"label": _label(label), "old": old}, webhook_only=True)


def delete_label(board: Board, label: Record, by: Record | None = None) -> None:
    """Delete a label. It leaves its cards without an action on any of them."""
    with board.change(by) as change:
        del board.labels[label["id"]]
        for card in board.cards.values():
            if label["id"] in card.get("idLabels", []):
                card["idLabels"] = [id_ for id_ in card["idLabels"] if id_ != label["id"]]
        change.record("deleteLabel", {"label": {"id": label["id"]}}, webhook_only=True)


def add_member_to_board(
    board: Board, member: Record, member_type: str = "normal", by: Record | None = None
) -> None:
    """Put someone on the board as `admin`, `normal` or `observer`."""
    if board.has_member(member["id"]):
        return
    with board.change(by) as change:
        board.members[member["id"]] = member
        board.memberships.append(
            {
                "id": board.new_id(),
                "idMember": member["id"],
                "memberType": member_type,
                "unconfirmed": False,
                "deactivated": False,
            }
        )
        change.record("addMemberToBoard", {"idMemberAdded": member["id"]})


def remove_member_from_board(board: Board, member: Record, by: Record | None = None) -> None:
    """Take someone off the board. They vanish from its cards without an action."""
    with board.change(by) as change:
        board.memberships = [
            entry for entry in board.memberships if entry["idMember"] != member["id"]
        ]
        board.members.pop(member["id"], None)
        for card in board.cards.values():
            if member["id"] in card["idMembers"]:
                card["idMembers"] = [id_ for id_ in card["idMembers"] if id_ != member["id"]]
        change.record("removeMemberFromBoard", {"idMember": member["id"]})


def _label(label: Record) -> Record:
    return {key: label[key] for key in ("id", "name", "color")}
