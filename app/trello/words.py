"""Criteria as a person would say them."""

from app.trello.counting import ANY, COMPLETED, HAS_DUE, Criteria
from app.trello.models import Board
from app.trello.shape import Shape


def criteria_in_words(criteria: Criteria, board: Board) -> str:
    """ "Cards on Content calendar in Finished, labelled blog, completed." """
    return criteria_told(criteria, board.name, Shape(board.shape))


def criteria_told(criteria: Criteria, board_name: str, shape: Shape) -> str:
    """As `criteria_in_words`, with the names from elsewhere."""
    parts = [f"Cards on {board_name or 'an unnamed board'}"]
    if criteria.list_ids:
        parts[0] += f" in {_or([shape.list_name(one) for one in criteria.list_ids])}"
    owners = [shape.member_name(one) for one in criteria.member_ids]
    if criteria.or_nobody:
        owners.append("nobody")
    if owners:
        parts.append(f"owned by {_or(owners)}")
    labels = [shape.label_name(one) for one in criteria.label_ids]
    if labels:
        parts.append(f"labelled {_or(labels)}" + (" or not at all" * criteria.or_no_label))
    elif criteria.or_no_label:
        parts.append("without a label")
    if criteria.excluded_label_ids:
        excluded = [shape.label_name(one) for one in criteria.excluded_label_ids]
        parts.append(f"not labelled {_or(excluded)}")
    if criteria.completion != ANY:
        parts.append("completed" if criteria.completion == COMPLETED else "not completed")
    if criteria.due != ANY:
        parts.append("with a due date" if criteria.due == HAS_DUE else "without a due date")
    if criteria.with_archived:
        parts.append("archived ones too")
    return ", ".join(parts) + "."


def _or(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"
