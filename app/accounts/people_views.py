"""Admin, People: who has an account; inviting someone, and handing out links for passwords."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from app.access import by_id, me, require_admin
from app.accounts.blueprint import blueprint
from app.accounts.forms import InvitationForm, RoleForm
from app.accounts.models import Person
from app.accounts.password_links import link_handed_out, new_link, open_links
from app.accounts.people import everyone, forget_invited, hold_person, last_seen, who_fit
from app.accounts.ways_in import has_passwords, openid_name, with_passwords
from app.audit.log import record
from app.db import db
from app.htmx import see_other

EMAIL_TAKEN = "There is an account with this email already."


@blueprint.get("/admin/people")
def list_people() -> ResponseReturnValue:
    require_admin()
    return _people(InvitationForm())


@blueprint.post("/admin/people")
def invite_person() -> ResponseReturnValue:
    require_admin()
    form = InvitationForm(request.form)
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
    record("person.invited", "person", person.id, person.name, email=person.email, role=person.role)
    return hand_out_link(person)


@blueprint.get("/admin/people/<int:person_id>")
def show_person(person_id: int) -> ResponseReturnValue:
    require_admin()
    return person_page(by_id(Person, person_id))


@blueprint.post("/admin/people/<int:person_id>/link")
@with_passwords
def make_link(person_id: int) -> ResponseReturnValue:
    person = hold_person(require_admin(), person_id)
    if not person.is_active:
        flash(f"{person.name} is deactivated, so a link would not let them in.", "error")
        return see_other("accounts.show_person", person_id=person_id)
    record("password.link_made", "person", person.id, person.name)
    return hand_out_link(person)


@blueprint.post("/admin/people/<int:person_id>/withdraw-invitation")
def withdraw_invitation(person_id: int) -> ResponseReturnValue:
    person = hold_person(require_admin(), person_id)
    if not person.is_invited:
        flash(f"{person.name}'s account is no invitation any more, so nothing was withdrawn.")
        return see_other("accounts.show_person", person_id=person_id)
    record("invitation.withdrawn", "person", person.id, person.name, email=person.email)
    if not forget_invited(person):
        db.session.rollback()
        flash(f"The log or an item names {person.name} already, so deactivate them instead.")
        return see_other("accounts.deactivate_person", person_id=person_id)
    db.session.commit()
    flash(f"The invitation of {person.name} is withdrawn.", "success")
    return see_other("accounts.list_people")


def hand_out_link(person: Person) -> ResponseReturnValue:
    """Show the address in the answer itself, once: it is neither stored nor put in a cookie.

    Where there are no passwords to choose, there is no link; only how they come in is said.
    """
    if not has_passwords():
        db.session.commit()
        flash(f"{person.name} can sign in with {openid_name()}, as {person.email}.", "success")
        return see_other("accounts.list_people")
    link, address = new_link(person)
    is_mailed = any(told for _, told in link_handed_out.send(person, link=link, address=address))
    db.session.commit()
    return render_template(
        "accounts/link.html", link=link, address=address, newcomer=person, is_mailed=is_mailed
    )


def person_page(
    person: Person, form: RoleForm | None = None, status: int = 200
) -> ResponseReturnValue:
    """All that an admin can do about one person."""
    is_own = person.id == me().id
    page = render_template(
        "accounts/person.html",
        one=person,
        is_own=is_own,
        form=form or RoleForm(None, is_own=is_own, role=person.role),
        link=open_links().get(person.id),
        seen_at=last_seen().get(person.id),
    )
    return page, status


def _people(form: InvitationForm, status: int = 200) -> ResponseReturnValue:
    people, text = everyone(), request.args.get("find", "").strip()
    page = render_template(
        "accounts/people.html",
        people=who_fit(people, text),
        people_count=len(people),
        text=text,
        links=open_links(),
        seen=last_seen(),
        form=form,
    )
    return page, status
