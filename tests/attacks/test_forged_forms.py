"""CSRF: a page of another site makes a signed-in browser send a form, or open an address."""

import pytest
from flask import Flask

from app.accounts.models import Person
from tests.attacks.world import World, everything, is_for_machines, rules
from tests.support.client import Client

LEFT_OUT = ("audit_entry",)
"""That something was looked at may be put down."""


@pytest.mark.parametrize("token", ["none", "made up", "of another browser"])
def test_no_form_works_without_this_browsers_token(
    app: Flask, admin: Client, owner: Client, world: World, token: str
) -> None:
    tokens = {"none": {}, "made up": {"csrf_token": "x"}}
    form = tokens.get(token, {"csrf_token": owner.token()})
    before = everything()
    for rule, method in rules(app, changing=True):
        if is_for_machines(app, rule):
            continue
        for htmx in (False, True):
            answer = admin.send(method, world.path(rule), data=form, htmx=htmx)
            assert answer.status_code == 400, f"{method} {rule} answers {answer.status}"
            assert "This page is no longer valid" in answer.text
    assert everything() == before


def test_no_form_works_with_a_token_in_the_address(app: Flask, admin: Client, world: World) -> None:
    """Addresses leak: by logs, by history, by what is pasted."""
    before = everything()
    for rule, method in rules(app, changing=True):
        if not is_for_machines(app, rule):
            answer = admin.send(
                method, world.path(rule), query_string={"csrf_token": admin.token()}
            )
            assert answer.status_code == 400, f"{method} {rule} answers {answer.status}"
    assert everything() == before


def test_no_address_changes_anything_by_being_opened(
    app: Flask, admin: Client, owner: Client, world: World
) -> None:
    admin.page("/")  # whoever looks first finds the present cycles made
    before = everything(LEFT_OUT)
    for rule, method in rules(app, changing=False):
        for client in (admin, owner):
            client.send(method, world.path(rule))
            assert everything(LEFT_OUT) == before, f"{method} {rule} changed something"


def test_only_post_changes_anything(app: Flask) -> None:
    """Browsers send a POST across sites only by a form, which the token stops."""
    assert {method for _, method in rules(app, changing=True)} == {"POST"}


def test_another_site_cannot_sign_a_browser_in(app: Flask, client: Client, alice: Person) -> None:
    """Else the victim would work in the attacker's account without noticing."""
    form = {"email": alice.email, "password": "correct horse battery"}
    assert client.send("POST", "/login", data=form).status_code == 400
    assert client.get("/profile").status_code == 302
