"""The main job by keyboard alone: every stop can be seen, and no answer takes the focus away."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.conftest import Visitor
from tests.browser.steps import field, measure

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.xdist_group("browser")]

MOST_STOPS = 90
NARROW: ViewportSize = {"width": 700, "height": 520}
WIDE: ViewportSize = {"width": 1280, "height": 520}
"""So low that pages scroll under what stays in place."""

STOP = """() => {
  const at = document.activeElement;
  const said = at.outerHTML.slice(0, 120);
  if (at === document.body) return "the focus is lost";
  const isRinged = (one) => {
    const look = getComputedStyle(one);
    const hasOutline = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 1;
    return hasOutline || look.boxShadow !== "none";
  };
  if (!isRinged(at) && !(at.closest(".pick") && isRinged(at.closest(".pick")))) {
    return `no ring around ${said}`;
  }
  // What lets pointers through lies over what it stands for: there, another is hit.
  if (getComputedStyle(at).pointerEvents === "none") return "";
  const box = at.getClientRects()[0];
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height / 2, 20)];
  const hit = document.elementFromPoint(x, y);
  if (!hit) return `out of sight: ${said} at ${Math.round(x)}, ${Math.round(y)}`;
  const isSeen = at.contains(hit) || hit.contains(at);
  return isSeen ? "" : `${said} is covered by ${hit.outerHTML.slice(0, 80)}`;
}"""


class Keyboard:
    """Nothing but keys; each stop on the way is looked at."""

    def __init__(self, page: Page, is_ours: bool = True) -> None:
        self.page = page
        self.is_ours = is_ours

    def to(self, place: Locator, key: str = "Tab") -> None:
        """Go on until the place has the focus."""
        with_focus = place.and_(self.page.locator(":focus"))
        for _ in range(MOST_STOPS):
            self.page.keyboard.press(key)
            if self.is_ours:
                self.look()
            if with_focus.count():
                return
        raise AssertionError(f"{key} never comes to {place}")

    def look(self) -> None:
        problem = self.page.evaluate(STOP)
        assert not problem, f"{self.page.url}: {problem}"

    def type(self, label: str, text: str) -> None:
        """Into a field, or the beginning of one of a list's choices."""
        self.to(field(self.page, label))
        self.page.keyboard.type(text)

    def press(self, name: str, role: str = "button", key: str = "Tab") -> None:
        self.to(self._named(name, role), key)
        self.page.keyboard.press("Enter")

    def follow(self, name: str, key: str = "Tab") -> None:
        self.press(name, "link", key)

    def _named(self, name: str, role: str) -> Locator:
        return self.page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]

    def goes_to(self, act: Callable[[], None], heading: str | re.Pattern[str]) -> None:
        """It leads to a page with this heading."""
        with self.page.expect_navigation():
            act()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)


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
    connect(keys)

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
    keys.press("Refresh")
    expect(page.locator("[data-sync]")).to_have_attribute("data-sync", "calm")
    expect(page.locator("[data-sync]")).to_contain_text("Counted just now")
    expect(page.get_by_role("button", name="Refresh", exact=True)).to_be_focused()
    keys.look()
    keys.goes_to(lambda: keys.follow("Which cards"), "Which cards count")
    cards = page.locator("main tbody a")
    keys.to(cards.nth(12))
    keys.to(cards.first, "Shift+Tab")


def connect(keys: Keyboard) -> None:
    page = keys.page
    with page.expect_popup() as opened:
        keys.follow("New connection")
    popup = opened.value
    at_trello = Keyboard(popup, is_ours=False)
    at_trello.to(popup.get_by_label("Mina Lund"))
    popup.keyboard.press("Space")
    at_trello.press("Allow")
    expect(popup.get_by_role("heading", level=1)).to_have_text("Set up the new connection")
    popup.wait_for_load_state("load")  # where things are is known with the stylesheet
    ours = Keyboard(popup)
    ours.to(field(popup, "Name"))
    popup.keyboard.press("Control+A")
    popup.keyboard.type("By keyboard")
    for choice in ("Everyone", "All boards"):
        choose(ours, field(popup, choice))
    with popup.expect_event("close"):
        ours.press("Save")
    expect(page.locator("#connections")).to_contain_text("By keyboard")


def choose(keys: Keyboard, radio: Locator) -> None:
    """One of a group: Tab comes to the one that is chosen, arrows go on from there."""
    name = radio.get_attribute("name")
    group = keys.page.locator(f"input[name={name}]")
    for _ in range(MOST_STOPS):
        keys.page.keyboard.press("Tab")
        keys.look()
        if keys.page.evaluate("document.activeElement.name") == name:
            break
    for _ in range(group.count()):
        if radio.is_checked():
            break
        keys.page.keyboard.press("ArrowDown")
    expect(radio).to_be_checked()
    keys.look()


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
    return int(completed)
