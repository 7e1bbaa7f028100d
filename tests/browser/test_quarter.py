"""A whole quarter as a team lives it: plan, align, link, check in, override, resume, review, close,
postpone; and what a team brings along. With htmx and without JavaScript."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from app.db import utcnow
from tests.browser.conftest import Visitor
from tests.browser.steps import connect_account, field, measure, pick_trello, press
from tests.okrs.moving.files import csv_file, viva_row

pytestmark = [pytest.mark.browser, pytest.mark.services]


@dataclass(frozen=True)
class Names:
    """Two visitors share a workspace, so each has names of its own."""

    way: str

    def of(self, title: str) -> str:
        return f"{title} ({self.way})"


@pytest.fixture
def names(visitor: Visitor) -> Names:
    return Names("htmx" if visitor.has_javascript else "plain")


def test_a_quarter_from_planning_to_postponing(visitor: Visitor, names: Names) -> None:
    page = visitor.page
    connect_account(visitor, names.of("Quarter"))
    plan_cycles(page, names)

    new_objective(page, names.of("The firm grows"), names.of("Spring"))
    new_objective(
        page, names.of("People find us"), names.of("Spring"), under=names.of("The firm grows")
    )
    expect(page.get_by_role("link", name=names.of("The firm grows"))).to_be_visible()
    objective = page.url
    link_posts(visitor, names)
    counted = measure(page).get_attribute("data-value")
    assert counted and float(counted) > 0

    page.goto(objective)
    page.get_by_role("link", name="New key result").first.click()
    field(page, "Title").fill(names.of("Hold talks"))
    press(page, "Save")
    talks = page.url
    check_in_by_keyboard(page, names.of("Hold talks"))
    page.goto(talks)
    expect(measure(page)).to_have_attribute("data-value", "40.000000")
    expect(page.locator(".timeline")).to_contain_text("Four of ten were held.")

    page.goto(objective)
    posts = float(counted) / 40 * 100
    expect(measure(page)).to_have_attribute("data-progress", f"{(min(posts, 100) + 40) / 2:.6f}")

    override_and_resume(page, names, counted)
    review(page, names)


def plan_cycles(page: Page, names: Names) -> None:
    """Days of their own for each visitor: two cycles never have the same."""
    shift = timedelta(days=1 if names.way == "htmx" else 2)
    first = utcnow().date() - timedelta(days=60) - shift
    for name, start, days in (("Spring", first, 62), ("Summer", first + timedelta(days=63), 80)):
        add_cycle(page, names.of(name), start, start + timedelta(days=days))


def add_cycle(page: Page, name: str, first: date, last: date) -> None:
    page.goto("/cycles")
    field(page, "Name").fill(name)
    field(page, "First day").fill(first.isoformat())
    field(page, "Last day").fill(last.isoformat())
    press(page, "Add cycle")
    expect(page.locator("#flashes")).to_contain_text(f"{name} added.")


def new_objective(page: Page, title: str, cycle: str, under: str = "") -> None:
    page.goto("/objectives/new")
    field(page, "Title").fill(title)
    field(page, "Cycle").select_option(label=cycle)
    if under:
        field(page, "Aligned under").press_sequentially(under)
        search = page.get_by_role("button", name="Search", exact=True)
        if search.is_visible():
            search.click()
        page.locator("#parents label", has_text=under).click()
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def link_posts(visitor: Visitor, names: Names) -> None:
    page, plain = visitor.page, not visitor.has_javascript
    page.get_by_role("link", name="New key result").first.click()
    field(page, "Title").fill(names.of("Publish 40 posts"))
    field(page, "Measure").select_option("KPI")
    field(page, "Target").fill("40")
    field(page, "Unit").fill("posts")
    pick_trello(page)
    field(page, "Connection").select_option(label=names.of("Quarter"))
    if plain:
        press(page, "Show its boards")
    field(page, "Board").select_option(label="Content calendar")
    if plain:
        press(page, "Show its lists, owners and labels")
    field(page, "List").select_option(label="Finished")
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text(names.of("Publish 40 posts"))


def check_in_by_keyboard(page: Page, title: str) -> None:
    """In the round, where others' items may come first."""
    page.goto("/")
    page.get_by_role("link", name="Check-in round").press("Enter")
    expect(page.locator(".trail")).to_contain_text("Check-in round: 1 of")
    while page.get_by_role("heading", level=1).inner_text() != title:
        with page.expect_navigation():
            page.get_by_role("link", name="Skip", exact=True).press("Enter")
    expect(field(page, "Value")).to_be_focused()
    page.keyboard.type("40")
    page.keyboard.press("Tab")
    page.keyboard.type("Four of ten were held.")
    press_by_keyboard(page, "Save and next")


