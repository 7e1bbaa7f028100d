"""Going through pages by keys alone: every stop on the way is looked at."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import field

MOST_STOPS = 90

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


def connect(keys: Keyboard) -> None:
    """An account, in the window that the link with the focus opens."""
    with keys.page.expect_popup() as opened:
        keys.page.keyboard.press("Enter")
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
