"""What stays out of the log, however much else is logged."""

import logging

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.db import db
from tests.support.client import Client

LINK = "/welcome/0123456789-abcdefghijklmnopqrstuvwxyz"


@pytest.mark.both_databases
def test_a_failed_statement_does_not_say_what_it_was_given(app: Flask) -> None:
    with pytest.raises(SQLAlchemyError) as error:
        db.session.execute(text("SELECT nothing FROM nowhere WHERE one = :one"), {"one": "sesame"})
    assert "nowhere" in str(error.value) and "sesame" not in str(error.value)


def test_an_error_is_logged_by_the_name_of_its_view(
    app: Flask, client: Client, workspace: object, caplog: pytest.LogCaptureFixture
) -> None:
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    db.session.execute(text("ALTER TABLE password_link RENAME COLUMN token_hash TO gone"))
    db.session.commit()
    assert client.get(LINK).status_code == 500
    [record] = [one for one in caplog.records if one.name == app.logger.name]
    assert record.getMessage() == "Exception in accounts.choose_password [GET]"
    assert record.exc_info
    assert LINK.rpartition("/")[2] not in caplog.text


@pytest.mark.parametrize("server", ["gunicorn.error", "gunicorn.access", "werkzeug"])
def test_one_time_links_are_masked_where_servers_log_addresses(
    app: Flask, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger(server)
    was, logger.propagate = logger.propagate, True
    try:
        with caplog.at_level(logging.DEBUG, logger=server):
            logger.info(
                '"%(r)s" "%(f)s"', {"r": f"GET {LINK} HTTP/1.1", "f": f"http://t{LINK}?a=b"}
            )
            logger.error("Error handling request %s", "/unsubscribe/abcdef.ghi")
            logger.debug("Got /webhooks/trello/abcdef")
            logger.info("GET /connections/trello/callback?oauth_token=abc&oauth_verifier=def HTTP")
            logger.info("GET /login/openid/callback?code=abc&state=def&iss=https://a.example HTTP")
            logger.info("GET /key-results/7?tab=key")
    finally:
        logger.propagate = was
    assert caplog.messages == [
        '"GET /welcome/… HTTP/1.1" "http://t/welcome/…?a=b"',
        "Error handling request /unsubscribe/…",
        "Got /webhooks/trello/…",
        "GET /connections/trello/callback?oauth_token=…&oauth_verifier=… HTTP",
        "GET /login/openid/callback?code=…&state=…&iss=https://a.example HTTP",
        "GET /key-results/7?tab=key",
    ]


def test_a_second_app_leaves_one_mask(app: Flask) -> None:
    from app import create_app

    before = len(logging.getLogger("gunicorn.access").filters)
    create_app(app.extensions["tally_config"])
    assert len(logging.getLogger("gunicorn.access").filters) == before


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("urllib3.connectionpool", logging.DEBUG),  # every address
        ("urllib3.connection", logging.WARNING),  # the address whose answer had odd headers
        ("authlib.integrations.base_client.sync_app", logging.DEBUG),  # request tokens
    ],
)
def test_libraries_do_not_log_tokens(app: Flask, name: str, level: int) -> None:
    root = logging.getLogger()
    was = root.level
    root.setLevel(logging.DEBUG)
    try:
        assert not logging.getLogger(name).isEnabledFor(level)
    finally:
        root.setLevel(was)
