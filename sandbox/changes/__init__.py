"""What people do to a board. Every change leaves the actions that Trello would leave."""

from sandbox.changes.boards import (
    add_member_to_board,
    create_label,
    delete_label,
    remove_member_from_board,
    rename_board,
    set_board_closed,
    update_label,
)
from sandbox.changes.cards import (
    add_card,
    add_label,
    add_member,
    archive_card,
    complete_card,
    delete_card,
    move_card,
    remove_label,
    remove_member,
    rename_card,
    set_due,
    set_start,
)
from sandbox.changes.lists import add_list, archive_list, rename_list

__all__ = [
    "add_card",
    "add_label",
    "add_list",
    "add_member",
    "add_member_to_board",
    "archive_card",
    "archive_list",
    "complete_card",
    "create_label",
    "delete_card",
    "delete_label",
    "move_card",
    "remove_label",
    "remove_member",
    "remove_member_from_board",
    "rename_board",
    "rename_card",
    "rename_list",
    "set_board_closed",
    "set_due",
    "set_start",
    "update_label",
]
