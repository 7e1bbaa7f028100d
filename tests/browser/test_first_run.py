"""The main job from an empty database to the cards behind a number, without a detour: by keys
alone, and without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox import changes
from tests.browser.conftest import Visitor
from tests.browser.keyboard import Keyboard, connect
from tests.browser.steps import configure, field, measure, pick_trello, press
from tests.support.installation import Installation, running_installation

pytestmark = [pytest.mark.browser, pytest.mark.services]

TITLE = "People find us"
COUNTED = re.compile("Which cards (would have )?counted")


@pytest.fixture
def installation() -> Iterator[Installation]:
    """One that nobody has set up."""
    with running_installation(is_new=True) as installation:
        yield installation


@pytest.fixture(params=[True, False], ids=["keys", "no-javascript"])
def newcomer(
    request: pytest.FixtureRequest, chromium: Browser, installation: Installation
) -> Iterator[Visitor]:
    visitor = Visitor(chromium, installation, javascript=request.param)
    yield visitor
    visitor.check()


def test_from_setup_to_what_came_and_went(newcomer: Visitor, installation: Installation) -> None:
    sandbox, page = installation.sandbox, newcomer.page
    board = sandbox.store.board("Content calendar")
    finished = board.list_("Finished")
    begin = begin_by_keyboard if newcomer.has_javascript else begin_without_javascript
    begin(newcomer, sandbox.api_key, sandbox.api_secret)
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    before = float(measure(page).get_attribute("data-value") or "")
    assert before > 0
    changes.add_card(board, finished, "One more")
    look = look_by_keyboard if newcomer.has_javascript else look_without_javascript
    look(page, before)


def begin_by_keyboard(newcomer: Visitor, key: str, secret: str) -> None:
    page = newcomer.page
    browser = newcomer.context.new_cdp_session(page)
    browser.send("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Berlin"})
    page.goto("/")
    keys = Keyboard(page)
    expect(page).to_have_title("Set up Tally · Tally")
    expect(field(page, "Time zone")).to_have_value("Europe/Berlin")
    for label, text in (
        ("Your name", "Ada Ek"),
        ("Email", "ada@example.com"),
        ("Password", "correct horse battery"),
        ("Workspace name", "Lund & Co"),
        ("Time zone", "Europe/Stock"),
    ):
        keys.type(label, text)
    expect(field(page, "Time zone")).to_have_value("Europe/Stockholm")
    keys.goes_to(lambda: keys.press("Set up"), "Hello, Ada Ek")
    keys.goes_to(lambda: keys.follow("enable an integration"), "Integrations")
    keys.goes_to(lambda: keys.press("Enable"), "Integrations")
    keys.goes_to(lambda: keys.follow("Manage"), "Trello")
    keys.type("API key", key)
    keys.type("API secret", secret)
    keys.goes_to(lambda: keys.press("Save"), "Trello")
    keys.goes_to(lambda: keys.follow("Home", "Shift+Tab"), "Hello, Ada Ek")
    keys.goes_to(lambda: keys.follow("an objective"), "New objective")
    keys.type("Title", TITLE)
    keys.type("Measure", "KPI")
    keys.type("Target", "40")
    keys.press("Connect data source to auto-update progress")
    expect(page.get_by_role("button", name="Trello", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#source")).to_contain_text("No Trello account is connected")
    expect(page.get_by_role("link", name="Connect an account")).to_be_focused()
    connect(keys)
    expect(field(page, "Title")).to_have_value(TITLE)
    expect(field(page, "Connection").locator("option:checked")).to_have_text("By keyboard")
    keys.type("Board", "Content")
    expect(field(page, "List")).to_be_visible()
    keys.type("List", "Finished")
    keys.goes_to(lambda: keys.press("Save"), TITLE)


def look_by_keyboard(page: Page, before: float) -> None:
    keys = Keyboard(page)
    keys.press("Refresh")
    expect(measure(page)).to_have_attribute("data-value", f"{before + 1:.6f}")
    address = page.url
    keys.goes_to(lambda: keys.follow("Which cards"), "Which cards count")
    expect_both_kinds(page)
    keys.to(page.locator("#changes a").first)
    keys.goes_to(lambda: page.keyboard.press("Enter"), "Which cards counted")
    expect(page.locator("#changes")).to_contain_text("One more")
    page.goto(address)
    keys.to(page.get_by_role("slider"))
    page.keyboard.press("End")
    expect(page.locator(".told .words")).to_contain_text(f"{before + 1:.0f}")
    keys.goes_to(lambda: page.keyboard.press("Enter"), COUNTED)


def begin_without_javascript(newcomer: Visitor, key: str, secret: str) -> None:
    page = newcomer.page
    page.goto("/")
    field(page, "Your name").fill("Ada Ek")
    field(page, "Email").fill("ada@example.com")
    field(page, "Password").fill("correct horse battery")
    field(page, "Workspace name").fill("Lund & Co")
    field(page, "Time zone").select_option("Europe/Berlin")
    press(page, "Set up")
    page.get_by_role("link", name="enable an integration").click()
    press(page, "Enable")
    page.get_by_role("link", name="Manage").click()
    field(page, "API key").fill(key)
    field(page, "API secret").fill(secret)
    press(page, "Save")
    page.get_by_role("link", name="Home").click()
    page.get_by_role("link", name="an objective", exact=True).click()
    field(page, "Title").fill(TITLE)
    field(page, "Measure").select_option("KPI")
    field(page, "Target").fill("40")
    pick_trello(page)
    expect(page.locator("#source")).to_contain_text("No Trello account is connected")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Connect an account").click()
    opened.value.get_by_role("button", name="Allow").click()
    configure(opened.value, "Marketing")
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Connected")
    press(page, "Reload connections")
    expect(field(page, "Title")).to_have_value(TITLE)
    expect(field(page, "Connection").locator("option:checked")).to_have_text("Marketing")
    field(page, "Board").select_option(label="Content calendar")
    press(page, "Show its lists, owners and labels")
    field(page, "List").select_option(label="Finished")
    press(page, "Save")


def look_without_javascript(page: Page, before: float) -> None:
    press(page, "Refresh")
    expect(measure(page)).to_have_attribute("data-value", f"{before + 1:.6f}")
    address = page.url
    page.get_by_role("link", name="Which cards").first.click()
    expect_both_kinds(page)
    page.locator("#changes a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which cards counted")
    expect(page.locator("#changes")).to_contain_text("One more")
    page.goto(address)
    page.get_by_text("Readings as a table").click()
    page.locator("#chart details tbody a").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(COUNTED)


def expect_both_kinds(page: Page) -> None:
    """What counts, what does not and why, and what came since."""
    expect(page.get_by_role("link", name="One more", exact=True).first).to_be_visible()
    not_counted = page.locator("#others")
    expect(not_counted.get_by_role("row").nth(1)).to_contain_text("in another list")
    expect(page.locator("[data-change=enter]").first).to_contain_text("One more")
