"""Stands in for Trello: ready-made answers from a process of its own, within Trello's limits.

python -m bench.standin BOARDS LISTS prints its port. POST /control sets what it answers, and GET
/control tells what was asked of it.
"""

import json
import re
import sys
import threading
import time
from collections import Counter, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.boards import KEY, Board, large_board, small_boards

WINDOW = 10.0
MOST_A_TOKEN, MOST_A_KEY = 100, 300
PAGE = 1000
_TOKEN = re.compile(r'oauth_token="([^"]+)"')


class Trello:
    """What is answered at present, and what was asked."""

    def __init__(self, boards: list[Board]) -> None:
        self._boards = {board.id: board for board in boards}
        self._lock = threading.Lock()
        self._asked: dict[str, deque[float]] = {}
        self._is_limited, self.delay, self._version = True, 0.0, 0
        self.set(version=0)

    def set(self, version: int | None = None, delay: float = 0.0, is_limited: bool = True) -> None:
        """Have all boards' answers ready, and forget what was asked."""
        if version is not None:
            self._version = version
            self._bodies: dict[tuple[str, str], bytes] = {}
            for board in self._boards.values():
                self._prepare(board, version)
        self.delay, self._is_limited = delay, is_limited
        self._asked.clear()
        self._statuses: Counter[int] = Counter()
        self._busiest: Counter[str] = Counter()

    def told(self) -> dict[str, Any]:
        """The version, requests, refusals, and the most in ten seconds by token and by key."""
        busiest_token = max(
            (most for subject, most in self._busiest.items() if subject != KEY), default=0
        )
        return {
            "version": self._version,
            "requests": sum(self._statuses.values()),
            "refused": self._statuses[429],
            "busiest_token": busiest_token,
            "busiest_key": self._busiest[KEY],
        }

    def answer(self, target: str, authorization: str) -> tuple[int, bytes]:
        token = _TOKEN.search(authorization)
        if token is None:
            return 401, b"invalid token"
        status, body = 429, b'{"error":"API_TOKEN_LIMIT_EXCEEDED"}'
        if self._admits(token.group(1)):
            found = self._body(target)
            status, body = (404, b"not found") if found is None else (200, found)
        with self._lock:
            self._statuses[status] += 1
        time.sleep(self.delay)
        return status, body

    def _admits(self, token: str) -> bool:
        now = time.monotonic()
        with self._lock:
            limits = ((token, MOST_A_TOKEN), (KEY, MOST_A_KEY))
            for subject, most in limits:
                asked = self._asked.setdefault(subject, deque())
                while asked and asked[0] <= now - WINDOW:
                    asked.popleft()
                if self._is_limited and len(asked) >= most:
                    return False
            for subject, _ in limits:
                asked = self._asked[subject]
                asked.append(now)
                self._busiest[subject] = max(self._busiest[subject], len(asked))
        return True

    def _body(self, target: str) -> bytes | None:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        path = parts.path.removeprefix("/1/boards/").rstrip("/")
        if path.endswith("/cards/all"):
            board_id = path.partition("/")[0]
            return self._bodies.get((board_id, query.get("before", ["newest"])[0]), b"[]")
        if path.endswith("/actions"):
            return b"[]"
        return self._bodies.get((path, "with cards" if "cards" in query else ""))

    def _prepare(self, board: Board, version: int) -> None:
        frame, cards = board.frame(), board.cards(version)
        bodies: dict[str, Any] = {
            "": {name: frame[name] for name in ("id", "name", "closed", "url")},
            "with cards": {**frame, "cards": cards[:PAGE]},
        }
        if len(cards) >= PAGE:
            newest_first = sorted(cards, key=lambda card: str(card["id"]), reverse=True)
            before = "newest"
            for start in range(0, len(cards), PAGE):
                page = newest_first[start : start + PAGE]
                bodies[before] = page
                before = str(page[-1]["id"])
        for route, body in bodies.items():
            self._bodies[board.id, route] = json.dumps(body, separators=(",", ":")).encode()
        if len(cards) < PAGE:
            whole = json.dumps(board.whole_cards(version), separators=(",", ":")).encode()
            self._bodies[f"{board.id}/cards", ""] = whole
            self._bodies[f"{board.id}/cards/open", ""] = whole


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without this an answer's end waits for the acknowledgement of its beginning.
    disable_nagle_algorithm = True
    wbufsize = -1
    trello: Trello

    def do_GET(self) -> None:  # noqa: N802  (the name is the library's)
        if self.path == "/control":
            self._send(200, json.dumps(self.trello.told()).encode())
        else:
            self._send(*self.trello.answer(self.path, self.headers.get("Authorization", "")))

    def do_POST(self) -> None:  # noqa: N802
        length = int(self.headers["Content-Length"])
        self.trello.set(**json.loads(self.rfile.read(length)))
        self._send(200, b"{}")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    boards, lists = int(sys.argv[1]), int(sys.argv[2])
    trello = Trello([*small_boards(boards), *([large_board(lists)] if lists else [])])
    handler = type("Handler", (_Handler,), {"trello": trello})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
