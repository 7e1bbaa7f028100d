"""Stored XSS: everything that people and Trello may name is named by an attacker, and every page
is opened in a real browser. No script runs, no element comes of a name, and the content security
policy, which would stop what got through, has nothing to report.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from html import unescape

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.board import Board
from tests.browser.conftest import Visitor, chromium  # noqa: F401  (a fixture)
from tests.browser.test_main_job import enable_trello, field, measure, pick_trello, press
from tests.support.installation import ADMIN_PASSWORD, Installation, running_installation

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.xdist_group("browser")]

PLANTED = (
    """'"><b data-planted>x</b><script>planted()</script><img src=x onerror=planted()>{{7*7}}"""
)
MOST_PAGES = 150
MOST_VIEWS = 4
"""Addresses of one page that differ in their query alone."""
WATCH = """
window.planted = () => console.error("a planted script ran");
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP", event.violatedDirective, event.blockedURI, event.sourceFile));
"""


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """One of its own: on the others' boards and in their lists the names would be in the way."""
    with running_installation() as installation:
        for number, board in enumerate(installation.sandbox.store.boards.values()):
            plant(board, number)
        people = installation.sandbox.store.people.values()
        for person in people:
            person["fullName"] = PLANTED
        done = installation.flask(
            "create-admin", "evil@example.com", "--name", PLANTED, "--password", ADMIN_PASSWORD
        )
        assert done.returncode == 0, done.stderr
        with closing(sqlite3.connect(installation.data_dir / "tally.sqlite3")) as database:
            database.execute("UPDATE workspace SET name = ?", (PLANTED,))
            database.commit()
        yield installation


def plant(board: Board, number: int) -> None:
    """Every text on the board that someone at Trello may choose."""
    board.about["name"] = f"{PLANTED} {number}"
    board.about["desc"] = PLANTED
    for place, one in enumerate(board.lists.values()):
        one["name"] = f"{PLANTED} {place}"
    for one in (*board.labels.values(), *board.cards.values()):
        one["name"] = PLANTED
        one["desc"] = PLANTED
    for action in board.actions:
        for one in action["data"].values():
            if isinstance(one, dict) and "name" in one:
                one["name"] = PLANTED


@pytest.fixture
def visitor(chromium: Browser, installation: Installation) -> Iterator[Visitor]:  # noqa: F811
    visitor = Visitor(chromium, installation, javascript=True)
    visitor.context.set_extra_http_headers({"User-Agent": PLANTED})
    visitor.context.add_init_script(WATCH)
    visitor.sign_in("evil@example.com", ADMIN_PASSWORD)
    yield visitor
    visitor.check()


def connect(visitor: Visitor) -> None:
    page = visitor.page
    enable_trello(page)
    with page.expect_popup() as opened:
        page.goto("/connections")
        page.get_by_role("link", name="New connection", exact=True).click()
    popup = opened.value
    popup.get_by_role("button", name="Allow").click()
    assert_nothing_came_of_it(popup)
    with popup.expect_event("close"):
        field(popup, "Name").fill(PLANTED)
        field(popup, "Everyone").check()
        field(popup, "All boards").check()
        press(popup, "Save")


def choose_all(page: Page) -> None:
    """The first of each list: every choice is a name from Trello."""
    pick_trello(page)
    page.get_by_label("Board", exact=True).select_option(index=1)
    expect(page.locator("[data-preview-value]")).to_be_visible()
    assert_nothing_came_of_it(page)


def make_items(page: Page) -> None:
    page.goto("/objectives/new")
    field(page, "Title").fill(PLANTED)
    field(page, "Description").fill(PLANTED)
    field(page, "Tags").fill(PLANTED[:40].replace(",", ""))
    choose_all(page)
    press(page, "Save")
    expect(measure(page).first).to_be_visible()
    page.get_by_role("link", name="New key result").first.click()
    field(page, "Title").fill(PLANTED)
    field(page, "Measure").select_option("KPI")
    field(page, "Unit").fill(PLANTED[:40])
    field(page, "Target").fill(PLANTED)
    press(page, "Save")
    assert_nothing_came_of_it(page)  # the form, with all of it and what is wrong
    field(page, "Target").fill("40")
    choose_all(page)
    press(page, "Save")
    expect(measure(page).first).to_be_visible()
    press(page, "Refresh")
    expect(page.locator("[data-sync]")).to_have_attribute("data-sync", "calm")
    page.get_by_role("link", name="Check in", exact=True).click()
    field(page, "Note").fill(PLANTED)
    press(page, "Save")
    expect(page.get_by_text(PLANTED).first).to_be_visible()
    field(page, "Comment").fill(PLANTED)
    press(page, "Add comment")
    expect(page.locator("#flashes")).to_contain_text("Comment added.")
    assert_nothing_came_of_it(page)


def make_the_rest(page: Page) -> None:
    page.goto("/cycles")
    field(page, "Name").fill(PLANTED[:80])
    page.locator("[name=first_day]").fill("2031-01-01")
    page.locator("[name=last_day]").fill("2031-03-31")
    press(page, "Add cycle")
    page.goto("/teams/new")
    field(page, "Name").fill(PLANTED[:80])
    press(page, "Save")
    page.goto("/okrs?owner=me")
    page.locator("summary", has_text="Save this view").click()
    field(page, "Name").fill(PLANTED[:80])
    press(page, "Save view")
    expect(page.locator("#flashes")).to_contain_text("saved.")
    page.goto("/admin/people")
    field(page, "Name").fill(PLANTED)
    field(page, "Email").fill("nils@example.com")
    page.locator("main form:has([name=email]) button").last.click()
    assert_nothing_came_of_it(page)


def assert_nothing_came_of_it(page: Page) -> None:
    assert page.locator("[data-planted], img[src=x], [onerror]").count() == 0, page.url
    assert "planted()>49" not in unescape(page.content()), page.url


DOWNLOAD = re.compile(r"\.(csv|xlsx|json)$")


def crawl(page: Page) -> set[str]:
    """Open every page that can be reached by links; those to Trello are left alone."""
    seen: set[str] = set()
    waiting, known, views = ["/"], {"/"}, Counter[str]()
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = page.goto(path, wait_until="load")
        assert answer is not None and answer.ok, f"{path}, which is linked to, is not there"
        assert_nothing_came_of_it(page)
        links = page.evaluate(
            "[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))"
        )
        for link in links:
            assert not link.lower().strip().startswith("javascript"), path
            address = link.partition("#")[0]
            is_here = address.startswith("/") and not address.startswith("//")
            leads_away = "/connections/trello/new" in address or DOWNLOAD.search(address)
            bare = address.partition("?")[0]
            if is_here and not leads_away and address not in known and views[bare] < MOST_VIEWS:
                views[bare] += 1  # a tree can be folded in more ways than there are pages
                known.add(address)
                waiting.append(address)
    return seen


def test_no_script_that_someone_planted_runs_anywhere(
    visitor: Visitor, installation: Installation
) -> None:
    page = visitor.page
    connect(visitor)
    make_items(page)
    make_the_rest(page)
    visitor.complaints[:] = [one for one in visitor.complaints if "422" not in one]
    seen = crawl(page)
    for kind in ("/objectives/", "/key-results/", "/trello/sources/", "/connections", "/admin/"):
        assert any(path.startswith(kind) for path in seen), kind
    assert len(seen) < MOST_PAGES
    page.context.clear_cookies()
    page.goto("/login")  # which tells everyone what the workspace is called
    expect(page.get_by_role("heading", level=1)).to_contain_text(PLANTED)
    assert_nothing_came_of_it(page)
    assert visitor.complaints == []
