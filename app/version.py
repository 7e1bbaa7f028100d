"""Which Tally this is."""

import tomllib
from functools import cache

from app.config import ROOT


@cache
def tally_version() -> str:
    """As pyproject.toml says, where a release writes it."""
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return version
