"""The address of a view."""

from flask import url_for


def explorer_address(query: str) -> str:
    """Where the explorer shows what the query asks for."""
    address = url_for("okrs.list_objectives")
    return f"{address}?{query}" if query else address
