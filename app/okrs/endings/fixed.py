"""What has ended stays as it is, and whoever wants to change it is led to reopening it."""

from flask import flash, redirect
from flask.typing import ResponseReturnValue

from app.okrs.loading import Item
from app.okrs.models import Objective
from app.okrs.rows import item_url
from app.okrs.standing import STATUS_WORDS


def kind_of(item: Item) -> str:
    return "objective" if isinstance(item, Objective) else "key result"


def why_fixed(item: Item) -> str:
    """Why an item that has ended can't be changed, and what to do about it."""
    how = STATUS_WORDS[item.measure.ended_as or ""].lower()
    return f"This {kind_of(item)} is {how}, so it stays as it is. Reopen it first."


def lead_to_reopening(item: Item) -> ResponseReturnValue:
    """Say why it can't be changed, on its page, where it is reopened."""
    flash(why_fixed(item), "error")
    return redirect(item_url(item, "show"), code=303)
