"""Admin, People: changing what someone may do here, deactivating and reactivating them."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.access import by_id, require_admin
from app.accounts.belongings import Belonging, belongings_of
from app.accounts.blueprint import blueprint
from app.accounts.forms import ROLE_WORDS, HandOverForm, RoleForm
from app.accounts.models import ADMIN, OBSERVER, Person
from app.accounts.people import (
    LAST_ADMIN,
    change_role,
    deactivate,
    hold_person,
    is_last_admin,
    possible_owners,
    reactivate,
)
from app.accounts.people_views import hand_out_link, person_page
from app.accounts.signing_in import START, end_session
from app.db import db
from app.htmx import see_other


@blueprint.post("/admin/people/<int:person_id>/role")
def change_person_role(person_id: int) -> ResponseReturnValue:
    admin = require_admin()
    person = hold_person(admin, person_id)
    if not person.is_active:
        return _is_deactivated(person)
    form = RoleForm(request.form, is_own=person is admin)
    role = form.role.data
    if role == person.role:
        return see_other("accounts.show_person", person_id=person_id)
    if not form.validate():
        return person_page(person, form, 422)
    if role != ADMIN and is_last_admin(person):
        form.role.errors = [LAST_ADMIN]
        return person_page(person, form, 422)
    belongings = belongings_of(person) if role == OBSERVER else []
    handing = _hand_over_form(person, belongings, is_own=person is admin)
    is_yet_to_be_asked = bool(belongings) and "heir" not in request.form
    if is_yet_to_be_asked or not handing.validate():
        return _hand_over(person, handing, belongings, role), 422
    change_role(person, role, handing.chosen, admin)
    db.session.commit()
    flash(f"{person.name} is {_as(role)} now.", "success")
    if person is admin:
        return redirect(START, code=303)
    return see_other("accounts.show_person", person_id=person_id)


@blueprint.route("/admin/people/<int:person_id>/deactivate", methods=["GET", "POST"])
def deactivate_person(person_id: int) -> ResponseReturnValue:
    admin = require_admin()
    is_asked = request.method != "POST"
    person = by_id(Person, person_id) if is_asked else hold_person(admin, person_id)
    if not person.is_active:
        return _is_deactivated(person)
    belongings = belongings_of(person)
    form = _hand_over_form(person, belongings, is_own=person is admin)
    problem = LAST_ADMIN if is_last_admin(person) else None
    if is_asked:
        return _hand_over(person, form, belongings, problem=problem)
    if problem or not form.validate():
        return _hand_over(person, form, belongings, problem=problem), 422
    deactivate(person, form.chosen, admin)
    if person is admin:
        end_session()
    db.session.commit()
    flash(f"{person.name} is deactivated.", "success")
    return see_other("accounts.sign_in" if person is admin else "accounts.list_people")


@blueprint.post("/admin/people/<int:person_id>/reactivate")
def reactivate_person(person_id: int) -> ResponseReturnValue:
    admin = require_admin()
    person = hold_person(admin, person_id)
    if person.is_active:
        flash(f"{person.name} is active already.")
        return see_other("accounts.show_person", person_id=person_id)
    reactivate(person, admin)
    return hand_out_link(person)


def _is_deactivated(person: Person) -> ResponseReturnValue:
    flash(f"{person.name} is deactivated already.")
    return see_other("accounts.show_person", person_id=person.id)


def _hand_over_form(
    person: Person, belongings: Sequence[Belonging], *, is_own: bool
) -> HandOverForm:
    form = HandOverForm(request.form if request.method == "POST" else None, is_own=is_own)
    form.offer([one for one in possible_owners() if one.id != person.id] if belongings else [])
    return form


def _hand_over(
    person: Person,
    form: HandOverForm,
    belongings: Sequence[Belonging],
    role: str | None = None,
    problem: str | None = None,
) -> str:
    """The page that asks who takes over; with a role, before that, else before the account goes."""
    return render_template(
        "accounts/hand_over.html",
        one=person,
        form=form,
        belongings=belongings,
        role=role,
        problem=problem,
    )


def _as(role: str) -> str:
    return f"{'a' if role not in (ADMIN, OBSERVER) else 'an'} {ROLE_WORDS[role].lower()}"
