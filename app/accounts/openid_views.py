"""Signing in by OpenID Connect: to the provider, back from it, and unbinding an account."""

import logging
from typing import TYPE_CHECKING

from flask import abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app.access import public, require_admin
from app.accounts.blueprint import blueprint
from app.accounts.openid.admission import HOW, person_for, unbind
from app.accounts.openid.chosen import provider
from app.accounts.openid.identity import Identity
from app.accounts.openid.troubles import OVER, OpenIdFailed, Trouble
from app.accounts.people import hold_person
from app.accounts.setup import is_set_up
from app.accounts.signing_in import begin_session, local_path
from app.audit.log import record
from app.db import db
from app.guessing import slow_openid
from app.htmx import see_other

if TYPE_CHECKING:
    from app.accounts.openid.provider import Provider

log = logging.getLogger(__name__)


@blueprint.get("/login/openid")
@public
@slow_openid
def openid_sign_in() -> ResponseReturnValue:
    """A link and no form leads here: the CSP lets no form lead to another site."""
    asked = _provider()
    target = local_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target, code=303)
    if not is_set_up():
        return see_other("accounts.setup")
    from app.accounts.openid.flow import begin  # here, as in chosen.py

    try:
        return redirect(begin(asked, target))
    except OpenIdFailed as failure:
        return _failed(failure)


@blueprint.get("/login/openid/callback")
@public
@slow_openid
def openid_callback() -> ResponseReturnValue:
    asked = _provider()
    from app.accounts.openid.flow import complete  # here, as in chosen.py

    try:
        identity, pending = complete(asked, request.args)
        trouble = _let_in(identity)
    except OpenIdFailed as failure:
        return _failed(failure)
    return _told(trouble) if trouble else redirect(local_path(pending.target), code=303)


@blueprint.post("/admin/people/<int:person_id>/unbind")
def unbind_person(person_id: int) -> ResponseReturnValue:
    person = hold_person(require_admin(), person_id)
    if person.oidc_subject is None:
        flash(f"{person.name}'s account is bound to no sign-in, so nothing was changed.")
        return see_other("accounts.show_person", person_id=person_id)
    unbind(person)
    db.session.commit()
    flash(f"{person.name} is signed out, and bound anew at the next sign-in.", "success")
    return see_other("accounts.show_person", person_id=person_id)


def _provider() -> "Provider":
    found = provider()
    if found is None:
        abort(404)
    return found


def _let_in(identity: Identity) -> Trouble | None:
    """Begin the session of whoever this is; else why not. Commits; raises OpenIdFailed."""
    try:
        with db.writing():
            found = person_for(identity)
            if isinstance(found, Trouble):
                return found
            begin_session(found)
            record("person.signed_in", by=found, how=HOW)
    except IntegrityError as error:
        raise OpenIdFailed(OVER, "the subject was bound at the same moment") from error
    return None


def _failed(failure: OpenIdFailed) -> ResponseReturnValue:
    log.warning("A sign-in by OpenID Connect failed: %s", failure.reason)
    return _told(failure.trouble)


def _told(trouble: Trouble) -> ResponseReturnValue:
    return render_template("accounts/openid_failed.html", trouble=trouble), trouble.status
