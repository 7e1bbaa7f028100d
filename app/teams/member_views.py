"""Who is in a team: adding people, and taking them out."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from app.access import me
from app.db import db
from app.htmx import see_other
from app.teams import blueprint
from app.teams.changing import add_members, remove_member
from app.teams.forms import members_form
from app.teams.lineage import hold_teams
from app.teams.loading import team_for
from app.teams.views import team_page


@blueprint.post("/teams/<int:team_id>/members")
def add_to_team(team_id: int) -> ResponseReturnValue:
    hold_teams()
    team = team_for(me(), team_id, to_staff=True)
    form = members_form(team, request.form)
    if not form.validate():
        return team_page(team, form, 422)
    added = add_members(team, form.chosen, me())
    db.session.commit()
    flash(f"Added to {team.name}: {', '.join(one.name for one in added)}.", "success")
    return see_other("teams.show_team", team_id=team_id)


@blueprint.post("/teams/<int:team_id>/members/<int:person_id>/remove")
def remove_from_team(team_id: int, person_id: int) -> ResponseReturnValue:
    hold_teams()
    team = team_for(me(), team_id, to_staff=True)
    person = next((one for one in team.members if one.id == person_id), None)
    if person is None:
        flash(f"They were not in {team.name} any more.")
        return see_other("teams.show_team", team_id=team_id)
    remove_member(team, person, me())
    db.session.commit()
    flash(f"{person.name} is no longer in {team.name}.", "success")
    return see_other("teams.show_team", team_id=team_id)
