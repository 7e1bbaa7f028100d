"""Ready-made dicts: all that a template asks of its context, noted down while it renders once.

The floor of a page renders the same templates from these, with no database and no work of ours.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from markupsafe import Markup

PLAIN = (str, int, float, bool, Fraction, date, bytes, type(None))
"""What a template is given as it is."""


class Watched:
    """Stands for an object while a template asks it things, and remembers the answers."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self._is_true = bool(thing)
        self._answers: dict[str, Any] = {}
        self._calls: dict[Any, Any] = {}
        self._text: str | None = None

    def __getattr__(self, name: str) -> Any:
        if name not in self._answers:
            self._answers[name] = watched(getattr(self._thing, name))
        return self._answers[name]

    def __getitem__(self, key: Any) -> Any:
        return watched(self._thing[key])

    def __call__(self, *args: Any, **named: Any) -> Any:
        key = _key(args, named)
        if key not in self._calls:
            self._calls[key] = watched(self._thing(*args, **named))
        return self._calls[key]

    def __html__(self) -> str:
        self._text = str(Markup.escape(self._thing))
        return self._text

    def __str__(self) -> str:
        return str(self.__html__())

    def __iter__(self) -> Iterator[Any]:
        return iter([watched(one) for one in self._thing])

    def __eq__(self, other: object) -> bool:
        return bool(self._thing == (other._thing if isinstance(other, Watched) else other))

    def __hash__(self) -> int:
        return hash(self._thing)

    def __bool__(self) -> bool:
        return self._is_true

    def ready(self) -> "Ready":
        made = Ready({name: ready(answer) for name, answer in self._answers.items()})
        made._calls = {key: ready(answer) for key, answer in self._calls.items()}
        made._text = self._text or ""
        made._is_true = self._is_true
        return made


class Ready(dict[str, Any]):
    """A dict that a template can also print and call, where it did so."""

    _calls: dict[Any, Any]
    _text: str
    _is_true: bool

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._calls[_key(args, named)]

    def __html__(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return self._is_true


def watched(thing: Any) -> Any:
    """The thing as a template may have it, to be made ready afterwards."""
    if isinstance(thing, (*PLAIN, Watched)):
        return thing
    if isinstance(thing, list | tuple) and not hasattr(thing, "_fields"):  # those are things
        return [watched(one) for one in thing]
    if isinstance(thing, Mapping):
        return {key: watched(value) for key, value in thing.items()}
    return Watched(thing)


def ready(thing: Any) -> Any:
    """What was watched, without the things behind it."""
    if isinstance(thing, Watched):
        return thing.ready()
    if isinstance(thing, list):
        return [ready(one) for one in thing]
    if isinstance(thing, dict):
        return {key: ready(value) for key, value in thing.items()}
    return thing


def _key(args: Any, named: Mapping[str, Any]) -> Any:
    """Things that a call is about are left out: there, no two calls differ by them alone."""
    plain = [one for one in args if isinstance(one, PLAIN)]
    return tuple(plain), tuple(sorted(named.items()))
