"""Forms by which items end: final values and scores, exact and checked."""

from collections.abc import Sequence
from fractions import Fraction

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, StringField, TextAreaField, ValidationError
from wtforms.validators import AnyOf

from app.okrs.endings.proposals import Proposal
from app.okrs.fields import (
    LONGEST_TEXT,
    AtMost,
    ChoiceField,
    FigureField,
    several_lines,
)
from app.okrs.figures import figure_text
from app.okrs.models import KPI, Cycle, Measure

CLOSE, LEAVE = "close", "leave"
ALONG = "along"
"""In a review: a key result becomes what its objective becomes."""


class CloseForm(Form):
    """What an item is closed with; `proposal` fills it in."""

    value = FigureField("Final value", render_kw={"inputmode": "decimal"})
    score = FigureField("Score", render_kw={"inputmode": "decimal"})
    note = TextAreaField("Note", filters=[several_lines], validators=[AtMost(LONGEST_TEXT)])
    parts = StringField(
        "Its open key results",
        default=CLOSE,
        validators=[AnyOf((CLOSE, LEAVE), "Choose what becomes of them.")],
    )

    measure: Measure

    @classmethod
    def of(cls, measure: Measure, proposal: Proposal) -> "CloseForm":
        form = cls(data={"value": proposal.value, "score": proposal.score})
        form.measure = measure
        return form

    def validate_value(self, field: FigureField) -> None:
        problem = value_problem(self.measure, field)
        if problem:
            raise ValidationError(problem)

    def validate_score(self, field: FigureField) -> None:
        problem = score_problem(field)
        if problem:
            raise ValidationError(problem)


class CarryForm(Form):
    """Into which cycle an objective is postponed or cloned; a clone, whether with key results."""

    cycle = ChoiceField("Cycle", coerce=int)
    with_parts = BooleanField("With its key results")


class MoveForm(Form):
    """Under which objective a key result is postponed or cloned."""

    objective = ChoiceField("Objective", coerce=int)


class ReviewForm(Form):
    """What a review decides of one item; its fields bear the id of its measure."""

    do = ChoiceField("What becomes of it")
    value = FigureField("Final value", render_kw={"inputmode": "decimal"})
    score = FigureField("Score", render_kw={"inputmode": "decimal"})

    measure: Measure
    above: "ReviewForm | None"
    """Of a key result's objective, where the person decides on that too."""
    is_for_all: bool
    """Whether what is left open is to be closed too."""

    @classmethod
    def of(
        cls,
        measure: Measure,
        proposal: Proposal,
        targets: Sequence[Cycle],
        default: str,
        typed: MultiDict[str, str] | None,
        above: "ReviewForm | None" = None,
    ) -> "ReviewForm":
        prefix = f"{measure.id}-"
        is_new = typed is not None and f"{prefix}do" not in typed
        if is_new:
            default = LEAVE  # it came since the page was made: nobody decided on it
        stored = {"do": default, "value": proposal.value, "score": proposal.score}
        form = cls(typed, prefix=prefix, data=stored)
        form.measure, form.above = measure, above
        form.is_for_all = typed is not None and "all" in typed and not is_new
        form.do.choices = [
            *([(ALONG, "With its objective")] if above is not None else []),
            (LEAVE, "Leave open"),
            (CLOSE, "Close"),
            *((str(one.id), f"Postpone into {one.name}") for one in targets),
        ]
        return form

    @property
    def closes(self) -> bool:
        if self.do.data == ALONG and self.above is not None:
            return self.above.closes
        return self.do.data == CLOSE or (self.do.data == LEAVE and self.is_for_all)

    def validate_value(self, field: FigureField) -> None:
        problem = value_problem(self.measure, field)
        if problem and self.closes:
            raise ValidationError(problem)

    def validate_score(self, field: FigureField) -> None:
        problem = score_problem(field)
        if problem and self.closes:
            raise ValidationError(problem)


def value_problem(measure: Measure, field: FigureField) -> str:
    """What is wrong with a final value of this measure; empty where it may stand."""
    if field.problem:
        return field.problem
    if field.figure is None:
        return "Give the value it ends with."
    if measure.kind != KPI and not 0 <= field.figure <= 100:
        return "Give a percentage from 0 to 100."
    return ""


def score_problem(field: FigureField) -> str:
    """What is wrong with a score; none at all may be given."""
    if field.problem:
        return field.problem
    if field.figure is not None and not 0 <= field.figure <= 1:
        return "Give a score from 0 to 1, such as 0.7."
    return ""


def exact(field: FigureField, proposed: Fraction) -> Fraction:
    """The value as typed; the proposal itself, unrounded, where it was left as it was shown."""
    if field.figure is None or field.data == figure_text(proposed):
        return proposed
    return field.figure
