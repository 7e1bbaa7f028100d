"""Forgotten passwords: asking for a link by mail, whoever one is."""

from flask import current_app, flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import public
from app.accounts.blueprint import blueprint
from app.accounts.forms import ForgottenPasswordForm
from app.accounts.resets import ask_reset
from app.accounts.setup import is_set_up
from app.accounts.ways_in import with_passwords
from app.config import Config
from app.db import db
from app.guessing import slow_reset
from app.htmx import see_other

SENT = "If there is an account with this email, a link is on its way to it. It works for 2 hours."
"""Said whether there is such an account or not."""


def _too_often(sentence: str) -> ResponseReturnValue:
    form = ForgottenPasswordForm(request.form)
    form.email.errors = [sentence]
    return _page(form)


@blueprint.route("/forgot-password", methods=["GET", "POST"])
@public
@slow_reset(answer=_too_often)
@with_passwords
def forgot_password() -> ResponseReturnValue:
    if not is_set_up():
        return see_other("accounts.setup")
    if request.method != "POST" or not _is_mailed():
        return _page(ForgottenPasswordForm())
    form = ForgottenPasswordForm(request.form)
    if not form.validate():
        return _page(form, 422)
    ask_reset(form.email.data or "")
    db.session.commit()
    flash(SENT)
    return see_other("accounts.sign_in")


def _page(form: ForgottenPasswordForm, status: int = 200) -> ResponseReturnValue:
    page = render_template("accounts/forgot_password.html", form=form, is_mailed=_is_mailed())
    return page, status


def _is_mailed() -> bool:
    config: Config = current_app.extensions["tally_config"]
    return config.sends_mail