def press_by_keyboard(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).press("Enter")


def override_and_resume(page: Page, names: Names, counted: str) -> None:
    page.locator("#key-results").get_by_role("link", name=names.of("Publish 40 posts")).click()
    page.get_by_role("link", name="Check in", exact=True).click()
    field(page, "Value").fill("3")
    page.get_by_label("Stop updating, until someone resumes it").check()
    press(page, "Save")
    expect(measure(page)).to_have_attribute("data-value", "3.000000")
    press(page, "Refresh")
    expect(page.locator("[data-sync]")).to_have_attribute("data-sync", "calm")
    expect(measure(page)).to_have_attribute("data-value", "3.000000")
    expect(page.locator("main")).to_contain_text("Set by hand by Ada Ek")
    press(page, "Resume")
    expect(measure(page)).to_have_attribute("data-value", counted)


def review(page: Page, names: Names) -> None:
    """One objective is closed, the other goes on in the next cycle; then the cycle is closed."""
    page.goto("/cycles")
    page.get_by_role("row", name=names.of("Spring")).get_by_role("link", name="Review").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Review, {names.of('Spring')}")
    becomes = "What becomes of {}".format
    field(page, becomes(names.of("The firm grows"))).select_option(label="Close")
    on = f"Postpone into {names.of('Summer')}"
    for title in ("People find us", "Publish 40 posts", "Hold talks"):
        field(page, becomes(names.of(title))).select_option(label=on)
    press(page, "Save")
    expect(page.locator("main table").first).to_contain_text("Postponed")
    press(page, f"Close {names.of('Spring')}")
    expect(page.locator("main")).to_contain_text("Closed on")

    page.goto("/okrs?cycle=all&group=none&text=" + names.way)
    rows = page.locator(".row:not(.legend)", has_text=names.of("Hold talks"))
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="Postponed")).to_have_count(1)
    expect(page.locator(".row", has_text=names.of("The firm grows"))).to_contain_text("Closed")
    page.locator(".row:not(:has-text('Postponed'))").get_by_role(
        "link", name=names.of("Publish 40 posts")
    ).click()
    expect(page.locator("#source-panel")).to_be_visible()


def test_a_file_comes_in_by_keyboard_and_once(visitor: Visitor, names: Names) -> None:
    """With one word that has to be answered, and then again."""
    page, title = visitor.page, names.of("Win readers")
    file = csv_file([viva_row(title, **{"Object Type": "Big thing"})])
    for fate in ("new", "unchanged"):
        page.goto("/admin/import")
        content = {"name": f"{title}.csv", "mimeType": "text/csv", "buffer": file}
        field(page, "File").set_input_files(content)
        press_by_keyboard(page, "Send")
        press_by_keyboard(page, "Look at the rows")
        expect(page.get_by_text("Choose one from the list.")).to_be_visible()
        page.locator("select[aria-invalid]").focus()
        page.keyboard.type("Objective")
        press_by_keyboard(page, "Look at the rows")
        expect(page.locator("#counts")).to_contain_text(f"1 {fate}")
        if fate == "new":
            press_by_keyboard(page, "Import")
            expect(page.locator("#flashes")).to_contain_text("Imported.")
    expect(page.get_by_role("button", name="Import", exact=True)).to_have_count(0)
    expect(page.get_by_text("There is nothing to import")).to_be_visible()
    visitor.complaints[:] = [one for one in visitor.complaints if "422" not in one]
