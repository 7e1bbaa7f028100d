"""Guessing at passwords and links: after some failures one has to wait, and only the guesser."""

import hashlib
import time

import pytest
import redis

from app import create_app
from app.embedded_redis import EmbeddedRedis
from app.guessing import _address, _soon
from tests.support.client import Client
from tests.support.people import PASSWORD

pytestmark = pytest.mark.own_app

WAIT = "Too many tries. Try again in 15 minutes."


def browser(app, address="192.0.2.7"):
    client = Client(app)
    client.flask.environ_base["REMOTE_ADDR"] = address
    return client


def try_sign_in(client, email="bob@example.com", password="wrong"):
    return client.post("/login", {"email": email, "password": password})


def guess(client, times, **values):
    for _ in range(times):
        assert try_sign_in(client, **values).status_code == 422


@pytest.mark.both_databases
def test_after_ten_wrong_passwords_even_the_right_one_has_to_wait(app, bob):
    client = browser(app)
    guess(client, 10)
    answer = try_sign_in(client, password=PASSWORD)
    page = client.see(answer, 429)
    assert page.one(".error").text == WAIT
    assert page.field("Email").value == "bob@example.com"
    assert page.field("Password").value == ""
    assert 0 < int(answer.headers["Retry-After"]) <= 901
    assert client.get("/profile").status_code == 302


def test_refused_tries_do_not_make_the_wait_longer(app, bob, monkeypatch):
    client = browser(app)
    guess(client, 10)
    for _ in range(20):
        assert try_sign_in(client).status_code == 429
    later(monkeypatch, minutes=16)
    assert try_sign_in(client, password=PASSWORD).status_code == 303


def test_signing_in_well_counts_for_nothing(app, bob):
    for _ in range(15):
        assert try_sign_in(browser(app), password=PASSWORD).status_code == 303


def test_the_spelling_of_the_email_makes_no_new_account(app, bob):
    client = browser(app)
    for email in ["bob@example.com", " Bob@Example.com ", "BOB@example.com\u200b"] * 3:
        guess(client, 1, email=email)
    guess(client, 1)
    assert try_sign_in(client, email="bOB@example.com").status_code == 429


def test_whoever_guesses_at_an_account_does_not_lock_out_its_owner(app, bob):
    """Not from another address, however many the guesses come from."""
    home = browser(app, "192.0.2.1")
    try_sign_in(home, password=PASSWORD)
    home.post("/logout")
    for host in range(10):
        guess(browser(app, f"198.51.100.{host}"), 10)
    assert try_sign_in(browser(app, "198.51.100.99")).status_code == 429
    assert try_sign_in(browser(app, "203.0.113.5"), password=PASSWORD).status_code == 429
    assert try_sign_in(browser(app, "192.0.2.1"), password=PASSWORD).status_code == 303


def test_an_address_where_nobody_signed_in_well_is_no_ones_home(app, bob, carol):
    """Carol's own sign-in from there does not let her guess at Bob's account for longer."""
    try_sign_in(browser(app, "198.51.100.99"), email="carol@example.com", password=PASSWORD)
    for host in range(10):
        guess(browser(app, f"198.51.100.{host}"), 10)
    assert try_sign_in(browser(app, "198.51.100.99")).status_code == 429


def test_one_address_guesses_at_all_accounts_together_fifty_times(app, bob):
    client = browser(app)
    for number in range(50):
        guess(client, 1, email=f"someone{number}@example.com")
    assert try_sign_in(client, email="another@example.com").status_code == 429
    assert try_sign_in(browser(app, "192.0.2.8"), password=PASSWORD).status_code == 303


def test_known_and_unknown_names_wait_alike(app, bob):
    answers = []
    for email in ("bob@example.com", "nobody@example.com"):
        client = browser(app, "192.0.2.7" if "bob" in email else "192.0.2.8")
        guess(client, 10, email=email)
        answer = try_sign_in(client, email=email)
        page = client.see(answer, 429)
        answers.append((page.one(".error").text, page.h1))
    assert answers[0] == answers[1]


def test_a_form_without_a_token_counts_for_nothing(app, bob):
    client = browser(app)
    for _ in range(20):
        assert client.send("POST", "/login", data={"email": "bob@example.com"}).status_code == 400
    assert try_sign_in(client, password=PASSWORD).status_code == 303


def test_wrong_links_are_slowed_down_and_the_page_says_so(app, bob):
    client = browser(app)
    for number in range(30):
        assert client.get(f"/welcome/wrong-{number}").status_code == 404
    page = client.see(client.get("/welcome/wrong"), 429)
    assert page.h1 == "Too many tries"
    assert "Try again in 15 minutes." in page.one("main").text
    assert browser(app, "192.0.2.8").get("/welcome/wrong").status_code == 404


def test_the_present_password_cannot_be_guessed_by_who_found_a_browser_open(app, bob):
    client = browser(app)
    client.sign_in(bob)
    tries = {"current_password": "wrong", "new_password": "a different long one"}
    for _ in range(10):
        assert client.post("/profile/password", tries).status_code == 422
    page = client.see(client.post("/profile/password", tries | {"current_password": PASSWORD}), 429)
    assert WAIT in page.one("main").text
    assert try_sign_in(browser(app, "192.0.2.8"), password=PASSWORD).status_code == 303


def test_setting_up_is_tried_thirty_times_an_hour(app):
    client = browser(app)
    for _ in range(30):
        assert client.post("/setup").status_code == 422
    assert client.see(client.post("/setup"), 429).h1 == "Too many tries"
    assert client.get("/setup").status_code == 200


@pytest.mark.services
def test_all_processes_count_together_and_each_by_itself_without_redis(app, config, bob):
    server = EmbeddedRedis.start(config.data_dir)
    try:
        one, two = create_app(config), create_app(config)
        guess(browser(one), 5)
        guess(browser(two), 5)
        assert try_sign_in(browser(one)).status_code == 429
        assert try_sign_in(browser(two)).status_code == 429
        with redis.Redis.from_url(config.redis_url) as connection:
            keys = b" ".join(connection.keys())
        assert b"bob" not in keys
        assert hashlib.sha256(b"bob@example.com").hexdigest()[:32].encode() in keys
    finally:
        server.stop()
    guess(browser(one), 10)
    assert try_sign_in(browser(one)).status_code == 429


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "address-192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address-20010db800010002"),
        ("2001:db8:1:2::9", "address-20010db800010002"),
        ("::ffff:192.0.2.7", "address-192.0.2.7"),
        ("nonsense", "address-unknown"),
        (None, "address-unknown"),
    ],
)
def test_an_ipv6_network_is_one_address(app, address, key):
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert _address() == key


def test_the_wait_is_never_said_too_short():
    assert [_soon(seconds) for seconds in (1, 60, 61, 900)] == [
        "in a minute",
        "in a minute",
        "in 2 minutes",
        "in 15 minutes",
    ]


def later(monkeypatch, minutes):
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + minutes * 60)
