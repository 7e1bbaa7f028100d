"""A real browser against a whole installation."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, Route, sync_playwright

from app.security import HTMX_URL
from tests.support.installation import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ROOT,
    Installation,
    running_installation,
)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HTMX_FILE = ROOT / "static/vendor/htmx-4.0.1.min.js"


def find_browser() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="package")
def driver() -> Iterator[BrowserType]:
    """What launches browsers: it is a process of its own."""
    if find_browser() is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="package")
def launched(driver: BrowserType) -> Iterator[Browser]:
    """The browser of all tests: to start one takes longer than most of them do."""
    browser = driver.launch(executable_path=find_browser(), headless=True, args=FLAGS)
    yield browser
    browser.close()


@contextmanager
def emptied(browser: Browser) -> Iterator[Browser]:
    """Closes the pages that were opened in it, so that none of them goes on asking.

    Cookies and storage are in contexts of their own, which are left to end with the browser:
    closing one of them waits for ever, now and then, when a pop-up has just closed itself.
    """
    old = set(browser.contexts)
    yield browser
    for context in set(browser.contexts) - old:
        for page in context.pages:
            page.close()


@pytest.fixture
def chromium(launched: Browser) -> Iterator[Browser]:
    """The browser, for one test."""
    with emptied(launched) as browser:
        yield browser


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
