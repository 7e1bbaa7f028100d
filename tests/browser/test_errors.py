"""What goes wrong while a form is filled in: it is said in sight, and nothing typed is lost."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Visitor
from tests.support.installation import ADMIN_EMAIL, ADMIN_PASSWORD, Installation

pytestmark = [pytest.mark.browser, pytest.mark.services]

CONNECT = "Connect data source to auto-update progress"
LOST = "The server did not answer. Try again in a moment."
EXPIRED = (
    "This page is no longer valid. "
    "You may have signed in or out in another tab. "
    "Copy what you typed, reload the page and try again."
)
GONE = "There is nothing here. It may have been deleted, or it is not shared with you."
BROKEN = "Something went wrong on our side. Nothing was saved. Try again in a moment."


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def begin(page: Page) -> None:
    """Fill in the form of a new objective, down to where a source is chosen."""
    page.goto("/objectives/new")
    page.get_by_label("Title", exact=True).fill("Half typed")
    page.get_by_label("Description", exact=True).fill("And more")
    button(page, CONNECT).scroll_into_view_if_needed()


def assert_said_and_kept(visitor: Visitor, sentence: str, noted: str) -> None:
    """The form stands as it was, beneath a message that is in sight without scrolling."""
    page = visitor.page
    message = page.locator("#flashes[role=status] > .flash.error")
    expect(message).to_have_text(sentence)
    expect(message).to_be_in_viewport()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Half typed")
    expect(page.get_by_label("Description", exact=True)).to_have_value("And more")
    expect(page.locator("#source")).to_have_count(1)
    expect(page.locator("#measure")).to_have_count(1)
    expect(button(page, CONNECT)).to_be_visible()
    assert [one for one in visitor.complaints if noted in one]
    visitor.complaints.clear()  # the browser rightly notes the failure


def assert_goes_on(page: Page) -> None:
    """The same button works, and nothing is said any more of what failed."""
    button(page, CONNECT).click()
    expect(page.locator("#source")).to_contain_text("Where do the figures come from?")
    expect(page.get_by_label("Title", exact=True)).to_have_value("Half typed")
    expect(page.locator("#flashes > *")).to_have_count(0)


@contextmanager
def without_table(installation: Installation, name: str) -> Iterator[None]:
    path = installation.data_dir / "tally.sqlite3"
    with closing(sqlite3.connect(path, timeout=20)) as database:
        database.execute(f"ALTER TABLE {name} RENAME TO {name}_away")
        try:
            yield
        finally:
            database.execute(f"ALTER TABLE {name}_away RENAME TO {name}")


@pytest.mark.parametrize("size", [(1280, 720), (360, 640)], ids=["desk", "phone"])
def test_a_token_that_expired_in_another_tab(
    visitor_with_htmx: Visitor, size: tuple[int, int]
) -> None:
    visitor, page = visitor_with_htmx, visitor_with_htmx.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    begin(page)
    other = visitor.context.new_page()
    other.goto("/")
    button(other, "Sign out").click()
    other.get_by_label("Email", exact=True).fill(ADMIN_EMAIL)
    other.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    button(other, "Sign in").click()
    other.wait_for_url(lambda url: "/login" not in url)
    button(page, CONNECT).click()
    assert_said_and_kept(visitor, EXPIRED, "400")


def test_an_item_that_was_deleted_in_another_tab(visitor_with_htmx: Visitor) -> None:
    visitor, page = visitor_with_htmx, visitor_with_htmx.page
    begin(page)
    button(page, "Save").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.wait_for_url("**/edit")
    other = visitor.context.new_page()
    other.goto(page.url.replace("/edit", "/delete"))
    button(other, "Delete").click()
    other.wait_for_url("**/okrs*")
    button(page, CONNECT).click()
    assert_said_and_kept(visitor, GONE, "404")


def test_a_failure_of_ours(visitor_with_htmx: Visitor, installation: Installation) -> None:
    visitor, page = visitor_with_htmx, visitor_with_htmx.page
    begin(page)
    with without_table(installation, "integration"):
        button(page, CONNECT).click()
        assert_said_and_kept(visitor, BROKEN, "500")
    assert_goes_on(page)


def abort(route: Route) -> None:
    route.abort("connectionrefused")


def answer_for_the_server(route: Route) -> None:
    route.fulfill(status=502, content_type="text/html", body="<html><h1>Bad gateway</h1></html>")


@pytest.mark.parametrize(
    ("answer", "noted"), [(abort, "ERR_CONNECTION_REFUSED"), (answer_for_the_server, "502")]
)
def test_a_server_that_does_not_answer(
    visitor_with_htmx: Visitor, answer: Callable[[Route], None], noted: str
) -> None:
    visitor, page = visitor_with_htmx, visitor_with_htmx.page
    begin(page)
    page.route("**/objectives/new", answer)
    button(page, CONNECT).click()
    assert_said_and_kept(visitor, LOST, noted)
    page.unroute("**/objectives/new")
    assert_goes_on(page)


def test_what_asks_by_itself_says_it_once_and_takes_it_back(visitor_with_htmx: Visitor) -> None:
    visitor, page = visitor_with_htmx, visitor_with_htmx.page
    begin(page)
    button(page, "Save").click()
    page.wait_for_url(lambda url: "/new" not in url)
    expect(page.locator("html.has-htmx")).to_have_count(1)
    event = f"objective-{page.url.rpartition('/')[2].partition('#')[0]}-counted"
    message = page.locator("#flashes > .flash.error")

    def ask() -> None:
        page.evaluate("(event) => document.dispatchEvent(new CustomEvent(event))", event)

    page.route("**/standing", abort)
    ask()
    expect(message).to_have_text(LOST)
    message.evaluate("(message) => message.classList.add('same')")
    with page.expect_event("requestfailed"):
        ask()
    expect(page.locator("#standing.htmx-request")).to_have_count(0)
    expect(message).to_have_class("flash error late same")
    page.unroute("**/standing")
    ask()
    expect(message).to_have_count(0)
    visitor.complaints.clear()  # the browser rightly notes the failures


def test_a_form_that_comes_back_begins_where_something_is_wrong(visitor: Visitor) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto("/objectives/new")
    page.get_by_label("Title", exact=True).fill("Half typed")
    page.get_by_label("Measure", exact=True).select_option("KPI")
    button(page, "Save").click()
    wrong = page.get_by_label("Target", exact=True)
    expect(wrong).to_be_focused()
    expect(wrong).to_be_in_viewport()
    expect(page.get_by_text("Give the number to reach.")).to_be_in_viewport()
    visitor.complaints.clear()  # the browser rightly notes the failure
