"""Every page there is, as everyone meets it: readable by all, in both themes, on any width.

The pages are those of the access table's workspace; one that comes new is among them by itself.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, Route
from werkzeug.test import TestResponse

from app.accounts.models import OBSERVER, Person
from app.security import HTMX_URL
from tests.access.asking import Asker, asker
from tests.browser.conftest import HTMX_FILE
from tests.conftest import KEYS
from tests.support.client import Client
from tests.support.people import make_person

pytestmark = pytest.mark.browser

SITE = "http://localhost"
WHO = ("admin", "owner", "lead", "observer", "anonymous")
"""Whoever is let in first opens the page."""
MOST_ALIKE = 2
"""Pages of one route: what differs is whose they are."""
MORE = ("/cycles/1/review", "/objectives/7")
"""What the table does not ask for: the review of a cycle in which there is something, and the page
of what has ended."""
WIDTHS = (1280, 768, 320)
"""A screen, a tablet, and what four-fold enlargement leaves of the first."""
PHONE = 360
LARGEST_SHIFT = 0.05
FAILING = {
    "/login/openid": "the provider can't be reached",
    "/login/openid/callback": "nobody began to sign in",
    "/connections/trello/new": "Trello can't be reached",
    "/connections/trello/callback": "nobody began to connect",
}
"""Routes that have no page in that workspace but the one that says so, which is read as well."""
NO_PAGES = {
    "/setup": "once only; the first run has a test of its own",
    "/needs": "leads home, where it was before",
    "/admin/imports/<int:import_id>/progress": "part of a page, while an import runs",
    "/key-results/<int:key_result_id>/row": "part of a list",
    "/key-results/<int:key_result_id>/standing": "part of its page",
    "/objectives/<int:objective_id>/row": "part of a list",
    "/objectives/<int:objective_id>/standing": "part of its page",
    "/objectives/parents": "part of a form",
    "/live": "for scripts",
    "/live/counting": "for scripts",
    "/healthz": "for scripts",
    "/readyz": "for scripts",
    "/metrics": "for scripts",
    "/admin/audit.csv": "a file",
    "/okrs/export.csv": "a file",
    "/okrs/export.json": "a file",
    "/okrs/export.xlsx": "a file",
    "/static/<path:filename>": "files",
}
"""All other routes that answer GET have pages, and each of them is read."""
ON_A_PHONE = ["target-size", "scrollable-region-focusable"]
"""What depends on where things are."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

