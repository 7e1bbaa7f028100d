"""A stand-in for Trello to click, to develop against, and to test against.

A development tool: the application itself never imports it.
"""

from sandbox.app import create_sandbox
from sandbox.serve import RunningSandbox, running_sandbox

__all__ = ["RunningSandbox", "create_sandbox", "running_sandbox"]
