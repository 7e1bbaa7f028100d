"""Uploads: the few views that take more than a form holds, and from admins alone."""

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from app.db import db

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


class FileTooLarge(RequestEntityTooLarge):
    """Says what to do about a file; what was typed is not the trouble."""

    def __init__(self, largest: int) -> None:
        super().__init__()
        self.remedy = f"A file may have {largest // (1024 * 1024)} MB. Export less at a time."


def takes_upload(largest: int) -> Callable[[View], View]:
    """Let admins send this view a file of so many bytes."""

    def mark(view: View) -> View:
        view.largest_upload = largest  # type: ignore[attr-defined]
        return view

    return mark


def init_uploads(app: Flask) -> None:
    app.before_request(_receive)


def _receive() -> None:
    """Take the file in before a transaction that may write begins: it may come slowly."""
    view = current_app.view_functions.get(request.endpoint or "")
    largest: int | None = getattr(view, "largest_upload", None)
    if largest is None or request.method != "POST":
        return
    may_send = current_user.is_authenticated and current_user.is_admin
    db.session.remove()
    g.pop("_login_user", None)  # read anew, in the transaction to come
    if not may_send:
        return
    request.max_content_length = largest
    if (request.content_length or 0) > largest:
        raise FileTooLarge(largest)
    try:
        request.files  # noqa: B018  # what reads the body
    except RequestEntityTooLarge as error:
        raise FileTooLarge(largest) from error
