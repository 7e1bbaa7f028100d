"""What stands in for Redis where progress is told."""

from datetime import timedelta

from app.trello.runs import LEASE


class Kept:
    """Stands in for Redis, as far as progress needs it."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def set(self, key: str, value: str, ex: timedelta) -> None:
        assert ex < LEASE, "it must not outlive the claim of a worker that died"
        self.values[key] = value.encode()

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def delete(self, key: str) -> None:
        self.values.pop(key, None)
