"""What is said when a request fails: a page, or for htmx a sentence in the page at hand."""

import pytest
from flask import template_rendered
from sqlalchemy import text

from app import outages
from app.db import db, make_engine
from app.okrs import drafts, loading
from tests.okrs.items import make_cycle, make_key_result, make_objective
from tests.support.html import Page


@pytest.fixture
def breaking(app, monkeypatch):
    """The app as it runs for people, with a loader that fails."""

    def fail(_by_admin):
        raise RuntimeError("broken")

    app.testing = False
    monkeypatch.setattr(loading, "_objective", fail)


def assert_page_stays(response, status, sentence):
    """Nothing but the message changes on the page that asked."""
    assert response.status_code == status
    assert response.headers["HX-Reswap"] == "none"
    part = Page(response.text)
    part.check_fragment()
    assert [node for node in part.root.children if str(node).strip()] == [part.one("#flashes")]
    assert part.one("#flashes")["hx-swap-oob"] == "innerHTML"
    assert part.flashes == [sentence]
    assert part.one(".flash").classes == ["flash", "error", "late"]


def test_a_change_of_what_is_gone(client, bob):
    client.sign_in(bob)
    assert_page_stays(
        client.post("/objectives/99/edit", htmx=True),
        404,
        "There is nothing here. It may have been deleted, or it is not shared with you.",
    )


def test_a_change_with_a_token_of_another_session(client, bob):
    client.sign_in(bob)
    assert_page_stays(
        client.send("POST", "/objectives/new", htmx=True),
        400,
        "This page is no longer valid. "
        "You may have signed in or out in another tab. "
        "Copy what you typed, reload the page and try again.",
    )


def test_a_change_that_fails(client, bob, breaking):
    client.sign_in(bob)
    assert_page_stays(
        client.post("/objectives/1/edit", htmx=True),
        500,
        "Something went wrong on our side. Nothing was saved. Try again in a moment.",
    )


def test_a_change_that_fails_while_its_page_is_made(client, bob, app, monkeypatch):
    def fail():
        raise RuntimeError("broken")

    app.testing = False
    monkeypatch.setattr(drafts, "enabled_integrations", fail)
    client.sign_in(bob)
    assert_page_stays(
        client.post("/objectives/new", {"step": "connect"}, htmx=True),
        500,
        "Something went wrong on our side. Nothing was saved. Try again in a moment.",
    )
    assert client.page("/cycles").flashes == []


def test_the_message_is_not_said_again_on_the_next_page(client, bob):
    client.sign_in(bob)
    client.post("/objectives/99/edit", htmx=True)
    assert client.page("/cycles").flashes == []


def test_what_htmx_reads_gives_way_to_the_sentence(client, bob):
    """Else a part that asks for itself every second would do so for ever."""
    client.sign_in(bob)
    response = client.get("/objectives/99/standing", htmx=True)
    assert "HX-Reswap" not in response.headers
    part = client.see_fragment(response, 404)
    assert part.one("[role=alert]").text.startswith("There is nothing here.")


def test_plain_forms_get_a_page(client, bob):
    client.sign_in(bob)
    page = client.see(client.post("/objectives/99/edit"), 404)
    assert page.h1 == "There is nothing here"


def test_without_its_database_it_still_says_so(app, client, bob, tmp_path, caplog):
    """The frame of a page is read from the database too: who looks, and what it is called."""
    outages.forget_told()
    client.sign_in(bob)
    engine, app.testing = db.engine, False
    db.bind(make_engine(f"sqlite:///{tmp_path}/gone/tally.sqlite3"))
    try:
        for path in ("/cycles", "/login"):
            page = client.see(client.get(path), 503)
            assert page.h1 == "Tally can't reach its database"
            assert not page.all("nav")
        part = client.see_fragment(client.get("/objectives/1/standing", htmx=True), 503)
        assert part.one("[role=alert]").text.startswith("Tally can't reach its database.")
    finally:
        db.bind(engine)
    assert client.page("/cycles").h1 == "Cycles"
    told = [record for record in caplog.records if record.name == outages.log.name]
    assert [(one.levelname, one.exc_info) for one in told] == [("ERROR", None)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_stops_once_a_page_is_made_takes_nothing_from_it(app, client, bob):
    client.sign_in(bob)

    def stop(_app, **_rendered):
        with db.engine.connect() as another:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            another.execute(
                text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")
            )

    with template_rendered.connected_to(stop, app):
        assert client.page("/cycles").h1 == "Cycles"
    assert client.page("/cycles").h1 == "Cycles"


def test_a_form_whose_token_is_of_another_session(client, bob):
    client.sign_in(bob)
    page = client.see(client.send("POST", "/objectives/new"), 400)
    assert "Go back, copy what you typed, reload the page" in page.text


def test_what_has_no_sentence_of_its_own_gets_no_name_of_a_protocol(client, bob):
    client.sign_in(bob)
    key_result = make_key_result(make_objective(bob, make_cycle()), bob)
    page = client.see(client.post(f"/key-results/{key_result.id}/move", {"way": "left"}), 422)
    assert page.h1 == "That can't be done"
