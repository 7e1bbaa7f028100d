"""What the profile shows of mail; its page belongs to a package that does not know of mail."""

from dataclasses import dataclass

from app.accounts.models import Person
from app.mail import outbox
from app.mail.forms import MailForm
from app.mail.models import OutgoingMail
from app.mail.site import is_mail_on


@dataclass(frozen=True)
class MailSection:
    form: MailForm
    trouble: OutgoingMail | None
    """Mail that could not be sent lately; admins are told."""


def mail_section(person: Person) -> MailSection | None:
    """None where no mail is sent at all."""
    if not is_mail_on():
        return None
    return MailSection(MailForm(obj=person), outbox.last_trouble() if person.is_admin else None)
