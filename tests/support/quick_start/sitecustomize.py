"""Found by Python at its start where this directory is on its path: programs that tests start.

Looking for garbage among all that is imported takes a third of their start and of their end.
"""

import atexit
import gc

gc.set_threshold(100_000, 20, 20)
atexit.register(gc.freeze)
