"""Going through every page and form in a browser: did anything come of what was planted?"""

import re
from collections import Counter
from html import unescape
from urllib.parse import quote

from playwright.sync_api import Error, Page

PLANTED = (
    """'"><b data-planted>x</b><script>planted()</script><img src=x onerror=planted()>{{7*7}}"""
)
MOST_PAGES = 150
MOST_ALIKE = 3
"""Addresses that differ in a number or in their query alone."""
DOWNLOAD = re.compile(r"\.(csv|xlsx|json)$")
TYPED = "input:is([type=text], [type=email], [type=date], [type=search]), textarea"
FORMS = (
    f"[...document.querySelectorAll('main form')].filter((form) => form.querySelector('{TYPED}'))"
)
MISTYPE = """([number, text]) => {
  const form = %s[number];
  form.noValidate = true;
  for (const one of form.querySelectorAll("%s")) {
    if (one.tagName === "INPUT") one.type = "text";
    one.removeAttribute("maxlength");
    one.value = text;
  }
  for (const one of form.querySelectorAll("select")) one.add(new Option(text, text, true, true));
  const button = form.querySelector("button.main[name]");
  if (button) form.insertAdjacentHTML("beforeend", `<input name="${button.name}" value="save">`);
  HTMLFormElement.prototype.submit.call(form);
}"""


def assert_nothing_came_of_it(page: Page) -> None:
    assert page.locator("[data-planted], img[src=x], [onerror]").count() == 0, page.url
    assert "planted()>49" not in unescape(_content(page)), page.url


def _content(page: Page) -> str:
    """Of a page that may just give way to the next, as the one of an import does at its end."""
    for _ in range(100):
        try:
            return page.content()
        except Error as error:
            if "navigating" not in error.message:
                raise
            page.wait_for_timeout(50)
    raise AssertionError(f"{page.url} gives way to another page for ever")


def shape_of(path: str) -> str:
    """One for all the items, people … whose forms are the same; their own pages all differ."""
    bare = path.partition("?")[0]
    return bare if bare.count("/") == 2 else re.sub(r"\d+", "0", bare)


def crawl(page: Page) -> set[str]:
    """Open every page that can be reached by links; those to Trello are left alone."""
    seen: set[str] = set()
    mistyped: set[str] = set()
    waiting, known, alike = ["/"], {"/"}, Counter[str]()
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop()
        seen.add(path)
        visit(page, path)
        links = page.evaluate(
            "[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))"
        )
        for link in links:
            assert not link.lower().strip().startswith("javascript"), path
            address = link.partition("#")[0]
            is_here = address.startswith("/") and not address.startswith("//")
            leads_away = "/connections/trello/new" in address or DOWNLOAD.search(address)
            shape = shape_of(address)
            if is_here and not leads_away and address not in known and alike[shape] < MOST_ALIKE:
                alike[shape] += 1  # a tree can be folded in more ways than there are pages
                known.add(address)
                waiting.append(address)
        kind = re.sub(r"\d+", "0", path.partition("?")[0])
        if kind not in mistyped:
            mistyped.add(kind)
            mistype(page, path)
    return seen


def visit(page: Page, path: str) -> None:
    answer = page.goto(path, wait_until="load")
    assert answer is not None and answer.ok, f"{path}, which is linked to, is not there"
    assert_nothing_came_of_it(page)


def mistype(page: Page, path: str) -> None:
    """Send every form of the page with nonsense in all fields: answers may repeat what came."""
    for number in range(page.evaluate(f"{FORMS}.length")):
        if number:
            page.goto(path)
        with page.expect_navigation():
            page.evaluate(MISTYPE % (FORMS, TYPED), [number, PLANTED])
        assert_nothing_came_of_it(page)


def ask_for_nonsense(page: Page) -> None:
    """Addresses that no link and no form has."""
    nonsense = quote(PLANTED, safe="")
    for path in (
        "/{}",
        "/okrs/tree?cycle={0}&levels={0}&shut={0}&root={0}&page={0}",
        "/trello/sources/1/cards?at={}",
        "/admin/imports/2/dry-run?fate={0}&page={0}",
        "/check-ins/round?saved={0}&skipped={0}",
        "/objectives/new?cycle={0}&under={0}&team={0}",
        "/unsubscribe/{}",
    ):
        page.goto(path.format(nonsense))
        assert_nothing_came_of_it(page)
    for path in ("/okrs/export.csv", "/okrs/export.json", "/okrs/export.xlsx", "/admin/audit.csv"):
        headers = page.request.get(path).headers
        assert re.fullmatch(r"attachment; filename=[\w.-]+", headers["content-disposition"]), path
        assert headers["x-content-type-options"] == "nosniff"
        assert "html" not in headers["content-type"]
