"""The form of what holds for the whole workspace: its name, its calendar, its thresholds."""

from calendar import month_name
from fractions import Fraction

from werkzeug.datastructures import MultiDict
from wtforms import Form, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired

from app.accounts.forms import LONGEST_NAME, one_line, time_zones
from app.accounts.models import Workspace
from app.okrs.fields import AtMost, ChoiceField, FigureField

FEWEST_DAYS, MOST_DAYS = 90, 36_500
"""How long every count of what is over is kept; a cycle is long reviewed after the fewest."""


class WorkspaceForm(Form):
    name = StringField(
        "Workspace name",
        filters=[one_line],
        validators=[DataRequired("Enter a name, such as your team's."), AtMost(LONGEST_NAME)],
    )
    time_zone = SelectField("Time zone", validate_choice=False)
    first_month = ChoiceField("First month of the year", coerce=int)
    behind_above = FigureField("Behind above", render_kw={"inputmode": "decimal"})
    at_risk_above = FigureField("At risk above", render_kw={"inputmode": "decimal"})
    details_kept_days = FigureField("Days to keep every count", render_kw={"inputmode": "numeric"})

    zones: list[str]

    def offer_zones(self, present: str) -> None:
        """Those to choose from, and the one of the workspace, which may go by another name."""
        self.zones = [*time_zones(), *([] if present in time_zones() else [present])]
        self.time_zone.choices = {zone: zone for zone in self.zones}

    def validate_time_zone(self, field: SelectField) -> None:
        if field.data not in self.zones:
            raise ValidationError("Choose a time zone from the list.")

    def validate_details_kept_days(self, field: FigureField) -> None:
        if field.problem:
            raise ValidationError(field.problem)
        days = field.figure
        if days and (days < FEWEST_DAYS or days > MOST_DAYS or days.denominator > 1):
            raise ValidationError(
                f"Give whole days, {FEWEST_DAYS} to {MOST_DAYS:,}, or nothing to keep them all."
            )

    def validate_behind_above(self, field: FigureField) -> None:
        _check_points(field)

    def validate_at_risk_above(self, field: FigureField) -> None:
        at_risk, behind = _check_points(field), self.behind_above.figure
        if behind is not None and behind >= 0 and at_risk <= behind:
            raise ValidationError("At risk has to begin above where Behind does.")


def workspace_form(space: Workspace, typed: MultiDict[str, str] | None) -> WorkspaceForm:
    """As it was typed, or as it is stored."""
    stored = {one.key: getattr(space, one.key) for one in Workspace.__table__.columns}
    days = space.details_kept_days
    stored["details_kept_days"] = None if days is None else Fraction(days)
    form = WorkspaceForm(typed, data=stored)
    form.offer_zones(space.time_zone)
    form.first_month.choices = [(number, month_name[number]) for number in range(1, 13)]
    return form


def _check_points(field: FigureField) -> Fraction:
    if field.problem:
        raise ValidationError(field.problem)
    if field.figure is None:
        raise ValidationError("Give the percentage points, such as 25.")
    if field.figure < 0:
        raise ValidationError("Give 0 or more.")
    return field.figure
