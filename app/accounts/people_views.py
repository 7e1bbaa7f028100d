"""Admin, People: who has an account, adding someone, handing out a link for a password."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.access import by_id, require_admin
from app.accounts.blueprint import blueprint
from app.accounts.forms import PersonForm
from app.accounts.models import Person
from app.accounts.password_links import new_link, open_links
from app.db import db
from app.htmx import see_other

EMAIL_TAKEN = "There is an account with this email already."


@blueprint.get("/admin/people")
def list_people() -> ResponseReturnValue:
    require_admin()
    return _people(PersonForm())


@blueprint.post("/admin/people")
def add_person() -> ResponseReturnValue:
    require_admin()
    form = PersonForm(request.form)
    if not form.validate():
        return _people(form, 422)
    person = Person(name=form.name.data, email=form.email.data, role=form.role.data)
    db.session.add(person)
    try:
        db.session.flush()  # the link needs the id, and a taken email shows here
    except IntegrityError:
        db.session.rollback()
        form.email.errors = [EMAIL_TAKEN]
        return _people(form, 422)
    return _hand_out_link(person)


@blueprint.post("/admin/people/<int:person_id>/link")
def make_link(person_id: int) -> ResponseReturnValue:
    require_admin()
    person = by_id(Person, person_id)
    if not person.is_active:
        flash(f"{person.name}'s account is closed, so a link would not let them in.", "error")
        return see_other("accounts.list_people")
    return _hand_out_link(person)


def _hand_out_link(person: Person) -> ResponseReturnValue:
    """Show the address in the answer itself, once: it is neither stored nor put in a cookie."""
    link, address = new_link(person)
    db.session.commit()
    return render_template("accounts/link.html", link=link, address=address, newcomer=person)


def _people(form: PersonForm, status: int = 200) -> ResponseReturnValue:
    people = db.session.scalars(select(Person).order_by(func.lower(Person.name), Person.id)).all()
    page = render_template("accounts/people.html", people=people, links=open_links(), form=form)
    return page, status
