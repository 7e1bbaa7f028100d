"""Names that people give, as they are compared."""

import unicodedata


def as_compared(name: str) -> str:
    """Equal for names that differ in nothing but case."""
    return unicodedata.normalize("NFC", name).casefold()
