"""One real browser for all tests of a process, as fixtures."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserType, sync_playwright

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


def find_browser() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def driver() -> Iterator[BrowserType]:
    """What launches browsers: it is a process of its own, of which there may be only one."""
    if find_browser() is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
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
