"""Lists too long to look through: typing narrows them down, and loses nothing that is chosen."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from app.accounts.models import Person
from tests.browser.test_every_page import Reader
from tests.okrs.items import make_cycle
from tests.support.client import Client
from tests.support.people import make_person

pytestmark = pytest.mark.browser


@pytest.fixture
def reader(chromium: Browser, app: Flask, alice: Person) -> Reader:
    make_cycle()
    for number in range(20):
        make_person(f"Erika Muster {number}", email=f"e{number}@example.com")
    make_person("Örjan Lund")
    client = Client(app)
    client.sign_in(alice)
    return Reader(chromium, lambda address, _role: client.get(address))


def test_people_are_found_by_any_part_of_their_name(reader: Reader) -> None:
    page = reader.page
    page.goto("/objectives/new")
    owner, find = page.get_by_label("Owner", exact=True), page.get_by_label("Find people").first
    assert owner.locator("option").count() == 22
    find.fill("lund o")
    assert owner.locator("option").all_text_contents() == ["Alice Adams", "Örjan Lund"]
    expect(find.locator("+ [role=status]")).to_have_text("1 found")
    owner.select_option("Örjan Lund")
    find.fill("muster 13")
    assert owner.locator("option").all_text_contents() == ["Erika Muster 13", "Örjan Lund"]
    assert owner.evaluate("(one) => one.selectedOptions[0].textContent") == "Örjan Lund"
    find.press("Enter")
    assert page.url.endswith("/objectives/new")
    find.fill("")
    assert owner.locator("option").count() == 22
    assert owner.evaluate("(one) => one.selectedOptions[0].textContent") == "Örjan Lund"


def test_those_ticked_stay_in_sight(reader: Reader) -> None:
    page = reader.page
    page.goto("/objectives/new")
    page.get_by_label("Only chosen people").check()
    chosen = page.get_by_role("group", name="Chosen people")
    chosen.get_by_label("Erika Muster 3").check()
    chosen.get_by_label("Find people").fill("örjan")
    shown = [one for one in chosen.locator("li").all() if one.is_visible()]
    assert [one.inner_text().strip() for one in shown] == ["Erika Muster 3", "Örjan Lund"]
