"""python -m bin.screenshots: walks through a fresh demo and takes the pictures in docs/."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route, ViewportSize, sync_playwright

from app.security import HTMX_URL
from bin.htmx import COPY
from bin.supervisor import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SIZE: ViewportSize = {"width": 1200, "height": 860}
DOCS = ROOT / "docs"
PATIENCE = 60
"""Seconds to wait for what takes two or three."""


def main() -> None:
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        sys.exit("There is no Chromium here: apt-get install chromium brings it.")
    DOCS.mkdir(exist_ok=True)
    with _running_demo() as said, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        for scheme, ending in (("light", ""), ("dark", "-dark")):
            context = chromium.new_context(
                base_url=said["Address"],
                color_scheme="dark" if scheme == "dark" else "light",
                viewport=SIZE,
                device_scale_factor=2,
            )
            context.route(HTMX_URL, _answer_for_cdn)
            _take_pictures(context, said["Email"], said["Password"], ending)
            context.close()
        chromium.close()


def _take_pictures(context: BrowserContext, email: str, password: str, ending: str) -> None:
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)

    page.goto("/okrs")
    _save(page, f"okrs{ending}")
    page.get_by_role("link", name="Finish 24 pieces").click()
    page.wait_for_url("**/key-results/*")
    _await_past(page)
    _save(page, f"key-result{ending}")
    page.goto(f"{page.url}/edit")
    page.get_by_role("group", name="Data source: Trello").evaluate("part => part.scrollIntoView()")
    _save(page, f"link{ending}")


def _await_past(page: Page) -> None:
    """Until the chart shows what was before the link, which the worker reads a little later."""
    for _ in range(PATIENCE):
        if page.locator(".chart .waits").count() == 0:
            return
        page.wait_for_timeout(1000)
        page.reload()
    sys.exit("The past of the board did not come: is the worker at work?")


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / f"{name}.png")
    sys.stdout.write(f"docs/{name}.png\n")


@contextmanager
def _running_demo() -> Iterator[dict[str, str]]:
    """What the demo said of itself: Address, Email, Password and Trello."""
    with tempfile.TemporaryDirectory(prefix="tally-") as data_dir:
        environ = dict(os.environ) | {"DATA_DIR": data_dir, "PORT": str(_free_port())}
        process = subprocess.Popen(
            [sys.executable, "serve.py", "--demo"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if "Ctrl-C" in line:
                    break
            yield dict(re.findall(r"^  (\w+) +(http\S+|\S+)", said, re.MULTILINE))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answer_for_cdn(route: Route) -> None:
    if not Path(COPY).exists():
        route.continue_()
        return
    route.fulfill(
        path=COPY,
        content_type="application/javascript",
        headers={"Access-Control-Allow-Origin": "*"},
    )


if __name__ == "__main__":
    main()
