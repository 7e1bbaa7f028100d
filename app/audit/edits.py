"""What was edited, in the words of the audit log: "owner: Bob Brown → Carol Clark"."""

from collections.abc import Mapping


def edit_words(what: str, before: str, after: str) -> str:
    return f"{what}: {before} → {after}"


def edits_between(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """A line for everything that differs."""
    return [edit_words(one, before[one], now[one]) for one in now if before[one] != now[one]]


def what_of(words: str) -> str:
    """What it was that such words tell of."""
    return words.partition(":")[0]
