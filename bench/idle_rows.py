"""What a whole installation takes up while nobody uses it, and what a first visit transfers."""

import time
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import Browser

from app.queues import IDLE_FOR
from bench.boards import small_boards
from bench.installation import Measured, measured, running_standin
from bench.page_rows import running_browser
from bench.processes import family, proportional_memory
from bench.table import Row
from tests.support.installation import ADMIN_EMAIL, ADMIN_PASSWORD

MEGABYTE = 1024 * 1024
_IDLE_FOR = IDLE_FOR + 15
"""Seconds: the lane that ends when idle has ended, and the clock has taken some turns by then."""


def idle() -> Iterable[Row]:
    """After everything was counted once and somebody signed in and looked around."""
    with (
        running_standin(10) as standin,
        measured(small_boards(10), standin) as installation,
    ):
        installation.work_through(0, patience=120)
        installation.installation.start_web()
        with running_browser() as browser:
            transferred = _first_visit(browser, installation.installation.url)
        time.sleep(_IDLE_FOR)
        memory = proportional_memory_of(installation)
    taken = sum(memory.values()) / MEGABYTE
    yield Row(
        "the whole installation idle: proportional memory of all its processes",
        f"{taken:.0f} MB in {len(memory)} processes",
        "",
        "under 220 MB",
        taken < 220,
    )
    yield Row(
        "first visit, from signing in to the home page: bytes over the wire, without a proxy",
        f"{transferred / 1000:.0f} kB",
        "",
        "under 60 kB",
        transferred < 60_000,
    )


def proportional_memory_of(measured: Measured) -> dict[int, int]:
    """Bytes by the process, of web, worker and the server for jobs."""
    parts = (measured.installation.web, measured.installation.worker)
    pids = [pid for part in parts if part is not None for pid in family(part.pid)]
    return {pid: proportional_memory(pid) for pid in pids}


def _first_visit(browser: Browser, url: str) -> float:
    """Bytes of all answers with their headers, to a browser with nothing kept. Where the CDN is out
    of reach htmx comes from the site itself."""
    # Nothing is routed: that would keep the browser from keeping anything.
    context = browser.new_context(base_url=url)
    page = context.new_page()
    sizes: list[float] = []
    network = context.new_cdp_session(page)
    network.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    network.on("Network.requestWillBeSent", lambda told: sizes.append(_of_redirect(told)))
    network.send("Network.enable")
    page.goto("/login", wait_until="networkidle")
    page.get_by_label("Email", exact=True).fill(ADMIN_EMAIL)
    page.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda address: "/login" not in address)
    page.wait_for_load_state("networkidle")
    context.close()
    return sum(sizes)


def _of_redirect(told: dict[str, Any]) -> float:
    size: float = told.get("redirectResponse", {}).get("encodedDataLength", 0)
    return size
