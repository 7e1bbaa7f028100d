"""gunicorn's settings, which it finds by this name. The Procfile has the address it listens on."""

import os
import sys

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from app.config_error import ConfigError
from app.garbage import look_rarely
from app.log_lines import Lines, log_format, log_to_stderr

# Not WEB_CONCURRENCY: gunicorn reads that too, and ends with a traceback where it is no number.
_processes = os.environ.get("WEB_PROCESSES") or "1"
if not _processes.isdecimal() or int(_processes) < 1:
    sys.exit("WEB_PROCESSES must be a whole number from 1: how many processes serve pages.")

# One process with more threads: a small team never fills it, and a second one takes memory.
workers = int(_processes)
# Several share what they have in common. For a single one the parent would only keep a copy that
# nobody uses, nearly as large as it: whatever is looked at is no longer shared.
preload_app = workers > 1
threads = 8
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


class _Worker(ThreadWorker):
    """Where it loads the app itself, a wrong setting stops the start as one of the parent would."""

    def load_wsgi(self) -> None:
        try:
            super().load_wsgi()
        except ConfigError as error:
            raise AppImportError(error) from error


def when_ready(_server: Arbiter) -> None:
    """Before the first process is forked: what all have in common stays in common."""
    look_rarely()


def post_worker_init(_worker: ThreadWorker) -> None:
    """Where the app was loaded in the process itself, it is there to stay as well."""
    look_rarely()


worker_class = _Worker
logger_class = _Logger
loglevel = "warning"
accesslog = None  # addresses of pages may hold one-time links
# It would stand in the home directory, where a second installation would take it over.
control_socket_disable = True
