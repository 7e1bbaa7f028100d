"""What the worker's clock does for mail: gives notice of what is due, and of what is to write.

Called every few seconds by every worker. Late, twice, or by two workers at once is harmless.
"""

import time
from datetime import timedelta

from app.db import db
from app.mail import outbox, weekly
from app.mail.jobs import clear_outbox, send_mail, write_warnings, write_weekly
from app.mail.site import is_mail_on
from app.queues import HOURLY, enqueue
from app.timing import SetBack, scaled

WEEKLY_EVERY = timedelta(minutes=1)
WARNINGS_EVERY = CLEARED_EVERY = timedelta(minutes=10)


class MailClock:
    """Remembers when it last looked for what is to be written, and to be cleared."""

    def __init__(self) -> None:
        self._next_weekly = self._next_warnings = self._next_clearing = 0.0
        self._set_back = SetBack()

    def tick(self) -> None:
        """One statement, most of the times, where nothing is due."""
        if self._set_back.is_noticed():
            outbox.put_right()
        self._have_outbox_cleared()  # also of what waits from when there was mail
        if not is_mail_on():
            return
        self._have_weekly_written()
        self._have_warnings_written()
        mail_id = outbox.next_due()
        db.end_reading()
        if mail_id is not None:
            enqueue(send_mail, mail_id)

    def _have_weekly_written(self) -> None:
        now = time.monotonic()
        if now < self._next_weekly:
            return
        self._next_weekly = now + scaled(WEEKLY_EVERY).total_seconds()
        due = weekly.people_due()
        db.end_reading()
        for person_id in due:
            if not enqueue(write_weekly, person_id, lane=HOURLY):
                break

    def _have_warnings_written(self) -> None:
        now = time.monotonic()
        if now < self._next_warnings:
            return
        self._next_warnings = now + scaled(WARNINGS_EVERY).total_seconds()
        enqueue(write_warnings, 1, lane=HOURLY)

    def _have_outbox_cleared(self) -> None:
        now = time.monotonic()
        if now < self._next_clearing:
            return
        self._next_clearing = now + scaled(CLEARED_EVERY).total_seconds()
        enqueue(clear_outbox, 1, lane=HOURLY)
