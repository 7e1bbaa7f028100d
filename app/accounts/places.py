"""Where the audit log finds the pages of people."""

from flask import Flask, url_for
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.places import add_place
from app.db import db


def add_places(app: Flask) -> None:
    add_place(app, "person", _people)


def _people(ids: set[int]) -> dict[int, str]:
    """Not all: an invitation that was withdrawn leaves nobody behind."""
    kept = db.session.scalars(select(Person.id).where(Person.id.in_(ids)))
    return {one: url_for("accounts.show_person", person_id=one) for one in kept}
