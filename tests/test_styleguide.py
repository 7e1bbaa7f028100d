"""The page of components: what is there, and for whom."""

import re
from pathlib import Path

from sqlalchemy import func, select

from app.accounts.models import Person
from app.db import db
from app.okrs.models import Measure
from app.okrs.standing import STATUS_WORDS
from tests.support.client import Client


def test_the_page_shows_each_status_and_each_state_of_a_source(
    client: Client, alice: Person
) -> None:
    client.sign_in(alice)
    page = client.page("/styleguide")
    assert [one.text for one in page.all("h2")] == [
        "Type",
        "The bar and the status",
        "Rows",
        "Tree",
        "Buttons, chips and labels",
        "Fields",
        "Facts and tables",
        "What it counts",
        "What choices give",
        "Messages",
        "Chart",
        "Timeline",
    ]
    for word in STATUS_WORDS.values():
        assert word in page.text
    for state in ("counting", "stands still", "set by hand", "no cards match", "4 minutes ago"):
        assert state in page.text
    assert page.one("#wrong-title")["aria-invalid"] == "true"
    assert "Give it a title." in page.text
    assert page.one("[data-narrows]")["data-narrows"] == page.one(".checks")["id"]


ONLY_ELSEWHERE = {
    "bare": "pages without navigation",
    "column": "how wide a page is",
    "link": "a form and its preview side by side",
    "nowrap": "a utility, in a cell",
    "many": "tables with more columns than there is room for",
    "board": "tables of boards",
    "evidence": "the page of the cards that counted",
    "why": "the same page",
    **dict.fromkeys(("distribution", "review", "part"), "the review of a cycle"),
    **{f"d{depth}": "deeper levels of the tree" for depth in range(2, 9)},
    "under": "rows that stand apart from their objective",
    "whole": "a fact with many words",
    "folded-picks": "filters on a phone",
    "waits": "a chart whose past is still being read",
    "from-broad": "words on a chart that is wide",
    "leads": "a chart with a pointer on it",
    "late": "a message that came after the page",
    "step": "pages without htmx",
    "system": "the tables of Admin, System, whose columns stand in line",
}
"""Classes of components that the page does not have, and where they are to be seen."""


def test_it_shows_each_component_of_the_stylesheet(client: Client, alice: Person) -> None:
    sheet = (Path(__file__).parent.parent / "static/style.css").read_text()
    sheet = re.sub(r"/\*(?! == ).*?\*/", "", sheet, flags=re.S)
    _, _, components = sheet.partition("/* == Components == */")
    components, _, _ = components.partition("/* == Narrow screens == */")
    named = set(re.findall(r"\.([a-z][\w-]*)", components))
    client.sign_in(alice)
    page = client.page("/styleguide")
    shown = {name for node in page.root.walk() for name in node.get("class").split()}
    assert named - shown == ONLY_ELSEWHERE.keys()


def test_nothing_of_it_is_stored(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    client.page("/styleguide")
    assert db.session.scalar(select(func.count()).select_from(Measure)) == 0


def test_it_is_for_admins_alone(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    assert client.get("/styleguide").status_code == 403


def test_whoever_develops_sees_it_too(client: Client, bob: Person) -> None:
    client.app.debug = True
    client.sign_in(bob)
    client.page("/styleguide")
