"""Mail to those who are mentioned."""

from collections.abc import Sequence
from typing import Any

from app.accounts.models import Person
from app.mail import outbox
from app.mail.kinds import MENTION
from app.okrs.loading import Item
from app.okrs.rows import item_url

LONGEST_QUOTE = 2000


def mail_mentions(
    item: Item, *, people: Sequence[Person], by: Person, text: str, **_rest: Any
) -> None:
    """Quote the text to each of them. Whether they may see the item was found out by the sender
    of the signal, in the same transaction."""
    quote = text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE].rstrip()} …"
    for person in people:
        outbox.write(
            person,
            MENTION,
            about=item.measure_id,
            item=item,
            url=item_url(item, "show"),
            by=by,
            lines=quote.splitlines(),
        )
