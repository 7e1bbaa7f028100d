"""How answers travel: compressed, with static files that browsers keep while they are the same."""

import gzip
import os
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
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}
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


def test_who_reads_every_packing_gets_the_smallest(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    for address in ("/", "/static/style.css"):
        usual, best = client.get(address, headers=GZIP), client.get(address, headers=BROWSER)
        assert best.headers["Content-Encoding"] == "br"
        assert len(best.data) < 0.97 * len(usual.data)


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


def test_a_static_file_is_the_same_for_everyone(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    (address,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', client.get("/").text)
    whole = client.get(address, headers=GZIP)
    known = client.get(address, headers=GZIP | {"If-None-Match": whole.headers["ETag"]})
    assert (whole.status_code, known.status_code) == (200, 304)
    for answer in (whole, known):
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Set-Cookie" not in answer.headers


def test_the_page_in_place_of_a_missing_one_is_not(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    missing = client.get("/static/none.css")
    assert missing.status_code == 404 and "Alice" in missing.text
    assert missing.headers["Cache-Control"] == "no-store"
    assert missing.headers["Vary"] == "Accept-Encoding, Cookie"


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
        os.utime(file, ns=(0, 0))  # as some archives set it
        addresses.append(app.url_for("static", filename="one.css"))
    assert addresses[0] == addresses[2] == addresses[3] != addresses[1]
    assert gone == "/static/none.css"


def test_what_was_fetched_before_is_not_sent_again(client: Client) -> None:
    first = client.get("/static/style.css", headers=GZIP)
    again = client.get("/static/style.css", headers=GZIP | {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data
