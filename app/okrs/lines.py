"""The line of an item in a list: all that it shows, and its HTML, which is kept while that holds.

Lists have hundreds of lines, most of which look as they did when the last page was made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from flask import current_app, url_for
from markupsafe import Markup

from app.okrs.standing import Standing
from app.pages import address_of

MOST_KEPT = 2000
"""Lines whose HTML a process keeps, of two or three kilobytes each."""


@dataclass(frozen=True)
class LineOwner:
    name: str
    initials: str


@dataclass(frozen=True)
class LineSource:
    """What counts the item's value, and how that is going."""

    id: int
    title: str
    """Of the integration."""
    mark_template: str
    row_template: str
    sentence: str
    counted_at: datetime | None
    age: str
    """Of the count, in words: they are what grows old while nothing else changes."""
    is_busy: bool
    is_troubled: bool
    is_overridden: bool
    may_refresh: bool
    """Whether who looks may have it counted again."""


@dataclass(frozen=True)
class Line:
    """Plain values alone, of which the template makes the line: two that are equal look the same,
    whoever looks. What differs by request, as the token of a form does, has no place in it."""

    is_objective: bool
    item_id: int
    element_id: str
    measure_id: int
    title: str
    standing: Standing
    value: str
    owner: LineOwner
    further_owners: Sequence[str]
    """Names, in order; a tuple, as tags are."""
    tags: Sequence[str]
    place: str
    is_private: bool
    is_rolled_up: bool
    belongs_to: str
    cycle_ahead: str
    under: str
    live: str
    follows: str | None
    tells: str | None
    source: LineSource | None

    @property
    def is_busy(self) -> bool:
        return self.source is not None and self.source.is_busy

    @property
    def item_url(self) -> str:
        if self.is_objective:
            return address_of("okrs.show_objective", objective_id=self.item_id)
        return address_of("okrs.show_key_result", key_result_id=self.item_id)

    @property
    def row_url(self) -> str:
        """Where the line is fetched anew."""
        place = self.place or None
        if self.is_objective:
            return url_for("okrs.objective_row", objective_id=self.item_id, place=place)
        return url_for("okrs.key_result_row", key_result_id=self.item_id, place=place)


@lru_cache(maxsize=MOST_KEPT)
def line_html(line: Line) -> Markup:
    """The line as lists show it, for pages with the form "act" that its buttons send."""
    # Without the context of the request, so that nothing but the line can show.
    template = current_app.jinja_env.get_template("okrs/_row.html")
    return Markup(template.render(line=line))  # noqa: S704  # its values were escaped in there
