"""Names that people give, as they are compared, and as columns have room for them."""

import unicodedata


def as_compared(name: str) -> str:
    """Equal for names that differ in nothing but case."""
    return unicodedata.normalize("NFC", name).casefold()


def without_accents(name: str) -> str:
    """As names are looked for, here and in static/app.js: "Örjan" is found as "orjan"."""
    parts = unicodedata.normalize("NFKD", name)
    return "".join(one for one in parts if not unicodedata.combining(one)).casefold()


def fits(name: str, longest: int, longest_key: int) -> bool:
    """Whether there is room for the name and for its key, the name as it is compared: some signs
    become several where case is left out of account."""
    return len(name) <= longest and len(as_compared(name)) <= longest_key


def cut(name: str, longest: int, longest_key: int) -> str:
    """As much of the name as fits."""
    short = name[:longest]
    while not fits(short, longest, longest_key):
        short = short[:-1]
    return short.strip()
