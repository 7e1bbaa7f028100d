"""The main job as a person lives it: connect, link, watch it count; with htmx and without."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.board import Board
from tests.browser.conftest import Visitor
from tests.browser.steps import (
    configure,
    connect_account,
    create_objective,
    enable_trello,
    field,
    measure,
    pick_trello,
    press,
)
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.services]


SLOW_ANSWERS = """() => {
  const ask = window.fetch;
  window.fetch = (address, options) => new Promise((resolve, reject) => {
    options?.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    ask(address, options).then((answer) => setTimeout(resolve, 300, answer), reject);
  });
}"""

BENEATH_THE_LINE = """() => {
  const line = document.querySelector(".glance").getBoundingClientRect();
  const isBeneath = (one) => {
    const box = one.getBoundingClientRect();
    return one.checkVisibility() && box.bottom > line.top && box.top < line.bottom;
  };
  const ours = document.querySelectorAll("form :is(input, select, button, a, summary)");
  return [...ours].filter((one) => isBeneath(one) && !one.closest("#preview")).map((one) => one.id);
}"""


def test_from_connecting_to_a_figure_that_follows_the_board(
    visitor: Visitor, installation: Installation
) -> None:
    plain = not visitor.has_javascript
    name = f"Marketing {'plain' if plain else 'htmx'}"
    connect_account(visitor, name)
    page = visitor.page

    create_objective(page, f"People find us ({name})")
    page.get_by_role("link", name="New key result").first.click()
    field(page, "Title").fill("Publish 40 posts")
    field(page, "Measure").select_option("KPI")
    field(page, "Target").fill("40")
    field(page, "Unit").fill("posts")
    pick_trello(page)

    expect(field(page, "Connection")).to_be_visible()
    field(page, "Connection").select_option(label=name)
    if plain:
        press(page, "Show its boards")
    field(page, "Board").select_option(label="Content calendar")
    if plain:
        press(page, "Show its lists, owners and labels")
    expect(field(page, "List")).to_be_visible()
    boards = installation.sandbox.store.boards.values()
    board = next(one for one in boards if one.name == "Content calendar")
    finished = next(one for one in board.lists.values() if one["name"] == "Finished")
    counted = [
        card
        for card in board.cards.values()
        if card["idList"] == finished["id"]
        and not card["closed"]
        and not card.get("isTemplate")
        and not card.get("cardRole")
    ]
    figure = page.locator("[data-preview-value]")
    expect(figure).not_to_have_text(str(len(counted)))
    field(page, "List").select_option(label="Finished")
    if plain:
        press(page, "Count with these choices")
    expect(figure).to_have_text(str(len(counted)))
    expect(page.locator("[data-preview-completed]")).to_have_text(
        str(sum(card["dueComplete"] for card in counted))
    )
    narrow_down(page, board, counted, plain)
    expect(figure).to_have_text(str(len(counted)))
    expect(field(page, "Title")).to_have_value("Publish 40 posts")
    assert covered_on_a_phone(page) == []
    press(page, "Save")

    expect(page.get_by_role("heading", level=1)).to_have_text("Publish 40 posts")
    expect(measure(page)).to_have_attribute("data-value", f"{len(counted)}.000000")
    expect(measure(page)).to_have_attribute("data-progress", f"{len(counted) * 2.5:.6f}")
    expect(page.locator("#source-panel svg.mark")).to_be_visible()

    other = next(
        card
        for card in board.cards.values()
        if card["idList"] != finished["id"]
        and not board.lists[card["idList"]]["closed"]
        and not card["closed"]
        and not card.get("isTemplate")
        and not card.get("cardRole")
    )
    on_board = visitor.context.new_page()
    on_board.goto(board_address(installation, board.short_link))
    card = on_board.locator(f"#card-{other['shortLink']}")
    card.get_by_label("List", exact=True).select_option(label="Finished")
    # Chromium may never answer where a page is closed while another one is on its way.
    with on_board.expect_navigation():
        card.get_by_role("button", name="Move", exact=True).click()
    on_board.close()

    address = page.url
    press(page, "Refresh")
    expect(measure(page)).to_have_attribute("data-value", f"{len(counted) + 1}.000000")
    expect(page.locator("[data-sync]")).to_have_attribute("data-sync", "calm")
    expect(page.locator("[data-sync]")).to_contain_text("Counted")
    if visitor.has_javascript:
        expect(page.get_by_role("button", name="Refresh", exact=True)).to_be_focused()
    assert page.url.split("#")[0] == address
    visitor.screenshot(f"key-result-{'plain' if plain else 'htmx'}")
    page.locator("#source-panel").get_by_role("link", name="Which cards").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which cards count")
    expect(page.get_by_role("link", name=other["name"], exact=True).first).to_be_visible()


def narrow_down(page: Page, board: Board, cards: list[dict[str, Any]], plain: bool) -> None:
    """By owner, label and completion status at once, and back."""
    mina = next(one["id"] for one in board.members.values() if one["fullName"] == "Mina Lund")
    blog = next(one["id"] for one in board.labels.values() if one["name"] == "blog")
    fitting = [
        one
        for one in cards
        if mina in one["idMembers"] and blog in one["idLabels"] and one["dueComplete"]
    ]
    assert 0 < len(fitting) < len(cards)
    wanted = {"Card owner": "Mina Lund", "Label": "blog", "Completion status": "Completed"}
    anything = {"Card owner": "Anyone", "Label": "Any or none", "Completion status": "Any"}
    for choices, count in ((wanted, len(fitting)), (anything, len(cards))):
        for label, choice in choices.items():
            field(page, label).select_option(label=choice)
        if plain:
            press(page, "Count with these choices")
        expect(page.locator("[data-preview-value]")).to_have_text(str(count))


def covered_on_a_phone(page: Page) -> list[str]:
    """What can't be pressed for the line with the count, while the choices are still below."""
    wide = page.viewport_size
    assert wide
    page.set_viewport_size({"width": 360, "height": 740})
    page.evaluate("scrollTo(0, 0)")
    covered: list[str] = page.evaluate(BENEATH_THE_LINE)
    page.set_viewport_size(wide)
    return covered


