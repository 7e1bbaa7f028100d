"""The forms about teams."""

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict
from wtforms import Form, SelectField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import DataRequired

from app.accounts.forms import one_line
from app.accounts.models import Person
from app.accounts.people import by_name, everyone, possible_owners
from app.names import fits
from app.teams.lineage import within
from app.teams.loading import all_teams
from app.teams.models import Team

LONGEST_NAME, LONGEST_KEY = 80, 160
RECORDED_AS = {"name": ("name",), "parent": ("part of",), "lead": ("team.lead_changed",)}
"""What the audit log calls a change of each field."""
NAME_TAKEN = "There is a team of this name. Choose another."


class TeamForm(Form):
    name = StringField(
        "Name",
        filters=[one_line],
        validators=[DataRequired("Give the team a name.")],
    )
    lead = SelectField("Lead", validate_choice=False)
    parent = SelectField("Part of", validate_choice=False)

    leads: Sequence[Person]
    """Who may lead it."""
    parents: Sequence[Team]
    """What it may be part of."""
    within: Sequence[Team] = ()
    """The team itself and all that are part of it."""

    def validate_name(self, field: StringField) -> None:
        if not fits(field.data or "", LONGEST_NAME, LONGEST_KEY):
            raise ValidationError(f"Use at most {LONGEST_NAME} characters.")

    def validate_lead(self, field: SelectField) -> None:
        if field.data and self.chosen_lead is None:
            raise ValidationError("Choose one from the list.")

    def validate_parent(self, field: SelectField) -> None:
        below = next((one for one in self.within if str(one.id) == field.data), None)
        if below is not None:
            raise ValidationError(
                f"{below.name} can't be what this team is part of: it is "
                f"{'the team itself' if below is self.within[0] else 'part of this team'}."
            )
        if field.data and self.chosen_parent is None:
            raise ValidationError("Choose one from the list.")

    @property
    def chosen_lead(self) -> Person | None:
        return next((one for one in self.leads if str(one.id) == self.lead.data), None)

    @property
    def chosen_parent(self) -> Team | None:
        return next((one for one in self.parents if str(one.id) == self.parent.data), None)


def team_form(team: Team | None, typed: MultiDict[str, str] | None) -> TeamForm:
    """As it was typed, or as the team is stored."""
    stored = {"name": team.name, "lead": team.lead_id, "parent": team.parent_id} if team else {}
    form = TeamForm(typed, data={name: value or "" for name, value in stored.items()})
    leads, teams = list(possible_owners()), all_teams()
    if team is not None:
        below = within(team.id)
        form.within = sorted(
            (one for one in teams if one.id in below), key=lambda one: one is not team
        )
        if team.lead and team.lead not in leads:
            leads = by_name([*leads, team.lead])
    form.leads = leads
    present = team.parent_id if team else None
    form.parents = [
        one
        for one in teams
        if one not in form.within and (one.archived_at is None or one.id == present)
    ]
    form.lead.choices = [("", "Nobody"), *((str(one.id), one.name) for one in form.leads)]
    form.parent.choices = [
        ("", "No other team"),
        *((str(one.id), one.name) for one in form.parents),
    ]
    return form


class MembersForm(Form):
    """Who is to come into a team. The checkboxes are drawn by the template."""

    people = SelectMultipleField("People", coerce=int, validate_choice=False)

    candidates: Sequence[Person]

    def validate_people(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise ValidationError("Tick at least one person.")
        if not {one.id for one in self.candidates}.issuperset(field.data):
            raise ValidationError("One of the ticked people can't be added now. Choose again.")

    @property
    def chosen(self) -> list[Person]:
        ticked = set(self.people.data or ())
        return [one for one in self.candidates if one.id in ticked]


def members_form(team: Team, typed: MultiDict[str, str] | None) -> MembersForm:
    """Everyone with an account may be added, observers too, who only read."""
    form = MembersForm(typed)
    form.candidates = [one for one in everyone() if one.is_active and one not in team.members]
    return form
