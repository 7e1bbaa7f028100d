"""How far an import has come: told while it goes on, for the page that began it and for others."""

import pytest
import redis
from sqlalchemy.exc import IntegrityError

from app import progress
from app.db import db
from app.okrs.models import Cycle, KeyResult
from app.okrs.moving import import_views, making
from app.okrs.moving.models import Import
from app.okrs.moving.so_far import SoFar, words
from tests.okrs.items import count_of
from tests.okrs.moving.files import KEY_RESULT, OBJECTIVE, answer_all, begin, csv_file, viva_row

FILE = csv_file([OBJECTIVE, KEY_RESULT])
ASIDE = {"HX-Request": "true"}


@pytest.fixture
def number(client, alice, bob):
    """An import that may be run."""
    client.sign_in(alice)
    number = begin(client, FILE)
    answer_all(client, number)
    return number


def test_rows_are_told_as_they_are_looked_at_and_items_as_they_are_written(
    client, alice, bob, kept, monkeypatch
):
    client.sign_in(alice)
    rows = [viva_row(f"Objective {n}", Id=str(100 + n)) for n in range(700)]
    number = begin(client, csv_file(rows))
    answer_all(client, number)
    heard = []
    tell, insert = progress.tell, making.insert_rows

    def hear(work, **known):
        tell(work, **known)
        heard.append(words(number))

    def insert_seen(*args):
        heard.append(count_of(KeyResult))  # nothing is there before the end
        return insert(*args)

    monkeypatch.setattr(progress, "tell", hear)
    monkeypatch.setattr(making, "insert_rows", insert_seen)
    client.post(f"/admin/imports/{number}/run")
    assert heard == [
        "0 of 700 rows looked at.",
        "0 of 700 rows looked at.",
        "500 of 700 rows looked at.",
        "0 of 700 items written.",
        0,
        "500 of 700 items written.",
        0,
        "700 of 700 items written.",
    ]
    assert not kept.values
    assert count_of(Cycle) == len({one.name for one in db.session.query(Cycle)})


def test_while_it_comes_in_its_pages_say_how_far_and_then_lead_on(client, number, kept):
    SoFar(number, 5000)
    for address in (f"/admin/imports/{number}", f"/admin/imports/{number}/dry-run"):
        page = client.page(address)
        assert page.one("h1").text == "export.csv is being imported"
        assert page.one("#import-progress").text == "0 of 5,000 rows looked at."
        assert page.all("noscript meta[http-equiv=refresh]")
    question = page.one("#import-progress")["hx-get"]
    shown = client.see_fragment(client.get(question, headers=ASIDE)).one("#import-progress")
    assert (shown.text, shown["hx-trigger"]) == ("0 of 5,000 rows looked at.", "every 1s")


def test_the_page_that_began_it_asks_until_it_is_led_on(client, number, kept):
    page = client.page(f"/admin/imports/{number}/dry-run")
    part = page.one("#import-progress")
    assert part["hx-trigger"] == "submit from:#run" and page.one("#run")["hx-disable"]
    answer = client.see_fragment(client.get(part["hx-get"], headers=ASIDE))
    assert answer.one("#import-progress")["hx-trigger"] == "every 1s"
    assert answer.one("#import-progress").text == part.text
    done = client.post(f"/admin/imports/{number}/run", htmx=True)
    assert done.headers["HX-Redirect"] == f"/admin/imports/{number}"
    assert "Imported." in client.page(f"/admin/imports/{number}").one("#flashes").text
    again = client.post(f"/admin/imports/{number}/run", htmx=True)
    assert again.headers["HX-Redirect"] == f"/admin/imports/{number}"
    assert count_of(KeyResult) == 1
    assert client.get(part["hx-get"]).headers["Location"] == f"/admin/imports/{number}"


def test_what_broke_off_is_undone_and_can_be_started_again(client, number, kept, monkeypatch):
    def fail(*_):
        raise IntegrityError("", {}, Exception())

    with monkeypatch.context() as patch:
        patch.setattr(import_views, "do_import", fail)
        answer = client.post(f"/admin/imports/{number}/run", htmx=True)
    assert answer.headers["HX-Redirect"] == f"/admin/imports/{number}/dry-run"
    assert not kept.values and count_of(KeyResult) == 0
    assert client.post(f"/admin/imports/{number}/run").status_code == 303
    assert db.session.get_one(Import, number).done_at is not None


def test_without_redis_it_comes_in_all_the_same(client, number, monkeypatch):
    def refuse():
        raise redis.ConnectionError

    monkeypatch.setattr(progress, "client", refuse)
    client.post(f"/admin/imports/{number}/run")
    assert count_of(KeyResult) == 1


def test_whoever_looks_on_is_told_when_it_broke_off(client, number, kept):
    SoFar(number, 5000)
    page = client.page(f"/admin/imports/{number}")
    without_script = page.one("noscript meta")["content"].partition("url=")[2]
    assert client.get(without_script).headers["Location"] == f"/admin/imports/{number}"
    kept.values.clear()  # as when the server was stopped
    question = page.one("#import-progress")["hx-get"]
    answer = client.get(question, headers=ASIDE)
    assert answer.headers["HX-Redirect"] == f"/admin/imports/{number}/dry-run"
    dry_run = client.page(f"/admin/imports/{number}/dry-run")
    for page in (dry_run, client.follow(client.get(without_script))):
        assert page.flashes == [
            "The import broke off before its end, so nothing has changed. Look at the rows, then "
            "press Import once more."
        ]
        assert page.named("Import")
    SoFar(number, 5000)
    client.post(f"/admin/imports/{number}/run")
    answer = client.get(question, headers=ASIDE)
    assert answer.headers["HX-Redirect"] == f"/admin/imports/{number}"
    assert client.page(f"/admin/imports/{number}").flashes == ["Imported."]


def test_the_page_that_began_it_says_what_became_of_it_though_its_answer_got_lost(
    client, number, kept
):
    def asked(part):
        return client.see_fragment(client.get(part["hx-get"], headers=ASIDE)).one(
            "#import-progress"
        )

    waits = client.page(f"/admin/imports/{number}/dry-run").one("#import-progress")
    before = asked(waits)
    SoFar(number, 5000)
    told = asked(before)
    assert told.text == asked(told).text == "0 of 5,000 rows looked at."
    kept.values.clear()  # as when the server was stopped
    broke_off = asked(told)
    assert broke_off.text == (
        "It broke off before its end, so nothing has changed. Press Import once more."
    )
    assert (broke_off["hx-trigger"], broke_off["hx-get"]) == (waits["hx-trigger"], waits["hx-get"])
    client.post(f"/admin/imports/{number}/run")
    done = asked(told)
    assert done.text == "All of it is in: look at what came of it."
    assert "hx-get" not in done and done.one("a")["href"] == f"/admin/imports/{number}"
