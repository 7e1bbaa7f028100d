"""Line breaks that would end a header, dots that would leave a folder, ways off the site."""

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.accounts.models import Person
from tests.attacks.world import World, rules
from tests.support.client import Client
from tests.support.people import PASSWORD

APP = Path(__file__).resolve().parent.parent.parent / "app"
BROKEN = "x\r\nSet-Cookie: planted=1\r\nX-Planted: 1\r\n\r\n<script>planted()</script>"
HOSTILE = (
    BROKEN,
    "\0",
    "../../../etc/passwd",
    "..\\..\\app\\config.py",
    '"><script>planted()</script>',
    "javascript:planted()",
    "{{7*7}}${7*7}%s%n",
    "' OR 1=1 --",
    "-1",
    "9" * 40,
    "NaN",
    "\u202e\ud7ff\U0010ffff",
)
ARGUMENT = re.compile(
    r"args\.get(?:list)?\(\s*\"([\w-]+)\"|args\[\"([\w-]+)\"|id_from_query\(\"([\w-]+)\""
)


def argument_names() -> list[str]:
    """Everything that any view reads from its address."""
    texts = [path.read_text(encoding="utf-8") for path in APP.rglob("*.py")]
    found = {next(filter(None, match)) for text in texts for match in ARGUMENT.findall(text)}
    assert {"next", "measures", "cycle"} <= found
    return sorted(found)


def assert_harmless(answer: TestResponse, where: str) -> None:
    assert answer.status_code < 500 or "readyz" in where, f"{where} answers {answer.status}"
    assert "X-Planted" not in answer.headers, where
    assert "planted" not in "".join(answer.headers.getlist("Set-Cookie")), where
    for value in answer.headers.values():
        assert "\r" not in value and "\n" not in value, where
    if answer.mimetype == "text/html":
        assert "<script>planted" not in answer.text, where
        assert 'href="javascript' not in answer.text, where


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_in_an_address_is_obeyed(
    app: Flask, admin: Client, world: World, hostile: str
) -> None:
    names = argument_names()
    for rule, method in rules(app, changing=False):
        answer = admin.send(method, world.path(rule), query_string=dict.fromkeys(names, hostile))
        assert_harmless(answer, f"{method} {rule}")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_in_a_path_is_obeyed(app: Flask, admin: Client, world: World, hostile: str) -> None:
    odd = World(world.owner, world.ids, dict.fromkeys(world.texts, hostile))
    for rule, method in rules(app):
        if rule.arguments & odd.texts.keys():
            answer = admin.send(method, odd.path(rule), data={"csrf_token": admin.token()})
            assert_harmless(answer, f"{method} {rule}")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_in_a_form_is_obeyed(app: Flask, admin: Client, world: World, hostile: str) -> None:
    """Names end up in messages, in headings, in file names and in redirects."""
    pages = [f"/objectives/{world.ids['objective_id']}/edit", "/objectives/new", "/cycles"]
    for path in (*pages, "/profile", "/admin/people"):
        names = {field["name"] for field in admin.page(path).all("[name]")} - {"csrf_token"}
        answer = admin.post(path, dict.fromkeys(names, hostile))
        assert_harmless(answer, path)
        if answer.status_code == 303:
            assert_harmless(admin.get(answer.headers["Location"]), path)


@pytest.mark.parametrize("header", ["User-Agent", "Referer", "HX-Request", "HX-Target", "Accept"])
def test_nothing_in_a_header_is_obeyed(admin: Client, world: World, header: str) -> None:
    for hostile in ('"><script>planted()</script>', "{{7*7}}", "\xff\xfe", "x" * 5000):
        answer = admin.send("GET", "/profile", headers={header: hostile})
        assert_harmless(answer, header)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app/config.py",
        "/static/..%2fapp/config.py",
        "/static/%2e%2e/app/config.py",
        "/static/..\\app\\config.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/vendor/../../pyproject.toml",
        "/static/",
        "/../../etc/passwd",
    ],
)
def test_no_path_leaves_the_static_files(client: Client, workspace: object, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (302, 308, 404), answer.status
    assert "root:" not in answer.text and "[project]" not in answer.text
    assert not answer.headers.get("Location", "/").startswith(("//", "http"))


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/\t//evil.example", BROKEN],
)
def test_no_sign_in_leads_off_the_site(client: Client, bob: Person, target: str) -> None:
    """More of them in tests/accounts/test_sign_in.py."""
    answer = client.post(
        "/login", {"email": bob.email, "password": PASSWORD}, query_string={"next": target}
    )
    assert answer.headers["Location"] == "/"
    assert_harmless(answer, target)
