"""A form that someone has open in a browser of their own, while others have it open too."""

import re
from collections.abc import Sequence
from typing import Any

from flask import Flask

from app.accounts.models import Person
from tests.support.client import Client
from tests.support.html import Page


class Opened:
    def __init__(self, app: Flask, path: str, person: Person, button: str = "Save") -> None:
        self.client, self.button = Client(app), button
        self.client.sign_in(person)
        self.page = self.client.page(path)

    def save(self, **typed: Any) -> Page:
        """What they are shown when it is saved."""
        return self.client.follow(self.client.submit(self.page, self.button, typed))

    def refused(self, **typed: Any) -> Page:
        """The form that they are shown instead, from which they go on."""
        self.page = self.client.see(self.client.submit(self.page, self.button, typed), 422)
        return self.page


def opened(app: Flask, path: str, *people: Person, button: str = "Save") -> list[Opened]:
    return [Opened(app, path, one, button) for one in people]


def told(page: Page) -> Sequence[str]:
    """What was saved meanwhile, field by field."""
    changes = [one for one in page.one(".note.bad").all("li") if one.all("strong")]
    return [timeless(one.text) for one in changes]


def timeless(text: str) -> str:
    """Without the moments at which something was saved."""
    return re.sub(r" (at|on \d+ \w+ \d+,) \d\d:\d\d", "", text)
