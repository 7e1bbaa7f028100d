"""Webhooks as Trello tells of them, checked like its other answers."""

from dataclasses import dataclass

from app.trello.failures import OddAnswer


@dataclass(frozen=True)
class TrellosWebhook:
    """A webhook as Trello keeps it, ours or anyone's who had this token."""

    id: str
    board_id: str
    """What it watches; of other people's tools also a card or a member."""
    callback_url: str
    is_active: bool
    """False after failures for a month, and then Trello tells nothing any more."""


def parse_webhook(answer: object) -> TrellosWebhook:
    """Raises OddAnswer."""
    if not isinstance(answer, dict):
        raise OddAnswer(f"a webhook was expected, not {type(answer).__name__}")
    texts = [answer.get(name) for name in ("id", "idModel", "callbackURL")]
    id_, board_id, callback_url = (text if isinstance(text, str) else "" for text in texts)
    if not (id_.isascii() and id_.isalnum() and len(id_) <= 64):
        raise OddAnswer("a webhook without a usable id")
    return TrellosWebhook(id_, board_id, callback_url, answer.get("active") is not False)
