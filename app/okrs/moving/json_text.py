"""Looking into JSON that anyone may have written: what is not as expected is not there."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.okrs.moving.neutral import Unreadable

Object = Mapping[str, Any]


def load_json(content: bytes, what: str) -> object:
    """With all numbers as text, exact. Raises Unreadable."""
    try:
        loaded = json.loads(
            content.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=str
        )
        return _sound(loaded) if b"\\ud" in content.lower() else loaded
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{what} is no valid JSON.") from error


def _sound(value: Any) -> Any:
    """Without halves of characters, which JSON can spell and no database takes."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_sound(one) for one in value]
    if isinstance(value, dict):
        return {_sound(name): _sound(one) for name, one in value.items()}
    return value


def text(thing: Object, *names: str) -> str:
    """The text under the first of these names that has any."""
    for name in names:
        value = thing.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def truth(thing: Object, name: str) -> bool:
    return thing.get(name) is True


def count(thing: Object, name: str) -> int | None:
    """A number of things, in the range of the database."""
    value = thing.get(name)
    is_count = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
    return int(value) if is_count and isinstance(value, str) else None


def part(thing: Object, name: str) -> Object:
    value = thing.get(name)
    return value if isinstance(value, dict) else {}


def parts(thing: Object, name: str) -> Iterator[Object]:
    """The objects in the list under this name."""
    value = thing.get(name)
    yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def texts(thing: Object, name: str) -> tuple[str, ...]:
    """The texts in the list under this name, each once."""
    value = thing.get(name)
    listed = value if isinstance(value, list) else []
    return tuple(
        dict.fromkeys(one.strip() for one in listed if isinstance(one, str) and one.strip())
    )
