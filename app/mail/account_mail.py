"""Mail about accounts: invitations, and links by which people choose a password."""

from typing import Any

from app.accounts.models import Person
from app.mail import outbox
from app.mail.kinds import INVITATION, LINK, RESET


def mail_link(person: Person, *, address: str, **_rest: Any) -> bool:
    """Mail a link that an admin made, and is shown too. Whether it will be."""
    kind = INVITATION if person.is_invited else LINK
    return outbox.write(person, kind, address=address)


def mail_reset(person: Person, *, address: str, **_rest: Any) -> None:
    """Mail a link to whoever's account someone asked it for."""
    outbox.write(person, RESET, address=address)
