"""Where a file comes from: which tool, and which workspace."""

import hashlib

from app.accounts.models import Workspace
from app.pages import iso

VIVA = "viva"
"""The origin of what Viva Goals exported, whatever the layout: its ids are the same in all."""


def mark_of_workspace(space: Workspace) -> str:
    """Tells this workspace from any other, and nothing of it."""
    return hashlib.sha256(f"tally {iso(space.created_at)}".encode()).hexdigest()[:16]


def origin_of(mark: str) -> str:
    """Under which the items of the workspace with this mark are remembered elsewhere."""
    return f"tally:{mark}"
