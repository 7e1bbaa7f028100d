"""Refresh, in front of the page: what came of it is shown as soon as it is there."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from sandbox import changes
from sandbox.board import Board
from tests.browser.conftest import Visitor
from tests.browser.steps import connect_account, count_finished_cards, field, measure, press
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.services]

WITHOUT_POLLING = "window.setInterval = () => 0"
"""htmx asks again every second by this clock, and nothing else on our pages uses it."""
HEIGHT = "(link) => link.getClientRects()[0].height"


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


@pytest.fixture
def board(installation: Installation) -> Board:
    return installation.sandbox.store.board("Content calendar")


def sync(page: Page) -> Locator:
    return page.locator("[data-sync]")


def finish_one_more(board: Board) -> None:
    changes.add_card(board, board.list_("Finished"), "One more")


def slow_down(installation: Installation, seconds: float) -> None:
    installation.sandbox.faults.add(path="/1/boards/*", kind="delay", delay=seconds, times=None)


def asked_by(page: Page, what: str) -> list[str]:
    """The addresses with this ending that the page asks for from now on, filled as it does."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if urlsplit(request.url).path.endswith(what):
            asked.append(request.url)

    page.on("request", note)
    return asked


def refresh_and_wait(page: Page) -> None:
    press(page, "Refresh")
    expect(sync(page)).to_have_attribute("data-sync", "busy")
    expect(sync(page)).not_to_have_attribute("data-sync", "busy", timeout=20_000)


def test_what_came_of_it_is_shown_without_waiting_for_the_next_second(
    visitor_with_htmx: Visitor, installation: Installation, linked: str, board: Board
) -> None:
    page, faults = visitor_with_htmx.page, installation.sandbox.faults
    page.add_init_script(WITHOUT_POLLING)
    page.goto(linked)
    before = float(measure(page).get_attribute("data-value") or "")
    fetched = asked_by(page, "/standing")
    finish_one_more(board)
    slow_down(installation, 1)
    refresh_and_wait(page)
    expect(measure(page)).to_have_attribute("data-value", f"{before + 1:.6f}")
    refresh_and_wait(page)  # the same figure again
    expect(sync(page)).to_have_attribute("data-sync", "calm")
    faults.clear()
    faults.add(path="/1/boards/*", kind="status", delay=1, times=None)
    refresh_and_wait(page)
    expect(sync(page)).to_have_attribute("data-sync", "troubled")
    faults.clear()
    assert len(fetched) == 3
    press(page, "Refresh")
    expect(sync(page)).to_have_attribute("data-sync", "calm")


def place_of_news(page: Page) -> Locator:
    """Where a screen reader is told things: it has to be the one that was there from the start."""
    page.locator("#news[role=status]").evaluate("(place) => place.classList.add('same')")
    return page.locator("#news.same")


def test_a_screen_reader_is_told_that_it_counts_and_what_came_of_it(
    visitor_with_htmx: Visitor, installation: Installation, linked: str
) -> None:
    page = visitor_with_htmx.page
    page.goto(linked)
    news = place_of_news(page)
    expect(news).to_be_empty()
    slow_down(installation, 1)
    press(page, "Refresh")
    expect(news).to_have_text(re.compile("Waiting to be counted|Counting"))
    expect(sync(page)).to_have_attribute("data-sync", "calm", timeout=20_000)
    # Whoever was first with the answer: what asks by itself, or app.js, which says where it stands.
    expect(news).to_have_text(re.compile("^(Counted just now|On track|Behind|At risk)"))
    installation.sandbox.faults.clear()
    page.goto(f"{linked}/edit")
    news = place_of_news(page)
    field(page, "List").select_option(label="Drafting")
    matching = page.locator("[data-preview-matching]")
    expect(news).to_contain_text("match")
    expect(news).to_contain_text(f"{matching.text_content()} card")
    expect(news).to_contain_text("expected today")


def test_a_row_in_a_list_shows_it_likewise(
    visitor_with_htmx: Visitor, installation: Installation, linked: str, board: Board
) -> None:
    page = visitor_with_htmx.page
    page.add_init_script(WITHOUT_POLLING)
    page.goto("/okrs")
    row = page.locator(f"#objective-row-{linked.rpartition('/')[2]}")
    news = place_of_news(page)
    share = row.locator(".pct").text_content() or ""
    fetched = asked_by(page, "/row")
    finish_one_more(board)
    slow_down(installation, 1)
    row.get_by_role("button", name="Refresh").click()
    expect(row).to_contain_text("counting")
    expect(row.locator(".pct")).not_to_have_text(share)
    expect(row).not_to_contain_text("counting")
    assert len(fetched) == 1
    share = row.locator(".pct").text_content() or ""
    expect(news).to_contain_text(f"People find us, {share.strip()}, ")
    installation.sandbox.faults.clear()


def test_the_page_asks_less_often_the_longer_it_takes_and_stops_when_it_is_done(
    visitor_with_htmx: Visitor, installation: Installation, linked: str
) -> None:
    page = visitor_with_htmx.page
    page.goto(linked)
    asked = asked_by(page, "/live/counting")
    slow_down(installation, 4)
    press(page, "Refresh")
    page.wait_for_timeout(2000)
    first = len(asked)
    page.wait_for_timeout(1700)
    assert 2 <= len(asked) - first < first <= 40
    expect(sync(page)).to_have_attribute("data-sync", "calm", timeout=20_000)
    installation.sandbox.faults.clear()
    asked.clear()
    page.wait_for_timeout(1500)
    assert asked == []


def test_without_an_answer_the_element_still_asks_for_itself(
    visitor_with_htmx: Visitor, installation: Installation, linked: str
) -> None:
    visitor, page = visitor_with_htmx, visitor_with_htmx.page
    page.goto(linked)
    asked = asked_by(page, "/live/counting")
    page.route("**/live/counting*", lambda route: route.abort())
    slow_down(installation, 1.5)
    refresh_and_wait(page)
    installation.sandbox.faults.clear()
    assert 1 <= len(asked) <= 4  # once for each time that the element came
    visitor.complaints.clear()  # the browser rightly notes what was not answered


def test_on_a_phone_too_cards_say_since_when_and_links_can_be_hit(
    visitor_with_htmx: Visitor, linked: str
) -> None:
    page = visitor_with_htmx.page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(linked)
    before = "(cell) => getComputedStyle(cell, '::before').content"
    assert "since" in page.locator(".cards td.n").first.evaluate(before)
    # What stands alone in its line is as easy to hit as a button.
    links = page.locator(".facts dd a")
    assert links.count() == 1
    assert links.evaluate(HEIGHT) >= 24
    page.goto(f"{linked}/edit")
    another = page.get_by_role("link", name="Connect another account")
    assert another.evaluate(HEIGHT) >= 24
