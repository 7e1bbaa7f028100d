"""Where the things that the log speaks of have their pages; each package tells it of its own."""

from collections.abc import Callable, Iterable, Mapping

from flask import Flask, current_app

Find = Callable[[set[int]], Mapping[int, str]]
"""Gives, for those of the things that still exist, the address of their page: one statement."""

_KEY = "tally_audit_places"


def add_place(app: Flask, kind: str, find: Find) -> None:
    """Let entries on things of this kind link to them."""
    app.extensions.setdefault(_KEY, {})[kind] = find


def addresses(things: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The addresses of those things that have a page, in one statement for each kind."""
    by_kind: dict[str, set[int]] = {}
    for kind, thing_id in things:
        by_kind.setdefault(kind, set()).add(thing_id)
    finders: dict[str, Find] = current_app.extensions.get(_KEY, {})
    return {
        (kind, thing_id): address
        for kind, ids in by_kind.items()
        if kind in finders
        for thing_id, address in finders[kind](ids).items()
    }
