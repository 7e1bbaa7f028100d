"""A browser for tests: signs in without the form, sends CSRF tokens, checks every page."""

import secrets
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from app.accounts.models import Person, PersonSession, hash_token
from app.db import db
from tests.support.html import Page


class Client:
    """One browser. Paths are local; nothing follows redirects unless asked to."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.flask = app.test_client()

    def sign_in(self, person: Person) -> None:
        """Be this person from now on, as after the sign-in form."""
        token = secrets.token_hex(16)
        db.session.add(PersonSession(person_id=person.id, token_hash=hash_token(token)))
        db.session.commit()
        with self.flask.session_transaction() as session:
            session.clear()
            session["_user_id"] = person.get_id()
            session["_fresh"] = True
            session["token"] = token

    def sign_out(self) -> None:
        with self.flask.session_transaction() as session:
            session.clear()

    def token(self) -> str:
        """The CSRF token that a form in this browser would carry now."""
        with self.flask.session_transaction() as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        signer = URLSafeTimedSerializer(self.app.config["SECRET_KEY"], salt="wtf-csrf-token")
        return str(signer.dumps(raw))

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.send("GET", path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form, with the CSRF token put in."""
        return self.send("POST", path, data={"csrf_token": self.token()} | (data or {}), **options)

    def send(self, method: str, path: str, htmx: bool = False, **options: Any) -> TestResponse:
        """A request as it is: no token, no check. With htmx=True it asks for a part of a page."""
        if htmx:
            options["headers"] = {"HX-Request": "true"} | dict(options.get("headers") or {})
        db.session.remove()  # what the test has read must not stand in for what the view reads
        with self.app.app_context():  # of its own, also where the test is in one already
            return self.flask.open(path, method=method, buffered=True, **options)

    def page(self, path: str, status: int = 200, **options: Any) -> Page:
        """Get a whole page, check its HTML, and return it parsed."""
        return self.see(self.get(path, **options), status)

    def see(self, response: TestResponse, status: int = 200) -> Page:
        """The page that an answer holds, checked and parsed."""
        assert response.status_code == status, _wrong(response, status)
        page = Page(response.text, response.request.full_path.rstrip("?"))
        page.check()
        return page

    def fragment(self, path: str, status: int = 200, **options: Any) -> Page:
        """Get a part of a page as htmx would, checked as far as a part can be."""
        return self.see_fragment(self.get(path, htmx=True, **options), status)

    def see_fragment(self, response: TestResponse, status: int = 200) -> Page:
        assert response.status_code == status, _wrong(response, status)
        part = Page(response.text, response.request.full_path.rstrip("?"))
        part.check_fragment()
        return part

    def submit(
        self, page: Page, button: str, changes: dict[str, Any] | None = None, **options: Any
    ) -> TestResponse:
        """Fill in the form that holds this button and press it, as a browser would.

        Changes are by field name; None leaves a field out, a list sends several values.
        """
        form = page.form_with(button)
        pressed = form.button(button)
        data = form.values() | {pressed.get("name"): pressed.get("value")} | (changes or {})
        data = {name: value for name, value in data.items() if name and value is not None}
        path = form.action or page.path
        if form.method == "get":
            return self.get(path, query_string=data, **options)
        return self.send("POST", path, data=data, **options)

    def follow(self, response: TestResponse, status: int = 200) -> Page:
        """The page that a redirect leads to."""
        assert response.status_code in (302, 303), _wrong(response, 303)
        return self.page(response.headers["Location"], status)


def _wrong(response: TestResponse, expected: int) -> str:
    where = response.headers.get("Location", "")
    return f"expected {expected}, got {response.status} {where}\n{response.text[:2000]}"
