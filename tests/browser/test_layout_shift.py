"""Nothing jumps: what comes by itself, or late, moves nothing that somebody may be reading."""

import time
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, ViewportSize, expect

from sandbox import changes
from tests.browser.conftest import Visitor
from tests.browser.steps import (
    connect_account,
    count_finished_cards,
    field,
    pick_trello,
    press,
)
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.services]

MOST = 0.05
SLOW = 0.6
"""Seconds that an answer takes: what moves within half a second of a press is no surprise, and
browsers leave it out, so it has to come later."""
SIZES: dict[str, ViewportSize] = {
    "desk": {"width": 1280, "height": 900},
    "phone": {"width": 360, "height": 740},
}

WATCH = """
window.moved = 0;
window.movers = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.moved += entry.value;
    for (const { node } of entry.sources) window.movers.push(node?.outerHTML?.slice(0, 80));
  }
}).observe({ type: "layout-shift", buffered: true });
"""
FORGET = "window.moved = 0; window.movers = []"
SOONER = """
const wait = window.setInterval;
window.setInterval = (action, after) => wait(action, after / 20);
"""
"""What pages ask for every half minute, htmx asks for by this clock."""


@pytest.fixture(scope="module")
def linked(someone: Visitor) -> str:
    """The page of an objective that counts the cards in the list "Finished"."""
    page = someone.page
    connect_account(someone, "Marketing")
    page.goto("/objectives/new")
    field(page, "Title").fill("People find us")
    field(page, "Measure").select_option("KPI")
    field(page, "Target").fill("40")
    count_finished_cards(page)
    expect(sync(page)).to_have_attribute("data-sync", "calm")
    path = urlsplit(page.url).path
    page.goto("about:blank")  # where it looks for no changes while others do
    return path


@pytest.fixture(params=SIZES)
def page(
    request: pytest.FixtureRequest, visitor_with_htmx: Visitor, installation: Installation
) -> Page:
    page = visitor_with_htmx.page
    page.set_viewport_size(SIZES[request.param])
    page.add_init_script(WATCH)
    page.route(f"{installation.url}/**", answer_slowly)
    return page


def answer_slowly(route: Route) -> None:
    if "hx-request" in route.request.headers:
        time.sleep(SLOW)
    route.continue_()


def sync(page: Page) -> Locator:
    return page.locator("[data-sync]")


def assert_calm(page: Page, what: str) -> None:
    """Since the page was opened, or since this was asked last."""
    page.wait_for_timeout(300)
    moved, movers = page.evaluate("[window.moved, window.movers.slice(0, 4)]")
    assert moved <= MOST, f"{what} moves things by {moved:.3f}: {movers}"
    page.evaluate(FORGET)


def test_while_a_source_is_chosen(page: Page, linked: str) -> None:
    page.goto("/objectives/new")
    assert_calm(page, "opening the form")
    field(page, "Measure").select_option("KPI")
    field(page, "Target").fill("40")
    page.wait_for_timeout(300)
    page.evaluate(FORGET)  # what a choice opens at once surprises nobody, but is no press here
    pick_trello(page)
    expect(field(page, "Connection")).to_be_visible()
    assert_calm(page, "the integration")
    field(page, "Board").select_option(label="Content calendar")
    expect(field(page, "List")).to_be_visible()
    assert_calm(page, "the board")
    figure = page.locator("[data-preview-value]")
    for choice in ("Finished", "Drafting"):
        before = figure.inner_text()
        field(page, "List").select_option(label=choice)
        expect(figure).not_to_have_text(before)
        assert_calm(page, f"the list “{choice}”")


def test_while_it_counts_fails_and_counts_again(
    page: Page, linked: str, installation: Installation
) -> None:
    faults = installation.sandbox.faults
    page.goto(linked)
    assert_calm(page, "opening the page")
    for kind, becomes in (("delay", "calm"), ("status", "troubled"), ("delay", "calm")):
        faults.add(path="/1/boards/*", kind=kind, delay=1, times=None)
        press(page, "Refresh")
        expect(sync(page)).to_have_attribute("data-sync", "busy")
        expect(sync(page)).to_have_attribute("data-sync", becomes, timeout=20_000)
        faults.clear()
        assert_calm(page, f"becoming {becomes}")
    page.goto("/okrs")
    row = page.locator(f"#objective-row-{linked.rpartition('/')[2]}")
    faults.add(path="/1/boards/*", kind="delay", delay=1, times=None)
    row.get_by_role("button", name="Refresh").click()
    expect(row).to_contain_text("counting")
    expect(row).not_to_contain_text("counting")
    faults.clear()
    assert_calm(page, "counting in a list")


def test_when_something_needs_whoever_is_at_home(
    page: Page, linked: str, installation: Installation
) -> None:
    page.add_init_script(SOONER)
    page.goto("/")
    expect(page.locator("main")).to_contain_text("People find us")
    board = installation.sandbox.store.board("Content calendar")
    changes.archive_list(board, board.list_("Finished"))
    other = page.context.new_page()
    other.goto(linked)
    press(other, "Refresh")
    expect(sync(other)).to_have_attribute("data-sync", "troubled")
    other.close()
    told = page.get_by_role("link", name="What needs you has changed")
    expect(told).to_be_visible()
    expect(page.locator("#news")).to_have_text("What needs you has changed")
    assert_calm(page, "a need")
    told.click()
    expect(page.locator(".needs")).to_contain_text("People find us")
    changes.archive_list(board, board.list_("Finished"), closed=False)
    page.goto(linked)
    press(page, "Refresh")
    expect(sync(page)).to_have_attribute("data-sync", "calm")
