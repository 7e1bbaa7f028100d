"""Fields of forms, and how much may be typed into them: from text to days and exact numbers."""

from datetime import date
from fractions import Fraction
from typing import Any

from wtforms import DateField, Field, Form, SelectField, SelectMultipleField, StringField
from wtforms.form import BaseForm
from wtforms.validators import StopValidation, ValidationError

from app.okrs.figures import figure_text, parse_figure

YEARS = range(2000, 2100)
LONGEST_TITLE, LONGEST_TEXT, LONGEST_UNIT, LONGEST_NAME = 200, 10_000, 40, 80


def several_lines(text: str | None) -> str:
    """As typed, with plain line ends and without characters that no one sees."""
    lines = (text or "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ("".join(sign for sign in line if sign >= " " or sign == "\t") for line in lines)
    return "\n".join(line.rstrip() for line in kept).strip()


class AtMost:
    def __init__(self, longest: int) -> None:
        self.longest = longest

    def __call__(self, _form: Form, field: Field) -> None:
        if len(field.data or "") > self.longest:
            raise ValidationError(f"Use at most {self.longest:,} characters.")


class ChoiceField(SelectField):
    """A select whose message says what to do."""

    def pre_validate(self, form: BaseForm) -> None:
        if not any(value == self.data for value, *_rest in self.iter_choices()):
            raise StopValidation("Choose one from the list.")

    def post_validate(self, form: BaseForm, validation_stopped: bool) -> None:
        if validation_stopped or self.process_errors:
            self.errors = ["Choose one from the list."]


class ChoicesField(SelectMultipleField):
    """Checkboxes, drawn by the template."""

    def pre_validate(self, form: BaseForm) -> None:
        offered = {value for value, *_rest in self.iter_choices()}
        if self.process_errors or not offered.issuperset(self.data or ()):
            raise StopValidation

    def post_validate(self, form: BaseForm, validation_stopped: bool) -> None:
        if validation_stopped:
            self.errors = ["Choose from the list."]


class DayField(DateField):
    """A day; text that is none keeps standing in the field, with a sentence."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError("Write a day as 2026-12-31.") from error
        if isinstance(self.data, date) and self.data.year not in YEARS:
            raise ValueError(f"Choose a year from {YEARS[0]} to {YEARS[-1]}.")


class FigureField(StringField):
    """A number typed as people type it. Checked only where the form asks for it."""

    figure: Fraction | None = None
    problem: str | None = None

    def process(self, *args: Any, **kwargs: Any) -> None:
        super().process(*args, **kwargs)
        self.figure = self.problem = None
        if isinstance(self.data, Fraction):
            self.data = figure_text(self.data)
        self.read(self.data or "")

    def read(self, text: str) -> None:
        self.data = text.strip()
        if self.data:
            try:
                self.figure = parse_figure(self.data)
            except ValueError as error:
                self.problem = str(error)

    def type_in(self, text: str) -> None:
        """As if someone had typed it."""
        self.figure = self.problem = None
        self.read(text)
