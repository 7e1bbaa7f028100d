"""The search for planted secrets finds them; otherwise finding none would mean nothing."""

import base64
import html
import json
import zlib
from urllib.parse import quote, quote_plus

import pytest

from tests.support.planted import Secrets

SECRET = 'p@ss/w"rd & 100%+more ünd'


def _cut(text: bytes) -> bytes:
    return base64.b64encode(text)


PLACES = {
    "as it is": SECRET.encode(),
    "in an address": quote(SECRET, safe="").encode(),
    "in a path": quote(SECRET).encode(),
    "in a query": quote_plus(SECRET).encode(),
    "in an address in an address": quote(quote(SECRET, safe=""), safe="").encode(),
    "on a page": html.escape(SECRET).encode(),
    "in JSON": json.dumps({"password": SECRET}).encode(),
    "in a repr": repr({"password": SECRET}).encode(),
    "in hexadecimal": SECRET.encode().hex().encode(),
    "in base64": _cut(SECRET.encode()),
    "in base64 behind one sign": _cut(b":" + SECRET.encode()),
    "in base64 behind two signs": _cut(b"a:" + SECRET.encode() + b" and more"),
    "in base64 for addresses": base64.urlsafe_b64encode(b"user:" + SECRET.encode()),
    "compressed": b"*3\r\n$40\r\n" + zlib.compress(json.dumps([SECRET]).encode()) + b"\r\n",
    "compressed, in base64": base64.b64encode(zlib.compress(f"failed: {SECRET}".encode())),
    "compressed in a hurry": zlib.compress(SECRET.encode(), 1),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_secret_is_found(place):
    secrets = Secrets()
    secrets.plant("the password", SECRET)
    secrets.plant("another", "this one is nowhere")
    content = b"before \x00\xff\x78\x9c " + PLACES[place] + b" behind"
    assert secrets.found([("the log", b"nothing"), (place, content)]) == [
        f"the password in {place}"
    ]


def test_what_is_encrypted_or_hashed_is_not_found():
    secrets = Secrets()
    secrets.plant("the password", SECRET)
    assert (
        secrets.found([("a hash", str(hash(SECRET)).encode()), ("half", SECRET[:12].encode())])
        == []
    )


def test_what_might_be_met_by_chance_is_not_planted():
    with pytest.raises(AssertionError, match="too short"):
        Secrets().plant("a word", "word")
