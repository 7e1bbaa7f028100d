"""Changes to a list."""

from typing import Any

from sandbox.board import Board, Record


def add_list(board: Board, name: str, by: Record | None = None) -> Record:
    with board.change(by) as change:
        list_: Record = {
            "id": board.new_id(),
            "name": name,
            "closed": False,
            "color": None,
            "idBoard": board.id,
            "pos": board.new_position(),
            "subscribed": False,
            "softLimit": None,
            "type": None,
            "datasource": {"filter": False},
        }
        board.lists[list_["id"]] = list_
        change.record("createList", {"list": {"id": list_["id"], "name": name}})
    return list_


def rename_list(board: Board, list_: Record, name: str, by: Record | None = None) -> None:
    _update(board, list_, "name", name, by)


def archive_list(
    board: Board, list_: Record, closed: bool = True, by: Record | None = None
) -> None:
    """Archive or bring back a list. Its cards are left as they are: not closed."""
    _update(board, list_, "closed", closed, by)


def _update(board: Board, list_: Record, field: str, value: Any, by: Record | None) -> None:
    with board.change(by) as change:
        old = list_[field]
        if old == value:
            return
        list_[field] = value
        data = {"id": list_["id"], "name": list_["name"], field: value}
        change.record("updateList", {"list": data, "old": {field: old}})
