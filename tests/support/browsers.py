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
SHELL = "chromium-headless-shell"
"""Chromium as it is without windows: the same pages for less than half of the work."""
BARE = [
    # Each window would have two pages of its own, beneath a field for addresses that nobody sees.
    # The last of such flags holds, so that it takes up what Playwright goes without, too.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
    "AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,"
    "DestroyProfileOnBrowserClose,HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,"
    "MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,PaintHolding,PreconnectToSearch,"
    "ThirdPartyStoragePartitioning",
]


def find_browser() -> str | None:
    """One as people have it."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def _for_tests() -> str | None:
    bare = None if os.environ.get("CHROMIUM") else shutil.which(SHELL)
    return bare or find_browser()


@pytest.fixture(scope="session")
def driver() -> Iterator[BrowserType]:
    """What launches browsers: it is a process of its own, of which there may be only one."""
    if _for_tests() is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def launched(driver: BrowserType) -> Iterator[Browser]:
    """The browser of all tests: to start one takes longer than most of them do."""
    browser = driver.launch(executable_path=_for_tests(), headless=True, args=FLAGS + BARE)
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
