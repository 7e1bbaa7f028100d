"""Stored XSS: everything that people and Trello may name is named by an attacker, and every page
is opened in a real browser. No script runs, no element comes of a name, and the content security
policy, which would stop what got through, has nothing to report.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.board import Board
from tests.attacks.crawling import (
    MOST_PAGES,
    PLANTED,
    ask_for_nonsense,
    assert_nothing_came_of_it,
    crawl,
)
from tests.attacks.hostile_files import hostile_document, hostile_table
from tests.attacks.text_columns import columns_in_doubt
from tests.browser.conftest import Visitor
from tests.browser.test_main_job import enable_trello, field, measure, pick_trello, press
from tests.support.installation import ADMIN_PASSWORD, Installation, free_port, running_installation

pytestmark = [pytest.mark.browser, pytest.mark.services]

REFUSED = re.compile(r"responded with a status of (404|422)")
WATCH = """
window.planted = () => console.error("a planted script ran");
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP", event.violatedDirective, event.blockedURI, event.sourceFile));
"""


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """One of its own: on the others' boards and in their lists the names would be in the way."""
    # With mail that nobody takes, so that pages show why.
    smtp_url = f"smtp://127.0.0.1:{free_port()}?from=okr@example.com"
    with running_installation(is_reachable=True, smtp_url=smtp_url) as installation:
        for number, board in enumerate(installation.sandbox.store.boards.values()):
            plant(board, number)
        people = installation.sandbox.store.people.values()
        for person in people:
            person["fullName"] = person["username"] = PLANTED
        done = installation.flask(
            "create-admin", "evil@example.com", "--name", PLANTED, "--password", ADMIN_PASSWORD
        )
        assert done.returncode == 0, done.stderr
        yield installation


def database_of(installation: Installation) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(installation.data_dir / "tally.sqlite3"))


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
        field(popup, "Only these boards").check()
        for board in popup.get_by_role("group", name="These boards").get_by_role("checkbox").all():
            board.check()
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
    field(page, "Description").fill(PLANTED)
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
    save(page, "/admin/workspace", {"Workspace name": PLANTED})
    save(page, "/profile", {"Name": PLANTED})
    save(page, "/teams/new", {"Name": PLANTED[:80]})
    page.goto("/cycles")
    field(page, "Name").fill(PLANTED[:80])
    page.locator("[name=first_day]").fill("2031-01-01")
    page.locator("[name=last_day]").fill("2031-03-31")
    press(page, "Add cycle")
    page.goto(f"/okrs?text={quote(PLANTED)}&owner=me")
    assert_nothing_came_of_it(page)
    page.locator("summary", has_text="Save this view").click()
    field(page, "Name").fill(PLANTED[:80])
    press(page, "Save view")
    expect(page.locator("#flashes")).to_contain_text("saved.")
    page.goto("/admin/people")
    field(page, "Name").fill(PLANTED)
    field(page, "Email").fill("nils@example.com")
    page.locator("main form:has([name=email]) button").last.click()
    assert_nothing_came_of_it(page)


def save(page: Page, path: str, typed: dict[str, str], button: str = "Save") -> None:
    page.goto(path)
    for label, text in typed.items():
        field(page, label).fill(text)
    go_on(page, button)


def go_on(page: Page, button: str) -> None:
    with page.expect_navigation():
        press(page, button)
    assert_nothing_came_of_it(page)


def end_some(page: Page) -> None:
    """What is made here ends in each of the ways there are, with what people say of it."""
    save(page, "/key-results/1/edit", {"Title": f"{PLANTED} anew"})
    save(page, "/key-results/1/check-in", {"Value": "3", "Note": PLANTED})
    for _ in range(2):
        save(page, "/objectives/new", {"Title": PLANTED})
    save(page, "/objectives/2/close", {"Note": PLANTED}, "Close")
    page.goto("/objectives/3/postpone")
    field(page, "Cycle").select_option(label=PLANTED[:80])
    go_on(page, "Postpone")


def import_files(page: Page) -> None:
    """One comes in, the other is left at the rows that it would become."""
    send(page, "json", hostile_document(PLANTED))
    go_on(page, "Import")
    expect(page.locator("#flashes")).to_contain_text("Imported.")
    send(page, "csv", hostile_table(PLANTED))


def send(page: Page, ending: str, content: bytes) -> None:
    page.goto("/admin/import")
    name = f"{PLANTED}.{ending}"
    field(page, "File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    go_on(page, "Send")
    go_on(page, "Look at the rows")
    for part, answer in (("kind", "key_result"), ("period", "leave-out"), ("order", "month-first")):
        for one in page.locator(f"select[name^={part}-][aria-invalid]").all():
            one.select_option(answer)
    if page.locator("[aria-invalid]").count():
        go_on(page, "Look at the rows")
    expect(page.locator("#rows")).to_be_visible()


BY_HAND = {
    "audit_entry": ("address",),
    "outgoing_mail": ("failure",),
    "person": ("email", "oidc_issuer", "oidc_subject"),
    "person_session": ("address",),
    "source": ("frozen_reason",),
    "trello_board": ("url", "failure"),
    "trello_connection": ("reconnect_reason", "webhook_problem"),
    "trello_connection_failure": ("sentence",),
    "trello_past": ("failure",),
    "trello_sync_run": ("failure",),
}
"""What no form takes as it is, and what Tally says itself, which may quote others: put into the
newest row."""
FAILURE = """
INSERT INTO trello_connection_failure (connection_id, kind, sentence, first_at, last_at, times)
SELECT id, 'down', '', created_at, created_at, 1 FROM trello_connection
"""


def put_in_by_hand(database: sqlite3.Connection) -> None:
    database.execute(FAILURE)
    database.execute("UPDATE trello_past SET gaps = json_array(?)", (PLANTED,))
    for table, columns in BY_HAND.items():
        newest = f"id = (SELECT max(id) FROM {table})" if table != "trello_past" else "true"
        for column in columns:
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {newest}", (PLANTED,))
    database.commit()


def test_no_script_that_someone_planted_runs_anywhere(
    visitor: Visitor, installation: Installation
) -> None:
    page = visitor.page
    connect(visitor)
    make_items(page)
    make_the_rest(page)
    end_some(page)
    import_files(page)
    installation.stop_worker()
    with database_of(installation) as database:
        put_in_by_hand(database)
    seen = crawl(page)
    for kind in ("/objectives/", "/key-results/", "/trello/sources/", "/connections", "/admin/"):
        assert any(path.startswith(kind) for path in seen), kind
    assert len(seen) < MOST_PAGES
    ask_for_nonsense(page)
    with database_of(installation) as database:
        assert not (doubts := columns_in_doubt(database)), "\n".join(doubts)
    page.context.clear_cookies()
    page.goto("/login")  # which tells everyone what the workspace is called
    expect(page.get_by_role("heading", level=1)).to_contain_text(PLANTED)
    assert_nothing_came_of_it(page)
    visitor.complaints[:] = [one for one in visitor.complaints if not REFUSED.search(one)]
    assert visitor.complaints == []
