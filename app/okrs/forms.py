"""Forms of cycles, objectives and key results."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from wtforms import Form, StringField, TextAreaField, ValidationError
from wtforms.validators import AnyOf, DataRequired, InputRequired, Optional

from app.accounts.forms import one_line
from app.accounts.models import Person
from app.okrs.fields import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TITLE,
    LONGEST_UNIT,
    AtMost,
    ChoiceField,
    ChoicesField,
    DayField,
    FigureField,
    several_lines,
)
from app.okrs.figures import GUARD_WORDS, KIND_WORDS
from app.okrs.integrations import MeasureWish
from app.okrs.models import KPI, PERCENT, ROLL_UP, STAY_ABOVE, STAY_BELOW, Cycle
from app.okrs.sight import EVERYONE, would_see
from app.okrs.tags import tags_problem
from app.teams.membership import people_in

PEOPLE = "people"
DIRECTIONS = [
    ("", "From start to target"),
    (STAY_ABOVE, "Stay above the target"),
    (STAY_BELOW, "Stay below the target"),
]


class ItemForm(Form):
    """What objectives and key results have in common."""

    kinds: Sequence[str] = (PERCENT, KPI)

    title = StringField(
        "Title",
        filters=[one_line],
        validators=[DataRequired("Give it a title."), AtMost(LONGEST_TITLE)],
    )
    description = TextAreaField(
        "Description", filters=[several_lines], validators=[AtMost(LONGEST_TEXT)]
    )
    owner = ChoiceField("Owner", coerce=int)
    further_owners = ChoicesField("Further owners", coerce=int)
    tags = StringField("Tags", filters=[one_line])
    measure = ChoiceField("Measure")
    direction = ChoiceField("Direction", default="")
    start = FigureField("Start", render_kw={"inputmode": "decimal"})
    target = FigureField("Target", render_kw={"inputmode": "decimal"})
    warning = FigureField("Warning threshold", render_kw={"inputmode": "decimal"})
    unit = StringField("Unit", filters=[one_line])
    first_day = DayField("First day", validators=[Optional()])
    last_day = DayField("Last day", validators=[Optional()])

    chosen_cycle: Cycle | None = None
    """The cycle that days are inherited from."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.measure.choices = [(kind, KIND_WORDS[kind]) for kind in self.kinds]
        self.direction.choices = DIRECTIONS
        if not self.tags.raw_data:
            self.further_owners.data = self.further_owners.object_data  # nothing was sent of either

    @property
    def is_kpi(self) -> bool:
        return bool(self.measure.data == KPI)

    @property
    def guard(self) -> str | None:
        """How the target is to be guarded; None where it is to be reached."""
        return self.direction.data if self.is_kpi and self.direction.data in GUARD_WORDS else None

    @property
    def further_owner_ids(self) -> list[int]:
        """Whoever is the owner is not also a further one."""
        return [one for one in self.further_owners.data or () if one != self.owner.data]

    def validate_tags(self, field: StringField) -> None:
        problem = tags_problem(field.data)
        if problem:
            raise ValidationError(problem)

    def validate_start(self, field: FigureField) -> None:
        if self.is_kpi and not self.guard and field.problem:
            raise ValidationError(field.problem)

    def validate_target(self, field: FigureField) -> None:
        if not self.is_kpi:
            return
        if field.problem:
            raise ValidationError(field.problem)
        if field.figure is None:
            aim = GUARD_WORDS.get(self.guard or "", "reach")
            raise ValidationError(f"Give the number to {aim}.")
        if not self.guard and not self.start.problem and field.figure == self.start_value:
            raise ValidationError("The target must differ from the start.")

    def validate_warning(self, field: FigureField) -> None:
        if not self.guard:
            return
        if field.problem:
            raise ValidationError(field.problem)
        if field.figure is None or self.target.figure is None:
            return
        if self.guard == STAY_ABOVE and field.figure <= self.target.figure:
            raise ValidationError("To warn in time, the threshold must be above the target.")
        if self.guard == STAY_BELOW and field.figure >= self.target.figure:
            raise ValidationError("To warn in time, the threshold must be below the target.")

    def validate_unit(self, field: StringField) -> None:
        if self.is_kpi:
            AtMost(LONGEST_UNIT)(self, field)

    def validate_first_day(self, field: DayField) -> None:
        cycle, last = self.chosen_cycle, self.last_day.data
        if cycle and field.data and field.data > (last or cycle.ends_on):
            raise ValidationError(
                "The first day must not be after the last day."
                if last
                else f"The first day must not be after {cycle.name} ends."
            )

    def validate_last_day(self, field: DayField) -> None:
        cycle = self.chosen_cycle
        if cycle and field.data and not self.first_day.data and field.data < cycle.starts_on:
            raise ValidationError(f"The last day must not be before {cycle.name} begins.")

    @property
    def start_value(self) -> Fraction:
        """The start to store: 0 unless typed. A guard has no use for it, but may become a way."""
        return (self.start.figure or Fraction(0)) if self.is_kpi else Fraction(0)

    @property
    def target_value(self) -> Fraction:
        return (self.target.figure or Fraction(0)) if self.is_kpi else Fraction(100)

    @property
    def warning_value(self) -> Fraction | None:
        return self.warning.figure if self.guard else None

    @property
    def unit_text(self) -> str:
        return (self.unit.data or "") if self.is_kpi else ""

    def wish(self) -> MeasureWish:
        """The measure as typed so far; a source has no use for a roll-up."""
        cycle = self.chosen_cycle
        has_start = not self.is_kpi or self.guard or not self.start.problem
        target = self.target.figure if self.is_kpi else self.target_value
        return MeasureWish(
            kind=KPI if self.is_kpi else PERCENT,
            start_value=self.start_value if has_start else None,
            target_value=target,
            unit=self.unit_text,
            first_day=_day(self.first_day) or (cycle.starts_on if cycle else None),
            last_day=_day(self.last_day) or (cycle.ends_on if cycle else None),
            guard=self.guard,
            warning_value=self.warning_value,
        )


