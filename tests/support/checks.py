"""What every page has to keep to, whatever it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.html import Node, Page

_POINTING = ("for", "form", "aria-labelledby", "aria-describedby", "aria-controls", "list")
_UNNAMED = ("hidden", "submit", "button", "reset", "image")


def page_problems(page: Page) -> list[str]:
    return [
        *_frame(page),
        *fragment_problems(page),
        *_unlabelled(page),
        *_broken_references(page),
    ]


def fragment_problems(page: Page) -> list[str]:
    """Also for parts of a page, whose labels and targets may lie outside."""
    problems = [f"the tags do not match: {one}" for one in page.mismatches]
    problems += page.repeated
    ids = Counter(node["id"] for node in page.root.walk() if "id" in node)
    problems += [f"the id {one} occurs {count} times" for one, count in ids.items() if count > 1]
    for node in page.root.walk():
        problems += [f"{node}: {problem}" for problem in _node(node, page)]
    return problems


def _frame(page: Page) -> Iterator[str]:
    if page.html[:15].lower() != "<!doctype html>":
        yield "the page does not begin with <!doctype html>"
    headings = page.all("h1")
    if len(headings) != 1 or not headings[0].text:
        yield f"a page has one h1, this one has {len(headings)}"
    titles = page.all("head title")
    if len(titles) != 1 or not titles[0].text.partition("·")[0]:
        yield "the page has no title"
    if not page.all("html[lang]"):
        yield "the page does not say its language"


def _unlabelled(page: Page) -> Iterator[str]:
    from tests.support.html import name_of

    for node in page.root.walk():
        is_field = node.tag in ("input", "select", "textarea") and node.get("type") not in _UNNAMED
        if is_field and not name_of(node, page):
            yield f"{node}: the field has no label"


def _broken_references(page: Page) -> Iterator[str]:
    ids = {node["id"] for node in page.root.walk() if "id" in node}
    for node in page.root.walk():
        for name, value in node.attrs.items():
            for target in value.split() if name in _POINTING else ():
                if target not in ids:
                    yield f"{node}: {name} points at {target}, which is not on the page"


def _node(node: Node, page: Page) -> Iterator[str]:
    """The content security policy forbids inline scripts, styles and hx-on; people need names."""
    from tests.support.html import name_of

    if node.tag == "style" or "style" in node:
        yield "styles belong in the stylesheet"
    if node.tag == "script" and ("src" not in node or node.text):
        yield "scripts belong in files"
    for name in node.attrs:
        if name.startswith(("on", "hx-on")):
            yield f"{name} is a script in the page"
    if "maxlength" in node and node.get("type") != "search":
        yield "browsers cut what is pasted without a word; the form must say what is too long"
    if "[" in node.get("hx-trigger"):
        yield "a trigger filter needs eval"
    if node.tag == "form" and node.get("method").lower() == "post":
        tokens = [one for one in node.all("input[name=csrf_token]") if one.get("value")]
        if len(tokens) != 1:
            yield f"the form has {len(tokens)} CSRF tokens"
    if (
        node.tag == "form"
        and node.get("method", "get").lower() == "get"
        and node.all("input[name=csrf_token]")
    ):
        yield "the CSRF token would stand in the address"
    if (node.tag == "button" or (node.tag == "a" and "href" in node)) and not name_of(node, page):
        yield "it has no name"
    if node.tag == "img" and "alt" not in node:
        yield "the image has no alt"
