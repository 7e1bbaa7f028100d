"""The page of components: what is there, and for whom."""

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
        "Buttons, chips and labels",
        "Fields",
        "Facts and tables",
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
