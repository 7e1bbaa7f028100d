"""Setting up, signing in and out, choosing a password, one's own profile."""

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app.access import me, public
from app.accounts.blueprint import blueprint
from app.accounts.forms import (
    ChangePasswordForm,
    NameForm,
    SetupForm,
    SignInForm,
    WelcomeForm,
)
from app.accounts.models import ADMIN, Person
from app.accounts.password_links import open_link, use_link
from app.accounts.setup import is_set_up, make_workspace
from app.accounts.signing_in import START, begin_session, end_session, local_path, person_with
from app.db import db
from app.htmx import see_other


@blueprint.route("/setup", methods=["GET", "POST"])
@public
def setup() -> ResponseReturnValue:
    if is_set_up():
        return _already_set_up()
    form = SetupForm(request.form)
    if request.method != "POST":
        return render_template("accounts/setup.html", form=form)
    if not form.validate():
        return render_template("accounts/setup.html", form=form), 422
    admin = Person(name=form.name.data, email=form.email.data, role=ADMIN)
    admin.choose_password(form.password.data or "")
    try:
        make_workspace(form.workspace_name.data or "", form.time_zone.data)
        db.session.add(admin)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return _already_set_up()
    begin_session(admin)
    return redirect(START, code=303)


def _already_set_up() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(START, code=303)
    flash("Tally is set up already. Sign in, or ask an admin for an account.")
    return see_other("accounts.sign_in")


@blueprint.route("/login", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    target = local_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target, code=303)
    if not is_set_up():
        return see_other("accounts.setup")
    form = SignInForm(request.form)
    if request.method != "POST":
        return render_template("accounts/sign_in.html", form=form, target=target)
    person = person_with(form.email.data or "", form.password.data or "")
    if person is None:
        problem = "That email and password do not go together. Check both and try again."
        return (
            render_template("accounts/sign_in.html", form=form, target=target, problem=problem),
            422,
        )
    begin_session(person)
    return redirect(target, code=303)


@blueprint.post("/logout")
def sign_out() -> ResponseReturnValue:
    end_session()
    flash("You are signed out.")
    return see_other("accounts.sign_in")


@blueprint.route("/welcome/<token>", methods=["GET", "POST"])
@public
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
    db.session.commit()
    begin_session(link.person)
    flash("Your password is set.")
    return redirect(START, code=303)


@blueprint.route("/profile", methods=["GET", "POST"])
def profile() -> ResponseReturnValue:
    person = me()
    if request.method != "POST":
        return _profile(NameForm(obj=person), ChangePasswordForm(None, person))
    form = NameForm(request.form)
    if not form.validate():
        return _profile(form, ChangePasswordForm(None, person), 422)
    person.name = form.name.data or ""
    db.session.commit()
    flash("Your name is saved.")
    return see_other("accounts.profile")


@blueprint.post("/profile/password")
def change_password() -> ResponseReturnValue:
    person = me()
    form = ChangePasswordForm(request.form, person)
    if not form.validate():
        return _profile(NameForm(obj=person), form, 422)
    person.choose_password(form.new_password.data or "")
    db.session.commit()
    begin_session(person)
    flash("Your password is changed. Sessions on other devices have ended.")
    return see_other("accounts.profile")


def _profile(
    name: NameForm, password: ChangePasswordForm, status: int = 200
) -> ResponseReturnValue:
    return render_template("accounts/profile.html", name=name, password=password), status
