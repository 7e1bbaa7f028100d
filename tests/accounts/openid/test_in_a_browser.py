"""To another site and back in a real browser, which minds cookies and the CSP."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import request
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from sandbox.serve import QuietHandler

pytestmark = pytest.mark.browser


@pytest.fixture
def site(app) -> Iterator[str]:
    """Tally at another host than the provider, so that one is a foreign site to the other."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    url = f"http://localhost:{server.server_port}"
    config = app.extensions["tally_config"]
    app.extensions["tally_config"] = replace(config, public_url=url)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_link_leads_to_the_provider_and_the_browser_comes_back_signed_in(
    chromium: Browser,  # noqa: F811
    site,
    provider,
    bob,
):
    def ask():
        if "consent" not in request.args:
            address = f"{request.full_path}&consent=given".replace("&", "&amp;")
            return f'<!doctype html><title>Acme</title><a href="{address}">Go on to Tally</a>'
        return None

    provider.answers["/authorize"] = ask
    complaints = []
    page = chromium.new_context(base_url=site).new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.route("https://**", lambda route: route.abort())
    page.goto("/profile")
    page.get_by_role("link", name="Sign in with Acme").click()
    page.get_by_role("link", name="Go on to Tally").click()
    page.wait_for_url(f"{site}/profile")
    assert page.get_by_text("Signs in with Acme.").is_visible()
    assert not [one for one in complaints if "Content Security Policy" in one]
    page.goto("/login/openid/callback?code=x&state=y")
    assert page.get_by_role("heading", level=1).inner_text() == "This sign-in is over"
