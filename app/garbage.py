"""How a process that serves pages looks for garbage: rarely, and never among what it began with."""

import gc

LOOSE_ENDS = 10_000
"""How many new objects may pile up before Python looks for garbage: a page makes some thousands,
nearly all of which are gone with it."""


def look_rarely() -> None:
    """What is there by now is there to stay; where processes are forked from it, it stays shared,
    since nobody looks for garbage among it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOSE_ENDS)
