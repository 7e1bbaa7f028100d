"""What is typed into a check-in, new or edited."""

from werkzeug.datastructures import MultiDict
from wtforms import Form, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.validators import AnyOf

from app.access import id_in
from app.okrs.checkins.recording import Said
from app.okrs.fields import (
    LONGEST_TEXT,
    AtMost,
    ChoiceField,
    FigureField,
    several_lines,
)
from app.okrs.models import ONCE, PERCENT, ROLL_UP, UNTIL_RESUMED, Measure

_SURE = range(1, 11)


class CheckInForm(Form):
    """A value where a person may give one, a note, how confident they are: at least one of them."""

    value = FigureField("Value", render_kw={"inputmode": "decimal"})
    override = StringField(
        "How long", default=ONCE, validators=[AnyOf((ONCE, UNTIL_RESUMED), "Choose how long.")]
    )
    confidence = ChoiceField("Confidence", default="")
    note = TextAreaField("Note", filters=[several_lines], validators=[AtMost(LONGEST_TEXT)])
    seen = HiddenField()
    """The last check-in when the form was shown, which tells a repeat from a second one."""

    measure: Measure
    is_value_fixed = False
    """True where an edit may not touch the value."""
    keeps_value = False
    """True where there is one that it may not touch."""

    @classmethod
    def of(
        cls, measure: Measure, typed: MultiDict[str, str] | None, **stored: object
    ) -> "CheckInForm":
        form = cls(typed, data=stored)
        form.measure = measure
        form.confidence.choices = [("", "Not said"), *((str(one), str(one)) for one in _SURE)]
        return form

    @property
    def takes_value(self) -> bool:
        """Whether a person may give the value: not where the key results bring it."""
        return self.measure.kind != ROLL_UP and not self.is_value_fixed

    @property
    def is_automatic(self) -> bool:
        return self.measure.source is not None

    @property
    def said(self) -> Said:
        return Said(
            value=self.value.figure if self.takes_value else None,
            note=self.note.data or "",
            confidence=int(self.confidence.data) if self.confidence.data else None,
            override=self.override.data if self.is_automatic else None,
        )

    @property
    def seen_id(self) -> int | None:
        """None where the form did not say."""
        return id_in(self.seen.data or "")

    def validate_value(self, field: FigureField) -> None:
        if not self.takes_value:
            return
        if field.problem:
            raise ValidationError(field.problem)
        if field.figure is None and not self._says_something:
            raise ValidationError("Give a value, a note, or both.")
        is_percentage = self.measure.kind == PERCENT
        if field.figure is not None and is_percentage and not 0 <= field.figure <= 100:
            raise ValidationError("Give a percentage from 0 to 100.")

    def validate_note(self, field: TextAreaField) -> None:
        if not self.takes_value and not self.keeps_value and not self._says_something:
            raise ValidationError("Write a note.")

    @property
    def _says_something(self) -> bool:
        return bool(self.note.data or self.confidence.data)
