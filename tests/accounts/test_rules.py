"""What a name, an email and a password may be."""

import pytest
from argon2 import Type

from app.accounts.forms import (
    LONGEST_EMAIL,
    email_problem,
    normal_email,
    one_line,
    password_problem,
    time_zones,
)
from app.accounts.models import _hasher

HASHER = _hasher
"""The real one: it was taken before the tests are given a quicker one."""


@pytest.mark.parametrize(
    "email",
    [
        "anna@example.com",
        "anna.b+tally@mail.example.co.uk",
        "o'hara@example.com",
        "müller@bücher.example",
        "root@localhost",
        "1@2.de",
    ],
)
def test_emails(email):
    assert email_problem(email) is None


@pytest.mark.parametrize(
    "email",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "anna@@example.com",
        "anna@example..com",
        "anna@.example.com",
        "anna@example.com.",
        "anna@-example.com",
        "anna@exa mple.com",
        "Anna <anna@example.com>",
        "a@b.com,c@d.com",
        "anna@exam_ple_.com",
        "a" * 65 + "@example.com",
    ],
)
def test_what_is_no_email(email):
    assert email_problem(email) == "Enter an email such as anna@example.com."


def test_an_email_that_is_too_long_is_told_how_long_it_may_be():
    longest = "@".join(("a" * 60, ".".join(("e" * 60, "e" * 60, "e" * 60, "example"))))
    assert email_problem(longest.ljust(LONGEST_EMAIL, "m")) is None
    assert email_problem(longest.ljust(LONGEST_EMAIL + 1, "m")) == "Use at most 254 characters."


def test_emails_are_kept_in_lower_case():
    assert normal_email("  ANNA@Example.COM\n") == "anna@example.com"


def test_names_lose_what_no_one_sees():
    assert one_line(" Anna\t\0 Berg\r\n") == "Anna Berg"
    assert one_line(None) == ""


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("123456789", "Use at least 10 characters."),
        ("1234567890", None),
        ("x" * 200, None),
        ("x" * 201, "Use at most 200 characters."),
        ("Anna.Berg@example.com", "Choose something other than your name or your email."),
        ("ANNABERGER X", "Choose something other than your name or your email."),
        ("anna.berg@", None),
        ("zehn Zöpfe", None),
    ],
)
def test_passwords(password, sentence):
    assert password_problem(password, "anna.berg@example.com", "Annaberger X") == sentence


def test_time_zones():
    zones = time_zones()
    assert zones[0] == "UTC"
    assert {"Europe/Berlin", "America/New_York", "Asia/Kolkata"} < set(zones)
    assert len(zones) == len(set(zones))


def test_a_password_is_hashed_as_slowly_as_it_has_to_be():
    assert HASHER.type is Type.ID
    assert (HASHER.time_cost, HASHER.memory_cost, HASHER.parallelism) == (2, 19 * 1024, 1)
