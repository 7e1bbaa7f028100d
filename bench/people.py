"""People at their browsers: each reads and checks in, one act every so many seconds.

python -m bench.people FILE does what the file says and prints what was answered, both as JSON.
"""

import json
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

CHECK_IN = "check-in"
"""An act of two requests: its form, and what is sent with it. All others only read."""
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')
_ATTRIBUTE = re.compile(r'(name|value)="([^"]*)"')
_PATIENCE = 30


@dataclass(frozen=True)
class Someone:
    cookie: dict[str, str]
    acts: list[tuple[str, str]]
    """What is done, a check-in or any other word, and at which path; by turns, without end."""


@dataclass(frozen=True)
class Load:
    address: str
    people: list[Someone]
    every: float
    """Seconds from one act of a person to the next."""
    duration: float

    def as_text(self) -> str:
        return json.dumps(asdict(self))


@dataclass
class Answers:
    """How long answers took, in seconds, by the kind of act, and what came instead of one."""

    took: list[tuple[str, float]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def note(self, what: str, began: float) -> None:
        self.took.append((what, time.monotonic() - began))


def main() -> None:
    with open(sys.argv[1]) as file:
        said = json.load(file)
    people = [Someone(**one) for one in said.pop("people")]
    load = Load(people=people, **said)
    answers, end = Answers(), time.monotonic() + load.duration
    threads = [
        threading.Thread(target=_live, args=(load, number, answers, end), daemon=True)
        for number in range(len(people))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps({"took": answers.took, "errors": answers.errors}))


def _live(load: Load, number: int, answers: Answers, end: float) -> None:
    """One person's acts until the end; they come spread over the seconds between two."""
    browser = requests.Session()
    someone = load.people[number]
    for name, value in someone.cookie.items():  # in the place of which the site puts its next one
        browser.cookies.set(name, value, domain=urlsplit(load.address).hostname or "")
    # gunicorn closes a connection after two seconds, just when the next act might make use of it.
    browser.headers["Connection"] = "close"
    due = time.monotonic() + load.every * number / len(load.people)
    turn = number  # so that not all do the same at once
    while due < end:
        time.sleep(max(0.0, due - time.monotonic()))
        what, path = someone.acts[turn % len(someone.acts)]
        try:
            _act(browser, what, load.address + path, turn, answers)
        except requests.RequestException as error:
            answers.errors[f"{what}: {type(error).__name__}"] += 1
        turn += 1
        due += load.every


def _act(browser: requests.Session, what: str, address: str, turn: int, answers: Answers) -> None:
    began = time.monotonic()
    page = browser.get(address, timeout=_PATIENCE, allow_redirects=False)
    answers.note(what, began)
    if page.status_code != 200:
        answers.errors[f"{what}: {page.status_code}"] += 1
        return
    if what != CHECK_IN:
        return
    sent = {**_hidden(page.text), "note": f"Going well, for the {turn}th time.", "confidence": "7"}
    began = time.monotonic()
    saved = browser.post(address, data=sent, timeout=_PATIENCE, allow_redirects=False)
    answers.note("check-in sent", began)
    if saved.status_code != 303:
        answers.errors[f"check-in sent: {saved.status_code}"] += 1


def _hidden(html: str) -> dict[str, str]:
    """What the form brings along by itself."""
    found: list[dict[str, Any]] = [dict(_ATTRIBUTE.findall(one)) for one in _HIDDEN.findall(html)]
    return {one["name"]: one.get("value", "") for one in found if "name" in one}


if __name__ == "__main__":
    main()