def board_address(installation: Installation, short_link: str) -> str:
    return f"{installation.sandbox.url}/b/{short_link}"


def test_no_connection_yet_and_nothing_typed_is_lost(
    visitor_with_htmx: Visitor, installation: Installation
) -> None:
    page = visitor_with_htmx.page
    done = installation.flask(
        "create-admin", "new@example.com", "--name", "Nils Berg", "--password", "a long password"
    )
    assert done.returncode == 0 or "already" in done.stderr + done.stdout
    visitor_with_htmx.context.clear_cookies()
    visitor_with_htmx.sign_in("new@example.com", "a long password")
    enable_trello(page)
    page.goto("/objectives/new")
    field(page, "Title").fill("Ship the launch")
    field(page, "Description").fill("Everything on the checklist")
    pick_trello(page)
    expect(field(page, "Measure")).to_have_value("percent")
    link = page.get_by_role("link", name=re.compile("Connect an(other)? account"))
    with page.expect_popup() as opened:
        link.click()
    popup = opened.value
    popup.get_by_role("button", name="Allow").click()
    with popup.expect_event("close"):
        configure(popup, "Nils's own")
    expect(field(page, "Connection")).to_contain_text("Nils's own")
    expect(field(page, "Title")).to_have_value("Ship the launch")
    expect(field(page, "Description")).to_have_value("Everything on the checklist")
    field(page, "Board").select_option(label="Launch checklist")
    expect(field(page, "Completion status")).to_be_disabled()
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ship the launch")
    expect(measure(page)).not_to_have_attribute("data-value", "0.000000")


def test_denying_ends_in_a_page_that_says_what_to_do(visitor: Visitor) -> None:
    page = visitor.page
    enable_trello(page)
    page.goto("/connections/trello/new")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert "/connections/trello/callback" in page.url
    expect(page.get_by_role("link", name=re.compile("again"))).to_be_visible()
    visitor.complaints.clear()  # the browser notes the 400 that this page rightly has


def test_long_words_never_make_a_phone_scroll_sideways(visitor_with_htmx: Visitor) -> None:
    page = visitor_with_htmx.page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/objectives/new")
    field(page, "Title").fill("Donaudampfschifffahrtsgesellschaft" * 5)
    field(page, "Measure").select_option("KPI")
    field(page, "Target").fill("123456789012345")
    field(page, "Unit").fill("x" * 40)
    press(page, "Save")
    expect(measure(page)).to_be_visible()
    address = page.url
    for path in ("", "/edit", "/check-in", "/delete"):
        page.goto(f"{address}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.goto("/okrs")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_any_htmx_the_page_still_shows_the_count(
    visitor_with_htmx: Visitor, installation: Installation
) -> None:
    """The CDN can't be reached, and neither can our own copy."""
    visitor = visitor_with_htmx
    page = visitor.page
    connect_account(visitor, "Without htmx")
    page.goto("/objectives/new")
    field(page, "Title").fill("Everything on the list is done")
    pick_trello(page)
    field(page, "Board").select_option(label="Launch checklist")
    expect(page.locator("[data-preview-value]")).to_be_visible()
    press(page, "Save")
    expect(measure(page)).to_be_visible()
    visitor.context.route("**/*htmx*", lambda route: route.abort())
    page.reload()
    expect(page.locator("html.has-htmx")).to_have_count(0)
    installation.sandbox.faults.add(path="/1/boards/*", kind="delay", delay=1)
    press(page, "Refresh")
    expect(page.locator("[data-sync]")).to_have_attribute("data-sync", "busy")
    expect(page.locator("[data-sync]")).to_have_attribute("data-sync", "calm", timeout=20_000)
    visitor.complaints.clear()  # the browser notes what could not be fetched


def test_choices_made_while_the_preview_is_on_its_way_are_all_counted(
    visitor_with_htmx: Visitor, installation: Installation
) -> None:
    visitor = visitor_with_htmx
    page = visitor.page
    connect_account(visitor, "Quick hands")
    page.goto("/objectives/new")
    field(page, "Measure").select_option("KPI")
    pick_trello(page)
    field(page, "Board").select_option(label="Content calendar")
    figure = page.locator("[data-preview-value]")
    expect(figure).to_be_visible()
    page.evaluate(SLOW_ANSWERS)
    board = installation.sandbox.store.board("Content calendar")

    def count(list_name: str, is_completed: bool) -> int:
        return sum(
            board.lists[card["idList"]]["name"] == list_name
            and not card["closed"]
            and not card.get("isTemplate")
            and not card.get("cardRole")
            and card["dueComplete"] == is_completed
            for card in board.cards.values()
        )

    # The answer to the first choice comes at some moment after the second was made.
    for turn, gap in enumerate((340, 400, 460, 520)):
        list_name, is_completed = ("Finished", "Drafting")[turn % 2], turn % 2 == 0
        field(page, "List").select_option(label=list_name)
        page.wait_for_timeout(gap)
        completion = "Completed" if is_completed else "Not completed"
        field(page, "Completion status").select_option(label=completion)
        page.wait_for_timeout(1200)
        expect(figure).to_have_text(str(count(list_name, is_completed)))
