"""The jobs of mail. Delivering any of them twice is harmless."""

from email.errors import HeaderParseError
from email.message import EmailMessage

from flask import current_app

from app.db import db, utcnow
from app.mail import outbox, troubles, weekly
from app.mail.message import message_for
from app.mail.outbox import Claim
from app.mail.sending import MailFailure, Refused, ServerTrouble, hand_over, mail_server
from app.mail.site import as_on_site, is_mail_on
from app.okrs.rollup.settling import settle
from app.queues import enqueue
from app.smtp_url import MailServer
from app.timing import scaled

LONGEST_HANDOVER = outbox.LEASE / 2
"""What has to be left of the lease once the mail server is ready."""


def send_mail(mail_id: int) -> None:
    """Send one mail that is due, and give notice of the next: one delivery of this job claims it.

    A worker killed before the server took the mail leaves it to the next one, after the lease. One
    killed between that and the commit, a few milliseconds, has it sent again, with the same
    Message-ID: SMTP offers no way to ask whether it was taken.
    """
    claim = outbox.claim(mail_id) if is_mail_on() else None
    if claim is None:
        return
    _deal_with(claim)
    next_id = outbox.next_due()
    db.end_reading()
    if next_id is not None:
        enqueue(send_mail, next_id)


def write_weekly(person_id: int) -> None:
    """Write someone's reminder and summary of the week, as far as they are due."""
    if is_mail_on():
        settle()
        with as_on_site():
            weekly.write_for(person_id)


def write_warnings(_workspace_id: int) -> None:
    """Tell everyone of what can't be counted."""
    if is_mail_on():
        with as_on_site():
            troubles.write_for_all()


def clear_outbox(_workspace_id: int) -> None:
    """Forget old mail; where none is sent any more, what still waits as well, once it is late."""
    with db.writing() as session:
        outbox.clear_old(session)


def _deal_with(claim: Claim) -> None:
    """Send it, or put down why not."""
    if not claim.kind.is_wanted_by(claim.person) or not outbox.may_be_told(claim):
        outbox.drop(claim)
        return
    if claim.is_too_late:
        outbox.give_up(claim, claim.mail.failure or outbox.TOO_LATE)
        return
    try:
        _send(claim)
    except Refused as failure:
        outbox.give_up(claim, str(failure))
    except ServerTrouble as failure:
        outbox.try_later(claim, str(failure))
        outbox.let_all_wait()
    except MailFailure as failure:
        outbox.try_later(claim, str(failure))


def _send(claim: Claim) -> None:
    """Raises MailFailure."""
    server: MailServer = current_app.extensions["tally_config"].mail_server
    message = _message(claim, server)
    db.end_reading()
    with mail_server(server) as smtp:
        if utcnow() > claim.until - scaled(LONGEST_HANDOVER):
            raise ServerTrouble("The mail server answers too slowly.")
        hand_over(smtp, server, message)
        outbox.note_sent(claim)  # before the farewell, which may take long


def _message(claim: Claim, server: MailServer) -> EmailMessage:
    content = claim.content()
    if content is None:
        raise Refused("ENCRYPTION_KEY has changed, so that it can't be read any more.")
    try:
        with as_on_site():
            return message_for(claim, content, server.sender)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise Refused("The address holds signs that mail can't be sent to.") from error
