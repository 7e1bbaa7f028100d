"""How answers travel: compressed, with static files that browsers keep while they are the same."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.accounts.models import Person
from app.security import HTMX_URL
from tests.support.client import Client

GZIP = {"Accept-Encoding": "gzip, deflate"}
"""What a browser says to a site that it does not reach by https."""
HTMX_FILE = Path(__file__).parent.parent / "static/vendor/htmx-4.0.1.min.js"


def files_of(page: TestResponse) -> list[str]:
    """What a browser fetches for the page, beside it."""
    html = gzip.decompress(page.data).decode()
    return re.findall(r'<(?:script|link) [^>]*?(?:src|href)="([^"]+)"', html)


def test_a_page_comes_compressed_to_those_who_can_read_it(client: Client, alice: Person) -> None:
    plain, packed = client.get("/login"), client.get("/login", headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "<title>Sign in · Tally</title>" in gzip.decompress(packed.data).decode()
    assert len(packed.data) < 0.6 * len(plain.data)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Accept-Encoding, Cookie"


def test_the_first_visit_takes_less_than_60_kilobytes(client: Client, alice: Person) -> None:
    """The form, what it brings along, and the page after it, to a browser with nothing kept."""
    sign_in = client.get("/login", headers=GZIP)
    addresses = files_of(sign_in)
    assert HTMX_URL in addresses
    own = [client.get(one, headers=GZIP) for one in addresses if one != HTMX_URL]
    assert {answer.status_code for answer in own} == {200} and len(own) == 3
    client.sign_in(alice)
    home = client.get("/", headers=GZIP)
    assert set(files_of(home)) == set(addresses), "everything else is there already"
    htmx = len(gzip.compress(HTMX_FILE.read_bytes()))
    assert sum(len(answer.data) for answer in (sign_in, home, *own)) + htmx < 60_000


def test_a_static_file_is_kept_under_the_address_of_its_version_alone(
    client: Client, alice: Person
) -> None:
    html = client.get("/login").text
    (address,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
    kept = client.get(address)
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    path, version = address.split("?v=")
    for other in (path, f"{path}?v=", f"{path}?v={'0' * len(version)}", f"{path}?w={version}"):
        assert client.get(other).headers["Cache-Control"] == "no-cache"


def test_a_changed_file_has_another_address(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "one.css"
    monkeypatch.setattr(app, "static_folder", str(tmp_path))
    addresses = []
    with app.test_request_context():
        for text in ("a", "b", "a"):
            file.write_text(text)
            addresses.append(app.url_for("static", filename="one.css"))
        gone = app.url_for("static", filename="none.css")
    assert addresses[0] == addresses[2] != addresses[1]
    assert gone == "/static/none.css"


def test_what_was_fetched_before_is_not_sent_again(client: Client) -> None:
    first = client.get("/static/style.css", headers=GZIP)
    again = client.get("/static/style.css", headers=GZIP | {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data
