"""Answers as they go over the wire, and a bare server on loopback that gives them."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

JSON = "application/json; charset=utf-8"
WHOLE, FRAME, PAGE = "whole", "frame", "page"
"""What is asked for: a board with its cards, without them, a page of them (and from where)."""


@dataclass(frozen=True)
class Reply:
    """One answer. A header that is None is not sent; Content-Length fits unless given."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str | None] = field(default_factory=dict)
    closes: bool = False
    """Whether the connection is closed after what was sent."""

    def on_the_wire(self) -> bytes:
        headers = {"Content-Type": JSON, "Content-Length": str(len(self.body))} | {**self.headers}
        head = [f"HTTP/1.1 {self.status} Answer"]
        head += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return "\r\n".join([*head, "", ""]).encode("latin-1") + self.body


@dataclass
class Answers:
    """What the server answers at present, by what is asked for; 404 for anything else."""

    by_route: dict[str, Reply] = field(default_factory=dict)
    served: int = 0

    def reply_to(self, target: str) -> Reply:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        if parts.path.endswith("/cards/all"):
            route = f"{PAGE} {query.get('before', ['newest'])[0]}"
        else:
            route = WHOLE if "cards" in query else FRAME
        self.served += 1
        no_such = Reply(b"The requested resource was not found.", 404)
        # Behind the last card that is known there are no more.
        return self.by_route.get(route) or (
            Reply(b"[]") if route.startswith(PAGE) and PAGE in self.by_route else no_such
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without this an answer's end waits for the acknowledgement of its beginning.
    disable_nagle_algorithm = True
    answers: Answers

    def do_GET(self) -> None:  # noqa: N802  (the name is the library's)
        reply = self.answers.reply_to(self.path)
        self.close_connection = self.close_connection or reply.closes
        try:
            self.wfile.write(reply.on_the_wire())
        except OSError:
            self.close_connection = True  # the application had seen enough

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """The application closes the connection when it has seen enough; that is no error."""


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """The address at which the answers are given while the block runs."""
    handler = type("Handler", (_Handler,), {"answers": answers})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
