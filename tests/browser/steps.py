"""What people do again and again in the browser."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor


def field(page: Page, label: str) -> Locator:
    return page.get_by_label(label, exact=True)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def connect_account(visitor: Visitor, name: str) -> None:
    page = visitor.page
    enable_trello(page)
    page.get_by_role("link", name="Manage").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="New connection", exact=True).click()
    popup = opened.value
    popup.get_by_label("Mina Lund").check()
    popup.get_by_role("button", name="Allow").click()
    if visitor.has_javascript:
        with popup.expect_event("close"):
            configure(popup, name)
    else:
        configure(popup, name)
        expect(popup.get_by_role("heading", level=1)).to_have_text("Connected")
    expect(page.get_by_role("heading", level=1)).to_have_text("Trello")


def configure(popup: Page, name: str) -> None:
    expect(popup.get_by_role("heading", level=1)).to_have_text("Set up the new connection")
    field(popup, "Name").fill(name)
    field(popup, "Everyone").check()
    field(popup, "All boards").check()
    press(popup, "Save")


def create_objective(page: Page, title: str) -> None:
    page.goto("/objectives/new")
    field(page, "Title").fill(title)
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def enable_trello(page: Page) -> None:
    page.goto("/admin/integrations")
    enable = page.get_by_role("button", name="Enable", exact=True)
    if enable.count():
        enable.click()


def pick_trello(page: Page) -> None:
    press(page, "Connect data source to auto-update progress")
    press(page, "Trello")


def measure(page: Page) -> Locator:
    return page.locator("[data-measure]")


def count_finished_cards(page: Page) -> None:
    """Let what the form makes count the cards in the list "Finished", and save it."""
    pick_trello(page)
    field(page, "Board").select_option(label="Content calendar")
    field(page, "List").select_option(label="Finished")
    press(page, "Save")