class KeyResultForm(ItemForm):
    """A key result lies in its objective's cycle, and is seen by those who see its objective."""

    outsiders: Mapping[int, str] = {}
    """Who of those offered as owner does not see the objective: ids and names."""

    def validate_owner(self, field: ChoiceField) -> None:
        self._keep_out([field.data])

    def validate_further_owners(self, _field: ChoicesField) -> None:
        self._keep_out(self.further_owner_ids)

    def _keep_out(self, owner_ids: Sequence[int]) -> None:
        names = [self.outsiders[one] for one in owner_ids if one in self.outsiders]
        if names:
            raise ValidationError(
                f"{names[0]} can't see this private objective. Choose someone who can, or first "
                "add them to those who can see the objective."
            )


class ObjectiveForm(ItemForm):
    kinds = (ROLL_UP, PERCENT, KPI)

    cycle = ChoiceField("Cycle", coerce=int)
    visibility = StringField(
        "Who can see it", validators=[AnyOf((EVERYONE, PEOPLE), "Choose who can see it.")]
    )
    viewers = ChoicesField("Chosen people", coerce=int)
    viewer_teams = ChoicesField("Chosen teams", coerce=int)
    belongs_to = ChoiceField("Belongs to")

    part_owners: Sequence[Person] = ()
    """Who owns a key result of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.visibility.raw_data:
            self.viewers.data = self.viewers.object_data  # nothing was sent of any of them
            self.viewer_teams.data = self.viewer_teams.object_data

    def begin_for(self, key: str) -> None:
        """Let a new one belong to this at first, where that is offered and nothing was sent."""
        offered = {value for value, *_rest in self.belongs_to.iter_choices()}
        if not self.belongs_to.raw_data and key in offered:
            self.belongs_to.data = key

    @property
    def is_private(self) -> bool:
        return bool(self.visibility.data == PEOPLE)

    @property
    def viewer_ids(self) -> list[int]:
        return list(self.viewers.data or ())

    @property
    def viewer_team_ids(self) -> list[int]:
        return list(self.viewer_teams.data or ())

    def left_out(self, people: Sequence[Person]) -> list[Person]:
        """Who of these people would not see the objective as it was typed."""
        if not self.is_private:
            return []
        onlookers = {self.owner.data, *self.further_owner_ids, *self.viewer_ids}
        onlookers |= people_in(self.viewer_team_ids)
        return [one for one in people if not would_see(one, onlookers)]

    def validate_viewers(self, field: ChoicesField) -> None:
        names = [one.name for one in self.left_out(self.part_owners)]
        if len(names) == 1:
            raise ValidationError(f"{names[0]} owns a key result of it, and so has to see it.")
        if names:
            raise ValidationError(
                f"{', '.join(names[:-1])} and {names[-1]} own key results of it, and so have to "
                "see it."
            )


class CycleForm(Form):
    name = StringField(
        "Name",
        filters=[one_line],
        validators=[DataRequired("Give the cycle a name."), AtMost(LONGEST_NAME)],
    )
    first_day = DayField("First day", validators=[InputRequired("Give the first day.")])
    last_day = DayField("Last day", validators=[InputRequired("Give the last day.")])

    def validate_last_day(self, field: DayField) -> None:
        if field.data and self.first_day.data and field.data < self.first_day.data:
            raise ValidationError("The last day must not be before the first day.")

    @property
    def days(self) -> tuple[date, date]:
        """Of a form that is valid."""
        first, last = self.first_day.data, self.last_day.data
        if first is None or last is None:
            raise RuntimeError("a valid form has both days")
        return first, last


def _day(field: DayField) -> date | None:
    return field.data if isinstance(field.data, date) else None
