"""Admin, System: what runs here, and whether anything runs out."""

import platform

from flask import render_template
from flask.typing import ResponseReturnValue

from app.access import require_admin
from app.beats import EVERY
from app.queues import queue_lengths, server_version
from app.system import blueprint
from app.system.facts import free_space, is_low, read_facts
from app.version import tally_version


@blueprint.get("/admin/system")
def show_system() -> ResponseReturnValue:
    require_admin()
    facts, free = read_facts(), free_space()
    return render_template(
        "system/system.html",
        facts=facts,
        free=free,
        is_low=free is not None and is_low(free, facts.database.size),
        lengths=queue_lengths(),
        redis=server_version(),
        version=tally_version(),
        python=platform.python_version(),
        tick_seconds=int(EVERY.total_seconds()),
    )
