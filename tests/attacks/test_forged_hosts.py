"""The Host header, which a stranger may write: no link made here leads where it says."""

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from app.accounts.models import Person
from app.config import Config
from app.db import db
from app.security import site_origin
from tests.support.client import Client

EVIL = {"Host": "evil.example"}
AS_FORWARDED = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}


@pytest.fixture
def public(config: Config) -> Iterator[Flask]:
    """A site whose address is known, behind https."""
    app = create_app(dataclasses.replace(config, public_url="https://tally.example.com"))
    app.testing = True
    yield app
    db.session.remove()
    db.engine.dispose()


def link_made(client: Client, **options: object) -> str:
    form = {"name": "Nils Berg", "email": "nils@example.com", "role": "member"}
    return client.post("/admin/people", form, **options).text


def test_a_site_that_knows_its_address_answers_to_no_other_name(public: Flask, bob: Person) -> None:
    client = Client(public)
    client.sign_in(bob)
    for host in ("evil.example", "tally.example.com.evil.example", "evil.example:443", "[", "a@b"):
        for path in ("/", "/login", "/nowhere", "/static/app.js"):
            answer = client.send("GET", path, headers={"Host": host})
            assert answer.status_code == 421, f"{host}{path}"
            assert "evil" not in answer.text
    for host in ("tally.example.com", "TALLY.example.com:443", "127.0.0.1:8000", "localhost"):
        assert client.send("GET", "/login", headers={"Host": host}).status_code < 400, host


def test_machines_ask_how_it_is_under_any_name(public: Flask, workspace: object) -> None:
    answer = Client(public).send("GET", "/healthz", headers={"Host": "web:8000"})
    assert answer.status_code == 200


def test_links_lead_to_the_known_address(public: Flask, alice: Person) -> None:
    client = Client(public)
    client.sign_in(alice)
    headers = AS_FORWARDED | {"Referer": "https://localhost/admin/people"}
    page = link_made(client, headers=headers, base_url="https://localhost")
    assert "https://tally.example.com/welcome/" in page
    assert "evil.example" not in page


def test_without_a_known_address_a_link_is_for_the_browser_that_asks(
    app: Flask, client: Client, alice: Person
) -> None:
    """The name is what that browser reached; nobody else can make it send another one."""
    client.sign_in(alice)
    assert "http://localhost/welcome/" in link_made(client, headers=AS_FORWARDED)
    with app.test_request_context(headers=EVIL), pytest.raises(RuntimeError, match="PUBLIC_URL"):
        site_origin()


def test_proxies_are_believed_only_as_many_as_there_are(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    headers = AS_FORWARDED | {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    client.send("GET", "/profile", headers=headers)
    client.post("/login", {"email": "bob@example.com"}, headers=headers)
    assert "203.0.113.9" not in client.page("/profile").html


def test_no_redirect_names_a_host(client: Client, workspace: object) -> None:
    for path in ("/", "/profile", "/okrs/", "/nowhere/", "/okrs//", "/static//app.js"):
        answer = client.send("GET", path, headers=EVIL)
        assert answer.headers.get("Location", "/").startswith("/")
        assert "evil.example" not in answer.text
