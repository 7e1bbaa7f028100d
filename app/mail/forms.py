"""The form in which each person says what mail they want, and when."""

from calendar import day_name

from wtforms import BooleanField, Field, Form, SelectField
from wtforms.validators import AnyOf

from app.accounts.models import Person
from app.mail.kinds import MENTION, OPTIONAL, REMINDER, SUMMARY, WARNING

WEEKDAYS = dict(enumerate(day_name))
HOURS = {hour: f"{hour}:00" for hour in range(24)}
_UNKNOWN = "Choose one from the list."


class MailForm(Form):
    wants_mentions = BooleanField(MENTION.title)
    wants_warnings = BooleanField(WARNING.title)
    wants_reminders = BooleanField(REMINDER.title)
    wants_summary = BooleanField(SUMMARY.title)
    mail_weekday = SelectField(
        "Day of the weekly mail",
        coerce=int,
        choices={str(number): name for number, name in WEEKDAYS.items()},
        validate_choice=False,
        validators=[AnyOf(WEEKDAYS, message=_UNKNOWN)],
    )
    mail_hour = SelectField(
        "Hour of the weekly mail",
        coerce=int,
        choices={str(hour): words for hour, words in HOURS.items()},
        validate_choice=False,
        validators=[AnyOf(HOURS, message=_UNKNOWN)],
    )

    def wishes(self) -> list[Field]:
        return [self[kind.wish or ""] for kind in OPTIONAL]

    def save(self, person: Person) -> dict[str, str]:
        """Put down what was chosen. What changed by it, in words for the log."""
        before = in_words(person)
        self.populate_obj(person)
        now = in_words(person)
        return {what: now[what] for what in now if now[what] != before[what]}


def in_words(person: Person) -> dict[str, str]:
    """What mail someone gets, by the names that the log shows."""
    wishes = {kind.name: "on" if getattr(person, kind.wish or "") else "off" for kind in OPTIONAL}
    return wishes | {"weekly": f"{day_name[person.mail_weekday]}, {person.mail_hour}:00"}
