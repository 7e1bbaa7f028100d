"""A line to Trello that is kept open may end just as it is used again: that is no failure."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from app.trello.client import Credentials, Trello
from app.trello.failures import Unavailable

OPEN_BOARDS = b"[]"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(OPEN_BOARDS),
    OPEN_BOARDS,
)


class Answering:
    """A server that hangs up, by the book or by a reset, whenever its plan says so."""

    def __init__(self, plan: list[bool]) -> None:
        """`plan`: for each request, in their order, whether it is answered."""
        self.plan = plan
        self.asked = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/1"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while self.asked < len(self.plan):
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            with line:
                self._answer(line)

    def _answer(self, line: socket.socket) -> None:
        while _has_request(line):
            is_answered = self.plan[self.asked]
            self.asked += 1
            if not is_answered:
                if self.asked % 2:  # a reset instead of an end
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            line.sendall(ANSWER)

    def stop(self) -> None:
        self.listening.close()


def _has_request(line: socket.socket) -> bool:
    request = b""
    while b"\r\n\r\n" not in request:
        part = line.recv(65536)
        if not part:
            return False
        request += part
    return True


@pytest.fixture
def servers() -> Iterator[list[Answering]]:
    started: list[Answering] = []
    yield started
    for server in started:
        server.stop()


def asked_of(server: Answering, turns: list[str]) -> Trello:
    return Trello(
        Credentials("key", "app-secret", "token", "token-secret"),
        server.url,
        take_turn=turns.append,
    )


@pytest.mark.parametrize("plan", [[True, False, True], [False, True], [True, True, False, True]])
def test_a_request_is_sent_once_more_when_the_line_ends_without_an_answer(
    servers: list[Answering], plan: list[bool]
) -> None:
    server = Answering(plan)
    servers.append(server)
    turns: list[str] = []
    trello = asked_of(server, turns)
    for _ in range(plan.count(True)):
        assert trello.open_boards() == []
    assert server.asked == len(plan) == len(turns)  # each that went out was within the limits


def test_once_more_is_all(servers: list[Answering]) -> None:
    server = Answering([False, False, True])
    servers.append(server)
    with pytest.raises(Unavailable):
        asked_of(server, []).open_boards()
    assert server.asked == 2


def test_what_changes_something_is_not_sent_again(servers: list[Answering]) -> None:
    server = Answering([False, True])
    servers.append(server)
    with pytest.raises(Unavailable):
        asked_of(server, []).revoke()
    assert server.asked == 1
