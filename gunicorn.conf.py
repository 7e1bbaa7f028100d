"""gunicorn's settings, which it finds by this name. The Procfile has the address it listens on."""

import gc
import os
import sys

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.log_lines import Lines, log_format, log_to_stderr

# Not WEB_CONCURRENCY: gunicorn reads that too, and ends with a traceback where it is no number.
_processes = os.environ.get("WEB_PROCESSES") or "1"
if not _processes.isdecimal() or int(_processes) < 1:
    sys.exit("WEB_PROCESSES must be a whole number from 1: how many processes serve pages.")

worker_class = "gthread"
# One process with more threads: a small team never fills it, and a second one takes memory.
workers = int(_processes)
preload_app = True  # several share what they have in common, and a wrong setting stops the start
threads = 8
LOOSE_ENDS = 10_000
"""How many new objects may pile up before Python looks for garbage: a page makes some thousands,
nearly all of which are gone with it."""
graceful_timeout = 8
"""Seconds that requests under way have to end; waiting for Trello takes the longest."""

# No header says which scheme or path a request was for: app/security.py trusts as many proxies
# as TRUSTED_PROXIES names, and gunicorn would trust whoever connects from this machine.
forwarded_allow_ips = ""
forwarder_headers = ""


class _Logger(Logger):
    """Its lines and ours are of one form. With a dictionary of settings instead, gunicorn would
    log every request."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        log_to_stderr(log_format())
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(Lines(log_format()))


def when_ready(_server: Arbiter) -> None:
    """Before the first process is forked: what all have in common stays in common, since nobody
    looks for garbage among it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOSE_ENDS)


logger_class = _Logger
loglevel = "warning"
accesslog = None  # addresses of pages may hold one-time links
# It would stand in the home directory, where a second installation would take it over.
control_socket_disable = True
