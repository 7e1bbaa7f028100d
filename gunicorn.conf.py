"""gunicorn's settings, which it finds by this name. The Procfile has the address it listens on."""

import os
import sys

from app.log_lines import gunicorn_settings, log_format

# Not WEB_CONCURRENCY: gunicorn reads that too, and ends with a traceback where it is no number.
_processes = os.environ.get("WEB_PROCESSES") or "1"
if not _processes.isdecimal() or int(_processes) < 1:
    sys.exit("WEB_PROCESSES must be a whole number from 1: how many processes serve pages.")

worker_class = "gthread"
# One process with more threads: a small team never fills it, and a second one takes memory.
workers = int(_processes)
preload_app = True  # several share what they have in common, and a wrong setting stops the start
threads = 8
graceful_timeout = 8
"""Seconds that requests under way have to end; waiting for Trello takes the longest."""

# No header says which scheme or path a request was for: app/security.py trusts as many proxies
# as TRUSTED_PROXIES names, and gunicorn would trust whoever connects from this machine.
forwarded_allow_ips = ""
forwarder_headers = ""

logconfig_dict = gunicorn_settings(log_format())
loglevel = "warning"
accesslog = None  # addresses of pages may hold one-time links
# It would stand in the home directory, where a second installation would take it over.
control_socket_disable = True
