"""The worker's part of mail, done by tests when they say so."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from app.beats import beat
from app.db import db
from app.mail import outbox, weekly
from app.mail.jobs import clear_outbox, send_mail, write_warnings, write_weekly
from app.mail.models import OutgoingMail


class Post:
    """Writes what is due and sends what waits, as the worker's clock would have it done."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def deliver(self) -> None:
        """Send what is due now."""
        with self.app.app_context():
            while (mail_id := outbox.next_due()) is not None:
                send_mail(mail_id)

    def write_weekly(self) -> list[int]:
        """For whom it was written."""
        with self.app.app_context():
            due = list(weekly.people_due())
            for person_id in due:
                write_weekly(person_id)
            return due

    def warn(self) -> None:
        with self.app.app_context():
            beat("a worker")
            write_warnings(1)

    def clear(self) -> None:
        with self.app.app_context():
            clear_outbox(1)


def let_pass(span: timedelta) -> None:
    """For the outbox: all of it was made, tried and taken by a worker that much earlier."""
    for mail in waiting():
        mail.made_at -= span
        mail.next_try_at -= span
        if mail.lease_until:
            mail.lease_until -= span
    db.session.commit()


def waiting() -> list[OutgoingMail]:
    """The outbox as it is stored, oldest first."""
    db.session.remove()
    return list(db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))
