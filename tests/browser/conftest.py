"""A real browser against a whole installation."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from app.security import HTMX_URL
from tests.support.browsers import emptied
from tests.support.installation import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ROOT,
    Installation,
    running_installation,
)

HTMX_FILE = ROOT / "static/vendor/htmx-4.0.1.min.js"


@pytest.fixture(scope="package")
def installation() -> Iterator[Installation]:
    with running_installation() as installation:
        yield installation


class Visitor:
    """One person's browser: what it asked the outside for, and what its pages complained of."""

    def __init__(
        self,
        chromium: Browser,
        installation: Installation,
        javascript: bool,
        has_touch: bool = False,
    ) -> None:
        self.installation = installation
        self.has_javascript = javascript
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self.context: BrowserContext = chromium.new_context(
            java_script_enabled=javascript, base_url=installation.url, has_touch=has_touch
        )
        self.context.set_default_timeout(15_000)
        here = "|".join(map(re.escape, (installation.url, installation.sandbox.url)))
        self.context.route(re.compile(f"^(?!{here})"), self._answer)
        self.context.on("page", self._listen)
        self.page = self.context.new_page()

    def _answer(self, route: Route) -> None:
        url = route.request.url
        if url == HTMX_URL:
            # The CDN, as it would answer: with the very file whose hash the page demands.
            route.fulfill(
                path=HTMX_FILE,
                content_type="application/javascript",
                headers={"Access-Control-Allow-Origin": "*"},
            )
        else:
            self.outside.append(url)
            route.abort()

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text) if message.type == "error" else None
            ),
        )

    def sign_in(self, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD) -> None:
        self.page.goto("/login")
        self.page.get_by_label("Email", exact=True).fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(lambda url: "/login" not in url)

    def screenshot(self, name: str) -> None:
        directory = os.environ.get("SCREENSHOTS")
        if directory:
            self.page.screenshot(path=Path(directory) / f"{name}.png", full_page=True)

    def check(self) -> None:
        """What must hold of every visit."""
        assert self.outside == [], "the pages asked for something outside"
        assert self.complaints == [], "the browser complained"


@pytest.fixture(params=[True, False], ids=["htmx", "no-javascript"])
def visitor(
    request: pytest.FixtureRequest, chromium: Browser, installation: Installation
) -> Iterator[Visitor]:
    """An admin's browser, with JavaScript and again without."""
    visitor = Visitor(chromium, installation, javascript=request.param)
    visitor.sign_in()
    yield visitor
    visitor.check()


@pytest.fixture(scope="module")
def someone(launched: Browser, installation: Installation) -> Iterator[Visitor]:
    """An admin's browser, to set up what the tests of a module begin with."""
    with emptied(launched) as browser:
        visitor = Visitor(browser, installation, javascript=True)
        visitor.sign_in()
        yield visitor
        visitor.check()


@pytest.fixture
def visitor_with_htmx(chromium: Browser, installation: Installation) -> Iterator[Visitor]:
    visitor = Visitor(chromium, installation, javascript=True)
    visitor.sign_in()
    yield visitor
    visitor.check()
