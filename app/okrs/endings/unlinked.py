"""Saying of what was made anew that it counts by nothing."""

from collections.abc import Sequence

from flask import flash


def tell_of_unlinked(titles: Sequence[str]) -> None:
    """Of those whose original counts through a connection that the person may not use."""
    if titles:
        named = ", ".join(f"“{one}”" for one in titles)
        flash(f"No data source, since you may not use the connection: {named}.", "warning")
