"""Errors: a sentence and a way on, as a page of their own or for htmx in the page at hand."""

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app.db import db
from app.htmx import is_htmx, stay

_SENTENCES = {
    400: ("That request could not be read", "Go back, reload the page and try again."),
    403: ("You may not do that", "Ask its owner or an admin."),
    404: ("There is nothing here", "It may have been deleted, or it is not shared with you."),
    405: ("That is not how this works", "Go back and use the button on the page."),
    413: ("That is more than fits", "Shorten what you typed and save again."),
    421: ("This is not where Tally is", "Ask your admin for its address."),
    500: ("Something went wrong on our side", "Nothing was saved. Try again in a moment."),
}


def init_errors(app: Flask) -> None:
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(CSRFError, _expired)


def _answer(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    if code >= 500:
        db.session.rollback()  # after a failed statement it would refuse what the page asks for
    title, remedy = _SENTENCES.get(code, (error.name, "Go back and try again."))
    return _render(code, title, getattr(error, "remedy", remedy))


def _expired(error: CSRFError) -> ResponseReturnValue:
    return _render(
        400,
        "This page is no longer valid",
        "You may have signed in or out in another tab. Reload the page and try again.",
    )


def _render(code: int, title: str, remedy: str) -> ResponseReturnValue:
    if is_htmx() and request.method != "GET":
        return stay("errors/_message.html", code, title=title, remedy=remedy)
    # What htmx only reads gives way to the sentence, and so does not go on asking for itself.
    template = "errors/_error.html" if is_htmx() else "errors/error.html"
    return render_template(template, title=title, remedy=remedy), code
