"""Signing in and out, and ending sessions on other devices."""

from flask import abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.access import by_id, for_observers, me, public
from app.accounts.blueprint import blueprint
from app.accounts.forms import SignInForm
from app.accounts.models import PersonSession
from app.accounts.sessions import browser_words, end_session_of, end_sessions, present_session
from app.accounts.setup import is_set_up
from app.accounts.signing_in import (
    begin_session,
    end_session,
    local_path,
    person_with,
    record_refusal,
)
from app.accounts.ways_in import has_passwords
from app.audit.log import record
from app.db import db
from app.guessing import slow_sign_in
from app.htmx import see_other


def _sign_in_again(problem: str) -> ResponseReturnValue:
    """The form with what was typed, save the password."""
    page = render_template(
        "accounts/sign_in.html",
        form=SignInForm(request.form),
        target=local_path(request.args.get("next")),
        problem=problem,
    )
    return page, 422


@blueprint.route("/login", methods=["GET", "POST"])
@public
@slow_sign_in(answer=_sign_in_again)
def sign_in() -> ResponseReturnValue:
    target = local_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target, code=303)
    if not is_set_up():
        return see_other("accounts.setup")
    form = SignInForm(request.form)
    if request.method != "POST":
        return render_template("accounts/sign_in.html", form=form, target=target)
    if not has_passwords():
        abort(404)
    email = form.email.data or ""
    person = person_with(email, form.password.data or "")
    if person is None:
        record_refusal(email)
        db.session.commit()
        return _sign_in_again(
            "That email and password do not go together. Check both and try again."
        )
    begin_session(person)
    record("person.signed_in", by=person)
    db.session.commit()
    return redirect(target, code=303)


@blueprint.post("/logout")
@for_observers
def sign_out() -> ResponseReturnValue:
    record("person.signed_out", by=me())
    end_session()
    db.session.commit()
    flash("You are signed out.")
    return see_other("accounts.sign_in")


@blueprint.post("/profile/sessions/<int:session_id>/end")
@for_observers
def end_one_session(session_id: int) -> ResponseReturnValue:
    if session_id == present_session():
        return sign_out()
    row = by_id(PersonSession, session_id)
    if not end_session_of(me(), row):
        abort(404)
    browser = browser_words(row.agent)
    record("session.ended", "session", row.id, browser, session_address=row.address)
    db.session.commit()
    flash(f"{browser} is signed out.")
    return see_other("accounts.profile")


@blueprint.post("/profile/sessions/end-others")
@for_observers
def end_other_sessions() -> ResponseReturnValue:
    count = end_sessions(me(), but=present_session())
    record("sessions.ended", count=count)
    db.session.commit()
    flash("You are signed out everywhere else.")
    return see_other("accounts.profile")
