"""Setting up, choosing a password, one's own profile."""

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from app.access import for_observers, hold_me, me, public
from app.accounts.blueprint import blueprint
from app.accounts.forms import (
    ChangePasswordForm,
    ProfileForm,
    SetupForm,
    WelcomeForm,
)
from app.accounts.models import ADMIN, Person, hash_password
from app.accounts.password_links import open_link, use_link, withdraw_links
from app.accounts.sessions import end_sessions, open_sessions
from app.accounts.setup import is_set_up, make_workspace
from app.accounts.signing_in import START, begin_session
from app.accounts.ways_in import has_passwords, openid_name, with_passwords
from app.audit.log import record
from app.db import db
from app.edited_forms import Edited, edited
from app.guessing import slow_links, slow_password_change, slow_setup
from app.htmx import see_other
from app.merging import Thing


@blueprint.route("/setup", methods=["GET", "POST"])
@public
@slow_setup
def setup() -> ResponseReturnValue:
    if is_set_up():
        return _already_set_up()
    form = SetupForm(request.form)
    if not has_passwords():
        del form.password
    if request.method != "POST":
        return render_template("accounts/setup.html", form=form)
    if not form.validate():
        return render_template("accounts/setup.html", form=form), 422
    admin = Person(name=form.name.data, email=form.email.data, role=ADMIN)
    if form.password:
        admin.choose_password(form.password.data or "")
    try:
        make_workspace(form.workspace_name.data or "", form.time_zone.data)
        db.session.add(admin)
        db.session.flush()  # the session needs the id, and a set-up that was faster shows here
    except IntegrityError:
        db.session.rollback()
        return _already_set_up()
    record("workspace.set_up", by=admin)
    if not has_passwords():  # who it is they have yet to show
        db.session.commit()
        flash(f"Tally is set up. Sign in with {openid_name()}, as {admin.email}.")
        return see_other("accounts.sign_in")
    begin_session(admin)
    db.session.commit()
    return redirect(START, code=303)


def _already_set_up() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(START, code=303)
    flash("Tally is set up already. Sign in, or ask an admin for an account.")
    return see_other("accounts.sign_in")


@blueprint.route("/welcome/<token>", methods=["GET", "POST"])
@public
@slow_links
@with_passwords
def choose_password(token: str) -> ResponseReturnValue:
    link = open_link(token)
    if link is None:
        return render_template("accounts/link_closed.html"), 404
    form = WelcomeForm(request.form, link.person)
    if request.method != "POST":
        return render_template("accounts/welcome.html", form=form, link=link)
    if not form.validate():
        return render_template("accounts/welcome.html", form=form, link=link), 422
    if not use_link(link, form.password.data or ""):
        return render_template("accounts/link_closed.html"), 404
    end_sessions(link.person)
    begin_session(link.person)
    record("password.chosen", by=link.person)
    db.session.commit()
    flash("Your password is set.")
    return redirect(START, code=303)


@blueprint.route("/profile", methods=["GET", "POST"])
@for_observers
def profile() -> ResponseReturnValue:
    sent = request.form if request.method == "POST" else None
    if sent is None:
        return _profile(_edited_profile(me(), None), ChangePasswordForm(None, me()))
    person = hold_me(to_change=True)
    met = _edited_profile(person, sent)
    if not met.may_be_saved():
        return _profile(met, ChangePasswordForm(None, person), 422)
    _save_profile(person, met.form.name.data or "", met.form.time_zone.data or None)
    db.session.commit()
    met.merge.flash_kept()
    flash("Your profile is saved.")
    return see_other("accounts.profile")


def _edited_profile(person: Person, sent: MultiDict[str, str] | None) -> Edited[ProfileForm]:
    parts = {"name": ("person.renamed",), "time_zone": ("person.zone_changed",)}
    thing = Thing("person", person.id, parts)
    return edited(thing, sent, lambda typed: ProfileForm(typed, obj=person))


def _save_profile(person: Person, name: str, time_zone: str | None) -> None:
    if name != person.name:
        record("person.renamed", "person", person.id, person.name, before=person.name, after=name)
    if time_zone != person.time_zone:
        before, after = (zone or "as the workspace" for zone in (person.time_zone, time_zone))
        record("person.zone_changed", "person", person.id, name, before=before, after=after)
    person.name, person.time_zone = name, time_zone


def _too_many_passwords(sentence: str) -> ResponseReturnValue:
    person = me()
    form = ChangePasswordForm(None, person)
    form.current_password.errors = [sentence]
    return _profile(_edited_profile(person, None), form)


@blueprint.post("/profile/password")
@for_observers
@slow_password_change(answer=_too_many_passwords)
@with_passwords
def change_password() -> ResponseReturnValue:
    form = ChangePasswordForm(request.form, me())
    if not form.validate():
        return _profile(_edited_profile(me(), None), form, 422)
    password_hash = hash_password(form.new_password.data or "")
    person = hold_me(to_change=True)  # both checks were slow
    person.choose_hashed(password_hash)
    withdraw_links(person)
    end_sessions(person)
    begin_session(person)
    record("password.changed", by=person)
    db.session.commit()
    flash("Your password is changed. You are signed out everywhere else.")
    return see_other("accounts.profile")


def _profile(
    met: Edited[ProfileForm], password: ChangePasswordForm, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "accounts/profile.html",
        form=met.form,
        merge=met.merge,
        password=password,
        sessions=open_sessions(me()),
    )
    return page, status
