"""The main job by keyboard alone: every stop can be seen, and no answer takes the focus away."""

import re

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.conftest import Visitor
from tests.browser.keyboard import Keyboard, connect
from tests.browser.steps import field, measure

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.xdist_group("browser")]

NARROW: ViewportSize = {"width": 700, "height": 520}
PHONE: ViewportSize = {"width": 360, "height": 520}
WIDE: ViewportSize = {"width": 1280, "height": 520}
"""So low that pages scroll under what stays in place."""


def test_from_enabling_to_the_cards_by_keyboard_alone(visitor_with_htmx: Visitor) -> None:
    page = visitor_with_htmx.page
    page.set_viewport_size(WIDE)
    page.goto("/")
    keys = Keyboard(page)
    keys.goes_to(lambda: keys.follow("Integrations"), "Integrations")
    if page.get_by_role("button", name="Disable", exact=True).count():  # another test enabled it
        keys.goes_to(lambda: keys.press("Disable"), "Integrations")
    keys.goes_to(lambda: keys.press("Enable"), "Integrations")
    keys.goes_to(lambda: keys.follow("Manage"), "Trello")
    keys.to(page.get_by_role("link", name="New connection", exact=True))
    connect(keys)
    expect(page.locator("#connections")).to_contain_text("By keyboard")

    keys.goes_to(lambda: keys.follow("OKRs", "Shift+Tab"), re.compile("OKRs"))
    keys.goes_to(lambda: keys.follow("New objective"), "New objective")
    keys.type("Title", "People find us by keyboard")
    keys.goes_to(lambda: keys.press("Save"), "People find us by keyboard")
    keys.goes_to(lambda: keys.follow("New key result"), re.compile("key result"))
    keys.type("Title", "Publish 40 posts by keyboard")
    keys.type("Measure", "KPI")
    keys.type("Target", "40")
    keys.press("Connect data source to auto-update progress")
    expect(page.get_by_role("button", name="Trello", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    counted = choose_cards(keys)
    keys.goes_to(lambda: keys.press("Save"), "Publish 40 posts by keyboard")
    expect(measure(page)).to_have_attribute("data-value", f"{counted}.000000")

    page.set_viewport_size(NARROW)
    refresh = page.get_by_role("button", name="Refresh", exact=True)
    keys.to(refresh)
    place = page.evaluate("scrollY")
    assert place > 0
    refresh.evaluate("(button) => button.classList.add('before')")
    page.keyboard.press("Enter")
    expect(page.locator("button[id^=refresh-]:not(.before)")).to_have_count(1)
    expect(page.locator("[data-sync]")).to_have_attribute("data-sync", "calm")
    expect(page.locator("[data-sync]")).to_contain_text("Counted just now")
    expect(refresh).to_be_focused()
    keys.look()
    assert page.evaluate("scrollY") == place, "the reader was thrown to another place"
    item = page.url.partition("#")[0]
    keys.goes_to(lambda: keys.follow("Which cards"), "Which cards count")
    cards = page.locator("main tbody a")
    keys.to(cards.nth(12))
    keys.to(cards.first, "Shift+Tab")

    page.set_viewport_size(PHONE)
    page.goto(f"{item}/edit")
    keys.to(page.locator(".glance"))
    keys.to(page.get_by_role("button", name="Save", exact=True))
    page.goto("/cycles")
    keys.to(page.get_by_role("button", name="Add cycle", exact=True))


def choose_cards(keys: Keyboard) -> int:
    """By each of the criteria; how many cards the form counts in the end."""
    page = keys.page
    expect(field(page, "Connection")).to_be_focused()
    if "By keyboard" not in (field(page, "Connection").locator("option:checked").inner_text()):
        page.keyboard.type("By keyboard")
        page.wait_for_load_state("networkidle")
        expect(field(page, "Connection")).to_be_focused()
    keys.type("Board", "Content")
    figure = page.locator("[data-preview-value]")
    expect(figure).to_be_visible()
    expect(field(page, "Board")).to_be_focused()
    everything = figure.inner_text()
    for label, choice in (("List", "Finished"), ("Card owner", "Mina"), ("Label", "blog")):
        before = figure.inner_text()
        keys.type(label, choice)
        expect(field(page, label)).to_be_focused()
        expect(figure).not_to_have_text(before)
        keys.look()
        if label != "List":
            page.keyboard.press("Home")  # anyone, any or none
            expect(figure).to_have_text(before)
    keys.type("Completion status", "Completed")
    completed = page.locator("[data-preview-completed]").inner_text()
    expect(figure).to_have_text(completed)
    assert 0 < int(completed) < int(everything)
    # What is pressed there may go with its answer; the focus does not.
    keys.press("Count them too")
    expect(field(page, "Archived cards")).to_be_focused()
    expect(figure).not_to_have_text(completed)
    keys.look()
    page.keyboard.press("Home")
    expect(figure).to_have_text(completed)
    reload = page.locator("#reload-boards")
    keys.to(reload, "Shift+Tab")
    reload.evaluate("(button) => button.classList.add('before')")
    page.keyboard.press("Enter")
    expect(page.locator("#reload-boards:not(.before)")).to_be_focused()
    return int(completed)
