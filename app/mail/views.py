"""One's own mail: what one gets, and turning it off by the link in a mail."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import for_machines, for_observers, found, me, public
from app.audit.log import record
from app.db import db
from app.htmx import see_other
from app.mail import blueprint
from app.mail.forms import MailForm
from app.mail.unsubscribing import read_token


@blueprint.post("/profile/mail")
@for_observers
def change_mail() -> ResponseReturnValue:
    person = me()
    form = MailForm(request.form)
    if not form.validate():
        flash("Choose the day and the hour from the lists.", "error")
        return see_other("accounts.profile", _anchor="mail")
    changed = form.save(person)
    if changed:
        record("mail.changed", "person", person.id, person.name, by=person, **changed)
    db.session.commit()
    flash("Your mail is saved.", "success")
    return see_other("accounts.profile", _anchor="mail")


@blueprint.get("/unsubscribe/<string:token>")
@public
def show_unsubscribe(token: str) -> ResponseReturnValue:
    """Changes nothing: programs that look for harm in mail open every link."""
    person, kind = found(read_token(token))
    is_on = kind.is_wanted_by(person)
    return render_template("mail/unsubscribe.html", kind=kind, is_on=is_on)


@blueprint.post("/unsubscribe/<string:token>")
@for_machines
def unsubscribe(token: str) -> ResponseReturnValue:
    """For the button of a mail program, which knows no cookie (RFC 8058), and for that of the page.

    The token says who it is, so a page elsewhere that sends people here gains nothing.
    """
    person, kind = found(read_token(token))
    if kind.is_wanted_by(person):
        with db.writing():
            setattr(person, kind.wish or "", False)
            record(
                "mail.changed", "person", person.id, person.name, by=person, **{kind.name: "off"}
            )
    return render_template("mail/unsubscribe.html", kind=kind, is_on=False)
