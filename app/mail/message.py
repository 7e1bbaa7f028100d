"""One mail as it goes over the wire."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from app.accounts.forms import one_line
from app.db import utcnow
from app.mail.models import OutgoingMail
from app.mail.outbox import Claim, Content
from app.mail.site import public_url
from app.mail.unsubscribing import unsubscribe_url

STOP = "List-Unsubscribe"


class _AsSent(EmailPolicy):
    """Lines as SMTP wants them, and an address that mail programs read left in one piece: they
    do not know it again when it is encoded as a long word of prose is."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name == STOP:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        folded: bytes = super().fold_binary(name, value)
        return folded


_POLICY = _AsSent(linesep="\r\n")


def message_for(claim: Claim, content: Content, sender: Address) -> EmailMessage:
    """Raises ValueError, IndexError or HeaderParseError where the person's email can't stand in
    a header."""
    person = claim.person
    message = plain_message(sender, person.name, person.email, content.subject, content.text)
    message["Message-ID"] = _message_id(claim.mail)
    if claim.kind.wish:  # RFC 8058
        message[STOP] = f"<{unsubscribe_url(person, claim.kind)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def plain_message(sender: Address, name: str, email: str, subject: str, text: str) -> EmailMessage:
    """A mail in plain text by nobody in person. Names and subjects can add no header."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = Address(_header_text(name), addr_spec=email)
    message["Subject"] = _header_text(subject)
    message["Date"] = format_datetime(utcnow())
    # Out-of-office notes are for people.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    # Every server takes it, with lines of any length in it.
    message.set_content(text, cte="quoted-printable")
    return message


def _header_text(text: str) -> str:
    """As typed, in one line, and never taken for what it only looks like: an encoded word.

    EmailMessage decodes those, and some versions write the line breaks in them as they are
    (CVE-2024-6923).
    """
    return one_line(text).replace("=?", "= ?")


def _message_id(mail: OutgoingMail) -> str:
    """The same each time, so that whoever gets it twice can tell."""
    host = urlsplit(public_url()).hostname or "localhost"
    return f"<tally-{mail.id}-{int(mail.made_at.timestamp())}@{host.strip('[]')}>"
