"""The first ten minutes: each page of an empty workspace leads to what comes next."""

import pytest
from flask import Flask

from app.accounts.models import ADMIN, MEMBER, OBSERVER, Workspace
from app.db import db
from app.okrs.integrations import switch
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person
from tests.trello.linked import make_connection

SET_UP = {
    "name": "Anna Berg",
    "email": "anna@example.com",
    "password": "nine lives and one",
    "workspace_name": "Berg & Co",
    "time_zone": "Europe/Berlin",
}
NEXT = {
    "/": {
        ADMIN: {
            "/admin/integrations",
            "/objectives/new",
            "/okrs",
            "/admin/people",
            "/admin/import",
        },
        MEMBER: {"/objectives/new", "/okrs"},
        OBSERVER: {"/okrs"},
    },
    "/okrs": {
        ADMIN: {"/objectives/new?cycle=1"},
        MEMBER: {"/objectives/new?cycle=1"},
        OBSERVER: {"/okrs?cycle=all"},
    },
    "/okrs/tree": {
        ADMIN: {"/objectives/new?cycle=1"},
        MEMBER: {"/objectives/new?cycle=1"},
        OBSERVER: {"/okrs/tree?cycle=all"},
    },
    "/teams": {ADMIN: {"/teams/new"}, MEMBER: {"/okrs"}, OBSERVER: {"/okrs"}},
    "/connections": {ADMIN: {"/admin/integrations"}, MEMBER: {"/okrs?owner=me"}, OBSERVER: set()},
    "/admin/connections": {ADMIN: {"/admin/integrations/trello"}},
    "/admin/integrations/trello": {ADMIN: {"/admin/integrations"}},
    "/admin/sync": {ADMIN: {"/okrs"}},
}
"""Where what stands in an empty place of a page leads, for whom."""


def led_to(page: Page) -> set[str]:
    return {link["href"] for link in page.all("main .empty a")}


@pytest.mark.parametrize("role", [ADMIN, MEMBER, OBSERVER])
def test_empty_pages_lead_on_to_what_each_may_do(
    app: Flask, client: Client, workspace: Workspace, role: str
) -> None:
    make_person("Ben Dahl")
    client.sign_in(make_person("Anna Berg", role))
    for address, leads in NEXT.items():
        if role not in leads:
            assert client.get(address).status_code == 403, address
            continue
        page = client.page(address)
        assert led_to(page) == leads[role], address
        for link in led_to(page):
            assert client.get(link).status_code == 200, f"{address} leads {role} to {link}"
    words = client.page("/cycles").one("main").text
    assert ("Admins add others." in words) == (role != ADMIN)


def test_setup_leads_to_the_first_connection_and_the_first_link(client: Client) -> None:
    home = client.follow(client.post("/setup", SET_UP))
    assert led_to(home) == NEXT["/"][ADMIN] - {"/okrs"}  # nobody else is there yet
    integrations = client.page(home.all("main .empty a")[0]["href"])
    enabled = client.follow(client.submit(integrations, "Enable"))
    assert "Trello enabled. Go on with “Manage”." in enabled.one("#flashes").text
    needs = {need.one("h3").text: need for need in client.page("/").all(".needs li")}
    need = needs["Trello is enabled, but has no key yet"]
    keys_page = enabled.one("main a.button.main")["href"]
    assert need.one("a")["href"] == keys_page
    assert client.page("/connections").one("main .empty a")["href"] == keys_page
    manage = client.page(keys_page)
    assert "Enter a key and a secret first." in manage.one("main .empty").text
    keys = {"api_key": "0" * 32, "api_secret": "1" * 64}
    manage = client.follow(client.submit(manage, "Save", keys))
    assert "Connect the first with “New connection”." in manage.one("main .empty").text
    assert manage.one("main a.button.main[data-popup]")["href"] == "/connections/trello/new"
    assert "has no key yet" not in client.page("/").text

    form = client.page(client.page("/").all("main .empty a")[0]["href"])
    objective = client.follow(client.submit(form, "Save", {"title": "People find us"}))
    assert client.page("/").one("main p.quiet a")["href"] == "/objectives/1"
    form = client.page(objective.one("#key-results .empty a")["href"])
    changes = {"title": "Publish posts", "measure": "percent"}
    key_result = client.follow(client.submit(form, "Save", changes))
    links = [link["href"] for link in key_result.all("#standing p.quiet a")]
    assert links == ["/key-results/1/check-in", "/key-results/1/edit#source"]
    edit = client.page(links[1].partition("#")[0])
    assert edit.one("#source button[value=connect]")


def test_a_member_is_told_what_trello_lacks(
    app: Flask, client: Client, workspace: Workspace
) -> None:
    anna, ben = make_person("Anna Berg", ADMIN), make_person("Ben Dahl", MEMBER)
    client.sign_in(ben)
    assert "An admin has to enable Trello first." in client.page("/connections").text
    with app.app_context():
        switch("trello", True, anna)
        db.session.commit()
    assert "An admin has to give Trello a key first." in client.page("/connections").text
    assert not client.page("/").all(".needs li")


def test_the_first_connection_leads_to_the_first_link(
    app: Flask, client: Client, workspace: Workspace
) -> None:
    anna = make_person("Anna Berg", ADMIN)
    with app.app_context():
        switch("trello", True, anna)
        make_connection(anna)
        db.session.commit()
    client.sign_in(anna)
    page = client.page("/admin/integrations/trello")
    assert page.one("main p.more a")["href"] == "/objectives/new"
