"""Making the workspace, which happens once."""

from blinker import Signal

from app.accounts.models import Workspace, workspace_if_set_up
from app.db import db

after_setup = Signal()
"""Sent with the new workspace, in the transaction that makes it: packages above `accounts`
connect to it for what has to exist from the start. Receivers add rows and leave the commit."""


def is_set_up() -> bool:
    return workspace_if_set_up() is not None


def make_workspace(name: str, time_zone: str) -> Workspace:
    """The workspace, and what `after_setup` adds to it.

    Raises IntegrityError where another process has made it meanwhile.
    """
    workspace = Workspace(id=1, name=name, time_zone=time_zone)
    db.session.add(workspace)
    db.session.flush()  # here the primary key decides which of two set-ups at once is the first
    after_setup.send(workspace)
    return workspace
