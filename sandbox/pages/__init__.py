"""The pages that people click: boards, cards, connected applications, faults."""

from sandbox.pages import boards, cards, switches
from sandbox.pages.blueprint import blueprint

__all__ = ["blueprint", "boards", "cards", "switches"]
