"""Faults at a switch: what the sandbox answers wrongly, how often, and where."""

import json
import socket
import threading
import time
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, get_args, get_type_hints

from flask import Request, Response

KINDS = {
    "status": "answer with a status, body and content type of its own",
    "delay": "answer rightly, but late",
    "truncate": "cut the JSON in half",
    "break": "close the connection in the middle of the body",
    "drop": "close the connection without an answer",
    "empty": "answer 200 with nothing",
    "garbage": "answer 200 with bytes that are not JSON",
    "html": "answer 200 with a web page",
    "shape": "answer 200 with JSON of another shape",
}
INSTEAD_OF_THE_ANSWER = {
    "empty": (b"", "application/json; charset=utf-8"),
    "garbage": (b"\x00\xff\xfe{]garbage\x80", "application/json; charset=utf-8"),
    "html": (b"<!doctype html><title>Sorry</title><h1>Sorry</h1>", "text/html; charset=utf-8"),
}


@dataclass
class Fault:
    """One thing to go wrong. `times=None` lasts until it is cleared."""

    path: str = "/1/*"
    """A pattern for the path; `*` stands for anything, slashes included."""
    method: str = "*"
    kind: str = "status"
    times: int | None = 1
    skip: int = 0
    """How many matching requests go well first: 1 spoils the second page."""
    delay: float = 0.0
    status: int = 503
    body: str = "Service Unavailable"
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, given: Any) -> "Fault":
        """Raises ValueError, naming the member that is wrong."""
        if not isinstance(given, dict):
            raise ValueError("a fault is a JSON object")
        types = get_type_hints(cls)
        for name, value in given.items():
            if name not in types:
                raise ValueError(f"a fault has no “{name}”")
            expected = get_args(types[name]) if name == "times" else (types[name],)
            if name == "delay":
                expected = (int, float)
            elif name == "headers":
                expected = (dict,)
            if not isinstance(value, expected) or isinstance(value, bool):
                raise ValueError(f"“{name}” has the wrong type")
        fault = cls(**given)
        if fault.kind not in KINDS:
            raise ValueError(f"“kind” is one of {', '.join(KINDS)}")
        return fault

    def matches(self, request: Request) -> bool:
        return fnmatchcase(request.path, self.path) and fnmatchcase(request.method, self.method)


class FaultSwitch:
    """The faults that are set. The first that matches a request is used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def set(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def add(self, **given: Any) -> None:
        """Set a fault by its members, as the JSON form has them."""
        self.set(Fault.from_json(given))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, request: Request) -> Fault | None:
        """The fault for this request, used up by one."""
        with self._lock:
            for fault in self._faults:
                if not fault.matches(request):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    return None
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None


def answer_wrongly(fault: Fault, request: Request) -> Response | None:
    """Before a request is served: wait, and answer in its place if that is the fault."""
    time.sleep(fault.delay)
    if fault.kind == "status":
        return Response(
            fault.body,
            status=fault.status,
            content_type=fault.content_type,
            headers=fault.headers,
        )
    if fault.kind in INSTEAD_OF_THE_ANSWER:
        body, content_type = INSTEAD_OF_THE_ANSWER[fault.kind]
        return Response(body, content_type=content_type)
    if fault.kind == "drop":
        _drop_connection(request)
        return Response(status=500)
    return None


def spoil(fault: Fault, response: Response) -> Response:
    """After a request was served: damage the answer if that is the fault."""
    if response.status_code != 200:
        return response
    body = response.get_data()
    if fault.kind == "truncate":
        response.set_data(body[: len(body) // 2])
    elif fault.kind == "break":
        response.set_data(body[: len(body) // 2])
        response.headers["Content-Length"] = str(len(body))
    elif fault.kind == "shape" and response.is_json:
        answer = json.loads(body)
        response.set_data(json.dumps({"data": answer} if isinstance(answer, list) else [answer]))
    return response


def _drop_connection(request: Request) -> None:
    """Only Werkzeug's own server gives the socket; a test client gets the 500 instead."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
