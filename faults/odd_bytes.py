"""Mutations of how an answer is told: cut off, garbled, in another encoding, type or framing."""

import gzip
import json
import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

from faults.mutations import breaking, harmless, with_headers
from faults.replies import Reply

LONGEST = 64 * 1024 * 1024
"""What the application takes at most."""


@breaking("truncated", "bytes")
def truncated(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(1, len(body))]


@breaking("empty", "bytes")
def empty(body: bytes, chance: random.Random) -> bytes:
    return chance.choice((b"", b" ", b"\r\n"))


@breaking("a piece missing in the middle", "bytes")
def with_a_gap(body: bytes, chance: random.Random) -> bytes:
    """Only gaps that leave no JSON: others may cut a name short, and nobody could tell."""
    while True:
        start = chance.randrange(len(body))
        shorter = body[:start] + body[start + chance.randrange(1, 200) :]
        if shorter.strip() and not _is_json(shorter):
            return shorter


def _is_json(body: bytes) -> bool:
    with suppress(ValueError):
        json.loads(body)
        return True
    return False


@breaking("garbage", "bytes")
def garbage(body: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(2, 2000)) + b"\xff"


@breaking("not UTF-8", "bytes")
def not_utf8(body: bytes, chance: random.Random) -> bytes:
    place = chance.choice([at for at in range(len(body)) if body[at : at + 1] == b'"'])
    odd = chance.choice((b"\xff", b"\xe9", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"))
    return body[: place + 1] + odd + body[place + 1 :]


@breaking("in another encoding", "bytes")
def other_encoding(body: bytes, chance: random.Random) -> bytes:
    return body.decode().encode(chance.choice(("utf-16", "utf-32", "utf-16-le", "utf-8-sig")))


@breaking("a web page", "bytes")
def web_page(body: bytes, chance: random.Random) -> bytes:
    return b"<!doctype html><title>Sorry</title><h1>Something went wrong</h1>"


@breaking("more after the end", "bytes")
def trailing(body: bytes, chance: random.Random) -> bytes:
    return body + chance.choice((b"x", b"{}", b"\0", b",", body))


@breaking("not quite JSON", "bytes")
def not_quite_json(body: bytes, chance: random.Random) -> bytes:
    return chance.choice(
        (
            body.replace(b'"', b"'"),
            body[:-1] + b"," + body[-1:],
            b"/* */" + body,
            b"while(1);" + body,
            body.replace(b"false", b"False", 1) + b"\x00",
            b"[" + body,
        )
    )


@breaking("NaN or Infinity", "bytes")
def no_number(body: bytes, chance: random.Random) -> bytes:
    odd = chance.choice((b"NaN", b"Infinity", b"-Infinity"))
    return _with_a_field(body, b'"x": ' + odd)


@breaking("nested beyond all measure", "bytes")
def deep(body: bytes, chance: random.Random) -> bytes:
    depth = chance.choice((20_000, 200_000))
    opened, closed = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return _with_a_field(body, b'"x": ' + opened * depth + b"0" + closed * depth)


@harmless("nested deeply in what nobody asked for", "bytes")
def fairly_deep(body: bytes, chance: random.Random) -> bytes:
    return _with_a_field(body, b'"x": ' + b"[" * 100 + b"0" + b"]" * 100)


@breaking("a number of a hundred thousand digits", "bytes")
def endless_number(body: bytes, chance: random.Random) -> bytes:
    return _with_a_field(body, b'"x": ' + b"9" * 100_000)


@breaking("list: a position that no float holds", "bytes", in_pages=False)
def infinite(body: bytes, chance: random.Random) -> bytes:
    return body.replace(
        b'"pos": ', b'"pos": ' + chance.choice((b"1e999", b"-9e400")) + b', "old": ', 1
    )


@breaking("one name twice in a record", "bytes")
def name_twice(body: bytes, chance: random.Random) -> bytes:
    doubled = chance.choice((b'"closed": true', b'"name": "x"', b'"id": "5f00"'))
    return _with_a_field(body, doubled)


def _with_a_field(body: bytes, field: bytes) -> bytes:
    """With one more field in the first record; names are told apart by nothing but their text."""
    place = body.index(b"{") + 1
    return body[:place] + field + b", " + body[place:]


@breaking("something else altogether", "bytes")
def something_else(body: bytes, chance: random.Random) -> bytes:
    others = (b"null", b"true", b"42", b'"text"', b'{"data": ' + body + b"}", b"[" + body + b"]")
    return chance.choice((*others, b"{}", b'{"cards": []}', b"[null]"))


@breaking("larger than anything Trello sends", "bytes", most=3)
def huge(body: bytes, chance: random.Random) -> bytes:
    return body + b" " * LONGEST


@harmless("large", "bytes", most=20)
def large(body: bytes, chance: random.Random) -> bytes:
    return _with_a_field(body, b'"desc": "' + b"x" * 3_000_000 + b'"')


@harmless("with other white space", "bytes")
def spaced(body: bytes, chance: random.Random) -> bytes:
    return (
        b"\n\t " + json.dumps(json.loads(body), indent=chance.choice((0, 1, 4))).encode() + b"\r\n"
    )


@harmless("with characters written out", "bytes")
def written_out(body: bytes, chance: random.Random) -> bytes:
    return json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()


@harmless("with every character escaped", "bytes")
def escaped(body: bytes, chance: random.Random) -> bytes:
    return body.replace(b'"Card ', b'"\\u0043\\u0061rd ').replace(b"https://", b"https:\\/\\/")


# Framing ----------------------------------------------------------------------------------------


@breaking("of another content type", "reply")
def other_type(reply: Reply, chance: random.Random) -> Reply:
    kinds = ("text/html", "text/plain; charset=utf-8", "application/xml", "json", "", None)
    return with_headers(reply, Content_Type=chance.choice(kinds))


@harmless("with the content type spelt otherwise", "reply")
def same_type(reply: Reply, chance: random.Random) -> Reply:
    kinds = ("application/json", "Application/JSON;charset=UTF-8", "application/json ; x=y")
    return with_headers(reply, Content_Type=chance.choice(kinds))


@breaking("with another status", "reply")
def other_status(reply: Reply, chance: random.Random) -> Reply:
    return replace(reply, status=chance.choice((201, 202, 203, 206, 300, 400, 403, 404, 409, 418)))


@breaking("of a server in trouble", "reply")
def in_trouble(reply: Reply, chance: random.Random) -> Reply:
    return replace(reply, status=chance.choice((408, 449, 500, 502, 503, 504, 599)))


@breaking("without content", "reply")
def without_content(reply: Reply, chance: random.Random) -> Reply:
    status = chance.choice((204, 304))
    return with_headers(replace(reply, status=status, body=b""), Content_Length=None)


@breaking("a redirect", "reply")
def redirect(reply: Reply, chance: random.Random) -> Reply:
    status = chance.choice((301, 302, 303, 307, 308))
    target = chance.choice(("/1/boards/x", "https://example.com/", "javascript:alert(1)", ""))
    return with_headers(replace(reply, status=status), Location=target)


@harmless("packed", "reply")
def packed(reply: Reply, chance: random.Random) -> Reply:
    return with_headers(replace(reply, body=gzip.compress(reply.body)), Content_Encoding="gzip")


@breaking("packed, and damaged", "reply")
def badly_packed(reply: Reply, chance: random.Random) -> Reply:
    whole = gzip.compress(reply.body)
    body = chance.choice((whole[: len(whole) // 2], reply.body, whole[:20] + whole[25:], b"\x1f"))
    return with_headers(replace(reply, body=body), Content_Encoding="gzip")


@breaking("packed, and immense when unpacked", "reply", most=3)
def bomb(reply: Reply, chance: random.Random) -> Reply:
    packed = gzip.compress(reply.body + b" " * LONGEST, 1)
    return with_headers(replace(reply, body=packed), Content_Encoding="gzip")


@breaking("shorter than it says", "reply")
def too_short(reply: Reply, chance: random.Random) -> Reply:
    body = reply.body[: chance.randrange(len(reply.body))]
    cut = replace(reply, body=body, closes=True)
    return with_headers(cut, Content_Length=str(len(reply.body)))


@breaking("longer than it says", "reply")
def too_long(reply: Reply, chance: random.Random) -> Reply:
    said = chance.randrange(len(reply.body))
    return with_headers(replace(reply, closes=True), Content_Length=str(said))


@breaking("of an impossible length", "reply")
def impossible_length(reply: Reply, chance: random.Random) -> Reply:
    said = str(len(reply.body) + 1)
    return with_headers(replace(reply, closes=True), Content_Length=f"{said}, 7")


@harmless("in chunks", "reply")
def in_chunks(reply: Reply, chance: random.Random) -> Reply:
    return _chunked(reply, _chunks(reply.body, chance) + b"0\r\n\r\n")


@breaking("in chunks, broken off", "reply")
def chunks_broken_off(reply: Reply, chance: random.Random) -> Reply:
    chunks = _chunks(reply.body, chance)
    return _chunked(reply, chunks[: chance.randrange(1, len(chunks))])


@breaking("in chunks of no size", "reply")
def odd_chunks(reply: Reply, chance: random.Random) -> Reply:
    return _chunked(reply, b"zz\r\n" + reply.body + b"\r\n0\r\n\r\n")


def _chunks(body: bytes, chance: random.Random) -> bytes:
    size = chance.randrange(100, 4000)
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def _chunked(reply: Reply, wire: bytes) -> Reply:
    return with_headers(
        replace(reply, body=wire, closes=True), Content_Length=None, Transfer_Encoding="chunked"
    )


@harmless("with headers that nobody asked for", "reply")
def more_headers(reply: Reply, chance: random.Random) -> Reply:
    more: dict[str, Any] = {f"X_{n}": "y" * 200 for n in range(50)}
    return with_headers(reply, Set_Cookie="session=1; Path=/", Retry_After="3600", **more)


@breaking("with headers beyond all measure", "reply")
def huge_header(reply: Reply, chance: random.Random) -> Reply:
    one = {"X_Long": "y" * 70_000}
    many = {f"X_{number}": "y" for number in range(200)}
    return with_headers(replace(reply, closes=True), **chance.choice((one, many)))
