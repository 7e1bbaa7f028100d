"""Time as the sandbox sees it, and the identifiers that carry it."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

SHORT_LINK_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Clock:
    """The real time, run ahead on demand so that tests need not wait for something to expire."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, **amount: float) -> None:
        """Run ahead by `days=`, `hours=`, `minutes=` or `seconds=`, as timedelta names them."""
        self._ahead += timedelta(**amount)


class StoppedClock(Clock):
    """Stands still until it is set: sample boards live through their past with it."""

    def __init__(self, moment: datetime) -> None:
        super().__init__()
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def iso(moment: datetime) -> str:
    """Trello's form of a moment: UTC with milliseconds, `2026-03-27T15:56:58.913Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_iso(text: str) -> datetime:
    """Read a moment; a date alone is its first instant, in UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def id_mint(seed: str | None = None) -> Callable[[datetime], str]:
    """Make ids as Trello does: 24 hex digits, the first eight the creation time in seconds.

    Ids of one mint increase even within a second. The same seed gives the same ids.
    """
    if seed is None:
        stem, first = secrets.token_hex(5), secrets.randbits(20)
    else:
        stem, first = hashlib.sha256(seed.encode()).hexdigest()[:10], 1
    numbers = count(first)

    def mint(moment: datetime) -> str:
        return f"{int(moment.timestamp()):08x}{stem}{next(numbers):06x}"

    return mint


def short_link(id_: str) -> str:
    """The eight characters that stand for a board or card in addresses."""
    number = int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8])
    characters = []
    for _ in range(8):
        number, digit = divmod(number, len(SHORT_LINK_ALPHABET))
        characters.append(SHORT_LINK_ALPHABET[digit])
    return "".join(characters)
