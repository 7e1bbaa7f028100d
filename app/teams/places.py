"""Where the audit log finds the pages of teams."""

from flask import Flask, url_for
from sqlalchemy import select

from app.audit.places import add_place
from app.db import db
from app.teams.models import Team


def add_places(app: Flask) -> None:
    add_place(app, "team", _teams)


def _teams(ids: set[int]) -> dict[int, str]:
    kept = db.session.scalars(select(Team.id).where(Team.id.in_(ids)))
    return {one: url_for("teams.show_team", team_id=one) for one in kept}
