"""Two admins who do the same to each other at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask

from app.accounts import role_views
from app.accounts.models import Person
from tests.support.client import Client


def each_at_once(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    admins: tuple[Person, Person],
    action: str,
    typed: dict[str, Any],
) -> list[int]:
    """The status of both answers, in order of size.

    On PostgreSQL both have shown that they are admins before one goes on; SQLite lets only one
    of two changes begin.
    """
    both = Barrier(2)
    hold_person = role_views.hold_person
    meets = app.extensions["tally_config"].database_url.startswith("postgresql")

    def meet_and_hold(admin: Person, person_id: int) -> Person:
        if meets:
            both.wait(10)
        return hold_person(admin, person_id)

    monkeypatch.setattr(role_views, "hold_person", meet_and_hold)
    browsers = []
    for one, other in (admins, admins[::-1]):
        browser = Client(app)
        browser.sign_in(one)
        browsers.append((browser, f"/admin/people/{other.id}/{action}", browser.token()))

    def press(browser: Client, path: str, token: str) -> int:
        return browser.send("POST", path, data=typed | {"csrf_token": token}).status_code

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(lambda one: press(*one), browsers))
