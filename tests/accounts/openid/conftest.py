"""Tally with a provider of OpenID Connect, and browsers that go there and come back."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from app.config import Config
from app.openid_settings import OpenIdSettings
from tests.support.client import Client
from tests.support.openid import CLIENT_ID, CLIENT_SECRET, StandIn, running_provider

SITE = "http://localhost"


@pytest.fixture
def provider() -> Iterator[StandIn]:
    with running_provider() as stand_in:
        yield stand_in


@pytest.fixture
def has_passwords() -> bool:
    """Whether passwords are on beside it; a test's module may say no."""
    return True


@pytest.fixture
def config(config: Config, provider: StandIn, has_passwords: bool) -> Config:
    openid = OpenIdSettings(provider.origin, CLIENT_ID, CLIENT_SECRET, "Acme")
    return replace(config, public_url=SITE, openid=openid, has_passwords=has_passwords)


@pytest.fixture
def come_back(client: Client, provider: StandIn) -> Callable[..., TestResponse]:
    """Sign in at the provider and come back: what Tally answers then."""

    def come_back(next: str | None = None, browser: Client = client) -> TestResponse:
        return browser.get(went_there(browser, provider, next))

    return come_back


def went_there(browser: Client, provider: StandIn, next: str | None = None) -> str:
    """The path by which this browser comes back, having signed in at the provider."""
    answer = browser.get("/login/openid", query_string={"next": next} if next else {})
    assert answer.status_code == 302, answer.text
    return provider.sign_in(answer.headers["Location"])


def is_signed_in(browser: Client) -> bool:
    return browser.get("/profile").status_code == 200
