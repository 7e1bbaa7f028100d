"""Looking for secrets where none may be: as they are, quoted, escaped, in base64, compressed."""

import base64
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from html import escape
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Signs; what is shorter might be met by chance."""
_FLATE = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
"""How what zlib has compressed begins."""
_FLATE_IN_BASE64 = re.compile(rb"e(?:A[E-H]|F[4-7]|J[w-z]|N[o-r])[A-Za-z0-9+/]{16,}")
"""The same as RQ keeps why a job failed."""


class Secrets:
    """What was planted, by a name that may be shown."""

    def __init__(self) -> None:
        self._forms: dict[bytes, str] = {}

    def plant(self, name: str, secret: str | None) -> None:
        assert secret and len(secret) >= SHORTEST, f"{name} is too short to look for"
        for form in forms(secret):
            self._forms[form] = name

    @property
    def names(self) -> set[str]:
        return set(self._forms.values())

    def found_in(self, content: bytes) -> set[str]:
        """The names of the secrets in it, whichever form they have there."""
        whole = b"\n".join([content, *unpacked(content)])
        return {name for form, name in self._forms.items() if form in whole}

    def found(self, places: Iterable[tuple[str, bytes]]) -> list[str]:
        """ "name in place" for all there are, without the secrets themselves."""
        return sorted(
            f"{name} in {place}" for place, content in places for name in self.found_in(content)
        )


def forms(secret: str) -> set[bytes]:
    """How a secret may look where it was written down."""
    raw = secret.encode()
    texts = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), escape(secret)}
    texts |= {quote(quote(secret, safe=""), safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    return {text.encode() for text in texts} | {raw.hex().encode()} | set(_in_base64(raw))


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """The signs that are the same whatever stands before and behind, for each of three offsets."""
    for before in range(3):
        behind = -(before + len(raw)) % 3
        padded = base64.b64encode(b"\0" * before + raw + b"\0" * behind)
        inside = padded[(0, 2, 3)[before] : len(padded) - (0, 2, 3)[behind]]
        yield inside
        yield inside.translate(bytes.maketrans(b"+/", b"-_"))


def unpacked(content: bytes) -> Iterator[bytes]:
    """What is compressed in it: payloads of jobs, why they failed, copies of boards."""
    for start in _FLATE.finditer(content):
        yield _inflated(content[start.start() :])
    for found in _FLATE_IN_BASE64.finditer(content):
        whole = found[0][: len(found[0]) // 4 * 4]
        yield _inflated(base64.b64decode(whole))


def _inflated(content: bytes) -> bytes:
    """As far as it can be; nothing where it only looked compressed."""
    try:
        return zlib.decompressobj().decompress(content)
    except zlib.error:
        return b""
