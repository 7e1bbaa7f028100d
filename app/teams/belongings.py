"""Teams that someone has to lead."""

from sqlalchemy import Select, select

from app.accounts.belongings import Belonging
from app.accounts.models import Person
from app.db import db
from app.teams.changing import change_lead
from app.teams.models import Team

_NOTE = "Whoever takes over leads the team. Who is in it stays as it is."


def what(person: Person) -> list[Belonging]:
    """The teams that the person leads."""
    return [Belonging("team", [one.name for one in db.session.scalars(_led_by(person))], _NOTE)]


def hand_over(giver: Person, heir: Person, by: Person) -> None:
    """Make the heir the lead. A member who leaves stays one, and is shown as deactivated."""
    held = _led_by(giver).with_for_update().execution_options(populate_existing=True)
    for team in db.session.scalars(held).all():
        change_lead(team, heir, by)


def _led_by(person: Person) -> Select[Team]:
    return select(Team).where(Team.lead_id == person.id).order_by(Team.key)