SHIFT = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.hadRecentInput ? 0 : entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
})"""
AXE = Axe().axe_script
EXAMINE = "(options) => axe.run(options).then((found) => found.violations)"
WIDER_THAN_SCREEN = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def asking(sqlite_template: Path) -> Iterator[Asker]:
    with asker(sqlite_template, KEYS) as asking:
        yield asking


def pages(asking: Asker) -> Iterator[tuple[str, str, str]]:
    """Route, address and visitor of every whole page; parts of pages are in these."""
    seen: Counter[str] = Counter()
    for request, _rule, options in asking.requests():
        if request.method != "GET" or seen[request.route] == MOST_ALIKE:
            continue
        for role in WHO:
            answer = asking.ask(role, "GET", **options)
            is_page = answer.status < 300 or request.route in FAILING and answer.status >= 400
            if is_page and "<!doctype html>" in answer.text:
                query = options.get("query_string")
                asked = "?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""
                seen[request.route] += 1
                yield request.route, f"{options['path']}{asked}", role
                break


class Reader:
    """A browser that gets its pages from the app without a server between."""

    def __init__(self, chromium: Browser, get: Callable[[str, str], TestResponse]) -> None:
        """`get` answers an address to a role."""
        self._get = get
        self.role = "anonymous"
        self.page: Page = chromium.new_page(base_url=SITE)
        self.page.route("**/*", self._answer)
        self.problems: list[str] = []

    def _answer(self, route: Route) -> None:
        if route.request.url == HTMX_URL:
            route.fulfill(path=HTMX_FILE, headers={"Access-Control-Allow-Origin": "*"})
            return
        answer = self._get(route.request.url.removeprefix(SITE), self.role)
        route.fulfill(
            status=answer.status_code, headers=dict(answer.headers), body=answer.get_data()
        )

    def read(self, address: str, role: str) -> None:
        """Open the page and note what is wrong with it."""
        self.role = role
        where = f"{address} as {role}"
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        self.page.emulate_media(color_scheme="light")
        self.page.goto(address)
        shift = self.page.evaluate(SHIFT)
        if shift > LARGEST_SHIFT:
            self.problems.append(f"{where}: what is there moves by {shift:.3f}")
        self.page.evaluate(AXE)
        self._examine(where, {"runOnly": {"type": "tag", "values": TAGS}})
        self.page.emulate_media(color_scheme="dark")
        self._examine(f"{where}, dark", {"runOnly": ["color-contrast"]})
        for width in WIDTHS[1:]:
            self.page.set_viewport_size({"width": width, "height": 900})
            if self.page.evaluate(WIDER_THAN_SCREEN):
                self.problems.append(f"{where}: wider than {width} px")
        self._enlarge_to_the_whole(PHONE)
        self._examine(f"{where}, on a phone", {"runOnly": ON_A_PHONE})

    def _enlarge_to_the_whole(self, width: int) -> None:
        """So that nothing that stays in place while one scrolls lies over anything."""
        self.page.set_viewport_size({"width": width, "height": 900})
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": width, "height": height})

    def _examine(self, where: str, options: dict[str, object]) -> None:
        for one in self.page.evaluate(EXAMINE, {"resultTypes": ["violations"], **options}):
            nodes = [node["html"][:120] for node in one["nodes"][:3]]
            self.problems.append(f"{where}: {one['id']}, {one['help']}: {nodes}")


@pytest.fixture
def reader(chromium: Browser, asking: Asker) -> Reader:
    def get(address: str, role: str) -> TestResponse:
        headers = {"Cookie": asking.world.browsers[role].cookie}
        browser = asking.app.test_client(use_cookies=False)
        return browser.get(address, headers=headers, buffered=True)

    return Reader(chromium, get)


def test_every_page_can_be_read_by_everyone(reader: Reader, asking: Asker) -> None:
    opened = list(pages(asking))
    for _route, address, role in opened:
        reader.read(address, role)
    for address in MORE:
        reader.read(address, "admin")
    read = {route for route, _address, _role in opened}
    asked = {str(rule) for rule in asking.rules if "GET" in (rule.methods or ())}
    assert asked - read == NO_PAGES.keys(), "neither read nor said to have no page"
    assert not reader.problems, "\n".join(reader.problems)


def test_all_bars_of_a_list_are_equally_long(reader: Reader) -> None:
    """Whatever the status beside them says, so that their marks stand one below the other."""
    reader.role = "admin"
    reader.page.goto("/okrs")
    assert {"At risk", "Not started", "Closed"} <= set(
        reader.page.locator(".status").all_inner_texts()
    )
    second_line = '<span class="met">target met</span>'
    reader.page.locator(".status").first.evaluate("(it, more) => it.innerHTML += more", second_line)
    for width in (*WIDTHS, PHONE):
        reader.page.set_viewport_size({"width": width, "height": 900})
        for bars in (".row.head .bar", ".row.kr .bar"):
            lengths = reader.page.locator(bars).evaluate_all(
                "(bars) => bars.map((bar) => Math.round(bar.getBoundingClientRect().width))"
            )
            assert len(lengths) > 1 and len(set(lengths)) == 1, f"{bars} at {width} px: {lengths}"


def test_on_paper_there_is_nothing_to_press(reader: Reader) -> None:
    reader.role = "owner"
    for address in ("/okrs", "/okrs/tree", "/objectives/1", "/key-results/1"):
        reader.page.goto(address)
        reader.page.emulate_media(media="print")
        pressed = reader.page.locator("main :is(button, select, input, textarea, .button):visible")
        assert pressed.all_inner_texts() == [], address
        assert not reader.page.get_by_text("Delete", exact=True).locator("visible=true").count()


def test_so_can_the_pages_of_an_empty_workspace(
    chromium: Browser, app: Flask, alice: Person
) -> None:
    people = {"admin": alice, "observer": make_person("Olga Orth", OBSERVER)}
    clients = {role: Client(app) for role in people}
    for role, client in clients.items():
        client.sign_in(people[role])
    reader = Reader(chromium, lambda address, role: clients[role].get(address))
    opened = 0
    for role, client in clients.items():
        for link in client.page("/").all("nav a"):
            if client.page(link["href"]).all(".empty"):
                reader.read(link["href"], role)
                opened += 1
    assert opened > 8
    assert not reader.problems, "\n".join(reader.problems)


def test_so_can_the_page_of_the_first_run(chromium: Browser, app: Flask) -> None:
    client = Client(app)
    reader = Reader(chromium, lambda address, role: client.get(address))
    reader.read("/setup", "anonymous")
    assert reader.page.title() == "Set up Tally · Tally"
    assert not reader.problems, "\n".join(reader.problems)
