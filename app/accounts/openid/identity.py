"""Who the provider says someone is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """What holds of someone once every check has passed."""

    issuer: str
    subject: str
    email: str | None
    """In lower case; None unless the provider has verified it."""
