"""What the record of a board can't tell, as sentences for people."""

from datetime import datetime, tzinfo

from app.pages import day
from app.trello.past.cards import DELETED, MOVED_AWAY
from app.trello.past.judging import (
    ARRIVAL,
    DEPARTURE,
    LABELS,
    LIST_LEFT,
    MEMBER,
    ROLES,
    CountedPast,
    Gap,
)
from app.trello.past.replay import BoardPast


def gap_sentences(board: BoardPast, past: CountedPast, since: datetime, zone: tzinfo) -> list[str]:
    """Why the past does not reach back to `since`, the reason that cuts most first."""
    said = [_sentence(gap, board) for gap in past.gaps]
    if board.begins_at is None:
        said.append("Trello has no record of what happened on this board.")
    elif board.begins_at > since:
        said.append(_beginning(board, day(board.begins_at.astimezone(zone).date())))
    return list(dict.fromkeys(said))


def _beginning(board: BoardPast, first_day: str) -> str:
    if not board.is_whole:
        return f"Trello's record of this board is very long; it was read back to {first_day}."
    if board.is_made_then:
        return f"The board was made on {first_day}."
    return f"Trello's record of this board begins on {first_day}."


def _sentence(gap: Gap, board: BoardPast) -> str:
    detail, cards = gap.doubt.detail, _cards(gap.card_count)
    was, it = ("was", "it was") if gap.card_count == 1 else ("were", "they were")
    match gap.doubt.kind:
        case kind if kind == DEPARTURE and detail == DELETED:
            return f"{cards} {was} deleted, and Trello does not say what {it} like."
        case kind if kind == DEPARTURE and detail == MOVED_AWAY:
            return f"{cards} {was} moved to another board, and Trello does not say what {it} like."
        case kind if kind == DEPARTURE:
            is_ = "is" if gap.card_count == 1 else "are"
            return f"{cards} {is_} no longer on the board, and Trello does not say what {it} like."
        case kind if kind == ARRIVAL:
            return f"{cards} came onto the board without a trace of when."
        case kind if kind == MEMBER:
            name = board.member_names.get(detail) or "Someone"
            return f"{name} was on {cards}, and Trello does not say until when or since when."
        case kind if kind == LABELS and not detail:
            return "Trello keeps no changes of labels before February 2024."
        case kind if kind == LABELS:
            return f"A label came onto or off {cards} without a trace of when."
        case kind if kind == LIST_LEFT:
            return f"The list “{detail}” was moved to another board; its cards are not named."
        case kind if kind == ROLES:
            what = "is a template" if gap.card_count == 1 else "are templates"
            return (
                f"{cards} {what} or the like today. Trello does not say since when, "
                f"so {it} left out throughout."
            )
        case _:
            return f"Trello's record contradicts itself about {cards}."


def _cards(count: int) -> str:
    return "1 card" if count == 1 else f"{count:,} cards"
