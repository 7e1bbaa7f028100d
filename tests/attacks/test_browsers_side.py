"""What the browser is told, so that it helps: frames, scripts, cookies, caches, referrers."""

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from app.accounts.models import Person
from app.config import Config
from app.db import db
from tests.attacks.world import World, rules
from tests.support.client import Client
from tests.support.people import PASSWORD


@pytest.fixture
def behind_https(config: Config) -> Iterator[Flask]:
    app = create_app(
        dataclasses.replace(config, public_url="https://tally.example.com", trusted_proxies=1)
    )
    app.testing = True
    yield app
    db.session.remove()
    db.engine.dispose()


def directives(policy: str) -> dict[str, str]:
    return {name: rest for name, _, rest in (one.partition(" ") for one in policy.split("; "))}


def test_every_answer_says_what_a_page_may_do(app: Flask, admin: Client, world: World) -> None:
    answers = [admin.send(method, world.path(rule)) for rule, method in rules(app)]
    answers += [admin.get("/nowhere"), admin.get("/okrs", htmx=True)]
    assert {200, 303, 400, 404} <= {answer.status_code for answer in answers}
    for answer in answers:
        policy = directives(answer.headers["Content-Security-Policy"])
        assert policy["default-src"] == policy["base-uri"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["form-action"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert "unsafe" not in str(policy) and "*" not in str(policy)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert "Strict-Transport-Security" not in answer.headers


def test_nothing_but_static_files_is_kept_by_caches(
    app: Flask, admin: Client, world: World
) -> None:
    for rule, method in rules(app):
        for htmx in (False, True):
            answer = admin.send(method, world.path(rule), htmx=htmx)
            if rule.endpoint != "static":
                assert answer.headers["Cache-Control"] == "no-store", rule


def test_the_cookie_is_for_this_site_alone(client: Client, bob: Person) -> None:
    answer = client.post("/login", {"email": bob.email, "password": PASSWORD})
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    assert name == "tally_session"
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(rest.split("; "))
    assert "Domain" not in rest and "Secure" not in rest


def test_behind_https_nothing_goes_without_it(behind_https: Flask, bob: Person) -> None:
    client = Client(behind_https)
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "tally.example.com"}
    token = client.send("GET", "/login", headers=headers)
    cookie = token.headers["Set-Cookie"]
    assert cookie.startswith("__Host-tally_session=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert token.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_behind_https_a_form_has_to_come_from_this_site(behind_https: Flask, bob: Person) -> None:
    client = Client(behind_https)
    client.sign_in(bob)
    secure = {"base_url": "https://tally.example.com"}
    form = {"csrf_token": client.token(), "name": "Bobby"}
    for referrer in (None, "https://evil.example/", "http://tally.example.com/"):
        headers = {"Referer": referrer} if referrer else {}
        answer = client.send("POST", "/profile", data=form, headers=headers, **secure)
        assert answer.status_code == 400, referrer


def test_failures_tell_nothing_of_the_inside(
    app: Flask, client: Client, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.testing = False
    view = app.view_functions["okrs.list_cycles"]

    def fail() -> None:
        raise RuntimeError(f"secret of {view} in /srv/tally/app with {app.secret_key}")

    monkeypatch.setitem(app.view_functions, "okrs.list_cycles", fail)
    client.sign_in(bob)
    for htmx in (False, True):
        answer = client.get("/cycles", htmx=htmx)
        assert answer.status_code == 500
        assert "Something went wrong on our side" in answer.text
        for telling in ("RuntimeError", "secret", "/srv", "Traceback", "okrs", "werkzeug"):
            assert telling not in answer.text.replace("/okrs", ""), telling
