"""Cells of exported tables: none of them runs as a formula, and that can be undone."""

from app.audit.export import defused

_APOSTROPHE = "'"


def defuse(text: str) -> str:
    """As it stands in a CSV: what a spreadsheet would run has an apostrophe before it.

    So has what began with apostrophes and one of those, so that `restored` gives back each text.
    """
    return f"{_APOSTROPHE}{text}" if _would_run(text) else text


def restored(cell: str) -> str:
    """The text that `defuse` made this cell of."""
    is_ours = cell.startswith(_APOSTROPHE) and _would_run(cell)
    return cell.removeprefix(_APOSTROPHE) if is_ours else cell


def _would_run(text: str) -> bool:
    bare = text.lstrip(_APOSTROPHE)
    return defused(bare) != bare
