"""What is kept encrypted of mail, for `flask rekey`."""

from app.mail.models import OutgoingMail
from app.vault import StoredSecrets

OF_MAIL = (
    StoredSecrets(
        OutgoingMail,
        "mails that wait",
        whose=lambda mail: f"The {mail.kind} mail to {mail.person.email}",
        remedy="It can't be sent any more: invite them again, or have a new link made.",
    ),
)
