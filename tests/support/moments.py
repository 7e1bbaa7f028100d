"""Moments as pages tell them: how long ago, and exactly when."""

import re

_EXACT = r", (at \d\d:\d\d|on \d+ \w{3} \d{4}, \d\d:\d\d)(?=\.?$)"


def relative(text: str) -> str:
    """ "3 hours ago" of "3 hours ago, at 16:05": the exact moment has to stand beside it."""
    said, count = re.subn(_EXACT, "", text)
    assert count == 1, f"no exact moment in {text!r}"
    return said
