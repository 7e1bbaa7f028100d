"""What of the audit log is to be shown. The address holds it all."""

from collections.abc import Iterable
from datetime import date

from werkzeug.datastructures import MultiDict
from wtforms import DateField, Field, Form, SelectField, StringField, ValidationError
from wtforms.validators import Optional

from app.accounts.models import Person
from app.audit.actions import SENTENCES
from app.audit.words import KINDS, action_words

NOBODY = "nobody"
"""Chosen for what was done without being signed in: failed sign-ins and commands."""
LONGEST_TEXT = 200

_FIRST, _LAST = date(1970, 1, 1), date(9000, 1, 1)


class FilterForm(Form):
    person = SelectField("Person")
    action = SelectField("Did what")
    kind = SelectField("To what")
    first = DateField("From day", name="from", validators=[Optional()])
    last = DateField("To day", name="to", validators=[Optional()])
    text = StringField(
        "Text", filters=[lambda text: (text or "").strip()], render_kw={"maxlength": LONGEST_TEXT}
    )

    def __init__(self, query: MultiDict[str, str], people: Iterable[Person]) -> None:
        super().__init__(query)
        self.person.choices = [
            ("", "Anyone"),
            *((str(one.id), one.name) for one in people),
            (NOBODY, "Someone not signed in"),
        ]
        actions = ((action, action_words(action)) for action in SENTENCES)
        self.action.choices = [("", "Anything"), *actions]
        self.kind.choices = [
            ("", "Anything"),
            *((key, said.capitalize()) for key, said in KINDS.items()),
        ]
        for field in (self.person, self.action, self.kind):
            field.data = field.data or ""

    def validate_first(self, field: DateField) -> None:
        _check_day(field.data)

    def validate_last(self, field: DateField) -> None:
        _check_day(field.data)
        if field.data and self.first.data and field.data < self.first.data:
            raise ValidationError("Choose a day that is not before “From day”.")

    def validate_text(self, field: StringField) -> None:
        if len(field.data or "") > LONGEST_TEXT:
            raise ValidationError(f"Use at most {LONGEST_TEXT} characters.")
        if "\0" in (field.data or ""):
            raise ValidationError("Type the text again.")

    @property
    def is_narrowed(self) -> bool:
        return any(field.data for field in self)

    def values(self) -> dict[str, str]:
        """What is chosen, as the address holds it."""
        return {field.name: str(field.data) for field in self if field.data}

    def words(self) -> list[str]:
        """What is chosen, for people: "person: Bob Brown", "from day: 2026-11-01"."""
        return [f"{field.label.text.lower()}: {_chosen(field)}" for field in self if field.data]


def _chosen(field: Field) -> str:
    if isinstance(field, SelectField):
        return next(str(said) for _, said, is_chosen, _ in field.iter_choices() if is_chosen)
    return str(field.data)


def _check_day(value: date | None) -> None:
    """Days near either end of the calendar have no moment in every time zone."""
    if value and not _FIRST <= value <= _LAST:
        raise ValidationError("Choose a day such as 2026-11-24.")
