"""Errors: a sentence and a way on, as a page of their own or for htmx in the page at hand."""

from contextlib import suppress

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from app.db import db
from app.htmx import is_htmx, stay
from app.outages import UNREACHABLE, outage_behind
from app.security import HTMX_HASH, HTMX_URL

_SENTENCES = {
    400: ("That request could not be read", "Go back, reload the page and try again."),
    403: ("You may not do that", "Ask its owner or an admin."),
    404: ("There is nothing here", "It may have been deleted, or it is not shared with you."),
    405: ("That is not how this works", "Go back and use the button on the page."),
    413: ("That is more than fits", "Shorten what you typed and save again."),
    414: ("That address is too long", "Go back and choose less at a time."),
    421: ("This is not where Tally is", "Ask your admin for its address."),
    422: ("That can't be done", "Go back, reload the page and try again."),
    429: ("That was too often", "Wait a minute and try again."),
    500: ("Something went wrong on our side", "Nothing was saved. Try again in a moment."),
}
_OTHER = ("That did not work", "Go back and try again.")


def init_errors(app: Flask) -> None:
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(CSRFError, _expired)


def _answer(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    if code >= 500:
        db.session.rollback()  # after a failed statement it would refuse what the page asks for
        outage = outage_behind(getattr(error, "original_exception", None))
        if outage is not None:
            # A page's frame needs the database too: whoever waited for it need not do so twice.
            is_bare = outage is UNREACHABLE
            if not is_bare:
                with suppress(SQLAlchemyError):
                    db.read_on()
            return _render(outage.status, outage.title, outage.remedy, is_bare=is_bare)
    title, remedy = _SENTENCES.get(code, _OTHER)
    return _render(code, title, getattr(error, "remedy", remedy))


def _expired(error: CSRFError) -> ResponseReturnValue:
    return _render(
        400,
        "This page is no longer valid",
        "You may have signed in or out in another tab. "
        + ("Copy" if is_htmx() else "Go back, copy")
        + " what you typed, reload the page and try again.",
    )


def _render(code: int, title: str, remedy: str, *, is_bare: bool = False) -> ResponseReturnValue:
    if is_htmx() and request.method != "GET":
        return stay(_rendered("errors/_message.html", title, remedy, is_bare), code)
    # What htmx only reads gives way to the sentence, and so does not go on asking for itself.
    template = "errors/_error.html" if is_htmx() else "errors/error.html"
    return _rendered(template, title, remedy, is_bare), code


def _rendered(template: str, title: str, remedy: str, is_bare: bool) -> str:
    if not is_bare:
        with suppress(SQLAlchemyError):  # it went away only now
            return render_template(template, title=title, remedy=remedy)
    bare = {"person": None, "request": request, "htmx_url": HTMX_URL, "htmx_hash": HTMX_HASH}
    page = current_app.jinja_env.get_template(template)
    return page.render(bare, title=title, remedy=remedy)
