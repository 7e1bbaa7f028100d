"""Answers and refusals in Trello's form, and the parameters that most routes share."""

import json
import re
from collections.abc import Iterable
from typing import Any

from flask import Response, request

from sandbox.board import Record

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
NOT_FOUND = "The requested resource was not found."
NO_PERMISSION = "unauthorized permission requested"
MAX_LIMIT = 1000

ID = re.compile(r"[0-9a-f]{24}")
SHORT_LINK = re.compile(r"[0-9A-Za-z]{8}")


class ApiError(Exception):
    """A refusal. Its body is plain text, as every recorded one is, unless it is an object."""

    def __init__(self, status: int, body: str | Record, headers: dict[str, str] | None = None):
        super().__init__(body)
        self.status = status
        self.body = body
        self.headers = headers or {}

    @property
    def message(self) -> str:
        return self.body if isinstance(self.body, str) else str(self.body["message"])


def answer(content: Any) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), content_type=JSON)


def refusal(error: ApiError) -> Response:
    if isinstance(error.body, str):
        body, content_type = error.body, TEXT
    else:
        body, content_type = json.dumps(error.body), JSON
    return Response(body, status=error.status, content_type=content_type, headers=error.headers)


def parameter(name: str, default: str = "") -> str:
    """A parameter from the query or, as Trello allows, from a form body."""
    return request.values.get(name, default)


def is_true(name: str, default: bool = False) -> bool:
    value = parameter(name)
    return value in ("true", "1") if value else default


def limit(name: str, default: int) -> int:
    """A limit from 1 to 1000."""
    text = parameter(name)
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= MAX_LIMIT:
        raise ApiError(400, f"invalid value for {name}")
    return int(text)


def pick(record: Record, fields: str, always: Iterable[str] = ("id",)) -> Record:
    """Only the fields named, with the id. `all` or nothing named means every field."""
    if fields in ("", "all"):
        return record
    wanted = {*always, *fields.split(",")}
    return {name: value for name, value in record.items() if name in wanted}


def invalid_filter() -> ApiError:
    return ApiError(400, "invalid value for filter")
