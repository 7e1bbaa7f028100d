"""Tags: words by which items are found together, typed with commas between them."""

from collections.abc import Iterable

from sqlalchemy import select

from app.accounts.forms import one_line
from app.db import db, insert_into
from app.names import as_compared, cut, fits
from app.okrs.models import Tag

MOST, LONGEST, _LONGEST_KEY = 10, 40, 80


def tag_names(text: str | None) -> list[str]:
    """The names in a text such as "growth, Web", each once without regard to case."""
    names = (one_line(part) for part in (text or "").split(","))
    return list({as_compared(name): name for name in reversed([*names]) if name}.values())[::-1]


def tags_text(tags: Iterable[Tag]) -> str:
    """As they would be typed."""
    return ", ".join(tag.name for tag in tags)


def tags_problem(text: str | None) -> str | None:
    """What is wrong with the typed tags, in a sentence; None when nothing is."""
    names = tag_names(text)
    if len(names) > MOST:
        return f"Use at most {MOST} tags."
    if not all(fits(one, LONGEST, _LONGEST_KEY) for one in names):
        return f"Use at most {LONGEST} characters for a tag, and commas between tags."
    return None


def shortened(name: str) -> str:
    """As much of it as a tag may have."""
    return cut(one_line(name), LONGEST, _LONGEST_KEY)


def tags_named(names: Iterable[str]) -> list[Tag]:
    """The tags of these names, made where they are missing. Commits nothing.

    A tag keeps the case in which it was first written. Two may be making the same at once.
    """
    wanted = {as_compared(name): name for name in names}
    if not wanted:
        return []
    rows = [{"key": key, "name": wanted[key]} for key in sorted(wanted)]
    made = insert_into(db.session(), Tag).on_conflict_do_nothing(index_elements=["key"])
    db.session.execute(made, rows)
    return list(db.session.scalars(select(Tag).where(Tag.key.in_(wanted)).order_by(Tag.key)))
