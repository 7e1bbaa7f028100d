"""Teams: the list, a team's page, making, editing and archiving them."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from app.access import me, require_admin
from app.db import db
from app.edited_forms import edited
from app.htmx import see_other
from app.merging import Merge, Thing
from app.teams import blueprint
from app.teams.changing import archive, change_team, make_team, restore
from app.teams.forms import NAME_TAKEN, RECORDED_AS, MembersForm, TeamForm, members_form, team_form
from app.teams.lineage import hold_teams
from app.teams.loading import may_staff, team_for, teams_with_counts, teams_within
from app.teams.models import Team


@blueprint.get("/teams")
def list_teams() -> ResponseReturnValue:
    me()
    return render_template("teams/list.html", rows=teams_with_counts())


@blueprint.route("/teams/new", methods=["GET", "POST"])
def new_team() -> ResponseReturnValue:
    admin = require_admin()
    if request.method != "POST":
        return _form(team_form(None, None), None)
    hold_teams()
    form = team_form(None, request.form)
    if not _is_valid(form):
        return _form(form, None, 422)
    try:
        team = make_team(form.name.data or "", form.chosen_lead, form.chosen_parent, admin)
    except IntegrityError:
        return _name_is_taken(form, None)
    db.session.commit()
    flash(f"{team.name} is made. Add who is in it.", "success")
    return see_other("teams.show_team", team_id=team.id)


@blueprint.get("/teams/<int:team_id>")
def show_team(team_id: int) -> ResponseReturnValue:
    team = team_for(me(), team_id)
    return team_page(team, members_form(team, None))


@blueprint.route("/teams/<int:team_id>/edit", methods=["GET", "POST"])
def edit_team(team_id: int) -> ResponseReturnValue:
    sent = request.form if request.method == "POST" else None
    if sent is not None:
        hold_teams()
    team = team_for(me(), team_id, to_edit=True)
    thing = Thing("team", team.id, RECORDED_AS)
    met = edited(thing, sent, lambda typed: team_form(team, typed))
    form = met.form
    if sent is None:
        return _form(form, team, merge=met.merge)
    if not met.may_be_saved(_is_valid(form)):
        return _form(form, team, 422, met.merge)
    try:
        change_team(team, form.name.data or "", form.chosen_lead, form.chosen_parent, me())
    except IntegrityError:
        return _name_is_taken(form, team, met.merge)
    db.session.commit()
    met.merge.flash_kept()
    flash(f"{team.name} is saved.", "success")
    return see_other("teams.show_team", team_id=team_id)


@blueprint.post("/teams/<int:team_id>/archive")
def archive_team(team_id: int) -> ResponseReturnValue:
    hold_teams()
    team = team_for(me(), team_id, to_edit=True)
    archive(team, me())
    db.session.commit()
    flash(f"{team.name} is archived. Its objectives stay.", "success")
    return see_other("teams.show_team", team_id=team_id)


@blueprint.post("/teams/<int:team_id>/restore")
def restore_team(team_id: int) -> ResponseReturnValue:
    hold_teams()
    team = team_for(me(), team_id, to_edit=True)
    restore(team, me())
    db.session.commit()
    flash(f"{team.name} is restored.", "success")
    return see_other("teams.show_team", team_id=team_id)


def team_page(team: Team, form: MembersForm, status: int = 200) -> ResponseReturnValue:
    """A team with who is in it, and for those who may the form by which others come in."""
    page = render_template(
        "teams/team.html",
        team=team,
        within=teams_within(team),
        form=form,
        may_staff=may_staff(me(), team),
    )
    return page, status


def _is_valid(form: TeamForm) -> bool:
    """With the lead held, who may just be leaving or becoming an observer."""
    if not form.validate():
        return False
    lead = form.chosen_lead
    if lead is None or str(lead.id) == str(form.lead.object_data):
        return True
    lead.hold()
    if not lead.may_own:
        form.lead.errors = ["Choose one from the list."]
    return lead.may_own


def _form(
    form: TeamForm, team: Team | None, status: int = 200, merge: Merge | None = None
) -> ResponseReturnValue:
    return render_template("teams/form.html", form=form, team=team, merge=merge), status


def _name_is_taken(
    form: TeamForm, team: Team | None, merge: Merge | None = None
) -> ResponseReturnValue:
    db.session.rollback()
    form.name.errors = [NAME_TAKEN]
    return _form(form, team, 422, merge)
