"""People at work on two webs: they read, check in, press Refresh, and press again if it failed."""

import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from urllib.parse import urlsplit

import requests
from flask import Flask
from sqlalchemy import select

from app.accounts.models import MEMBER, Person
from app.db import db
from app.okrs.models import KPI, KeyResult, Measure, Objective
from app.okrs.rollup.settling import note_change_of_figure
from faults.fleet import PUBLIC_URL
from faults.installation import PASSWORD

NAMES = ("Bea Berg", "Cem Can", "Dag Dahl", "Eli Ek", "Fay Falk", "Gus Gran")
PAUSE = 0.4
"""Seconds, about, that a person looks at what came."""
PATIENCE = 12
"""Seconds that a person waits for an answer."""
TRIES = 30
"""How often they press again before they give it up."""
WITHOUT_DATABASE = "reach its database"
"""What the page says that a person sees while the database is away."""


@dataclass(frozen=True)
class Answer:
    """What came of one request. `status` is 0 where no answer came."""

    at: float
    web: str
    what: str
    status: int
    took: float
    is_clear: bool = True
    """Whether a person was told in words what is the matter."""

    @property
    def has_failed(self) -> bool:
        return self.status == 0 or self.status >= 400

    def __str__(self) -> str:
        return f"{self.what} at {self.web}: {self.status or 'no answer'} after {self.took:.1f} s"


@dataclass
class Diary:
    """What all people met with, and what they were told is saved."""

    answers: list[Answer] = field(default_factory=list)
    saved: dict[str, bool] = field(default_factory=dict)
    """Notes of check-ins that were answered with success, and whether they mention someone."""
    given_up: set[str] = field(default_factory=set)
    """Notes of those of which nobody was told how they ended."""


def settle_in(app: Flask) -> dict[str, int]:
    """Accounts for all, each with a key result of their own. Its number by the person's email."""
    with app.app_context():
        db.begin_writing()
        objective = db.session.scalars(select(Objective)).first()
        assert objective is not None
        items = {}
        hashed = db.session.scalars(select(Person)).one().password_hash
        for name in NAMES:
            person = Person(name=name, email=_email(name), role=MEMBER, password_hash=hashed)
            measure = Measure(kind=KPI, target_value=Fraction(10**6))
            db.session.add_all([person, measure])
            item = KeyResult(
                title=f"{name} counts", objective=objective, owner=person, measure=measure
            )
            db.session.add(item)
            db.session.flush()
            note_change_of_figure(db.session(), [measure.id])
            items[person.email] = item.id
        db.session.commit()
        db.session.remove()
    return items


class Crowd:
    """All of them, each in a thread."""

    def __init__(
        self, webs: Sequence[str], items: dict[str, int], sources: Sequence[int], seed: int
    ) -> None:
        self.diary = Diary()
        self._is_over, self._may_act = threading.Event(), threading.Event()
        self._may_act.set()
        self._busy = Counter[str]()
        self._people = [
            _Someone(self, email, item, webs, sources, Random(seed + number))
            for number, (email, item) in enumerate(items.items())
        ]

    @property
    def somebody(self) -> "_Someone":
        return self._people[0]

    def sign_in(self) -> None:
        for one in self._people:
            one.sign_in()

    def begin(self) -> None:
        self.sign_in()
        for one in self._people:
            threading.Thread(target=self._live, args=(one,), daemon=True).start()

    def pause(self) -> None:
        """Let them end what they are at."""
        self._may_act.clear()
        while any(self._busy.values()):
            time.sleep(0.05)

    def go_on(self) -> None:
        self._may_act.set()

    def end(self) -> None:
        self._is_over.set()
        self._may_act.set()

    def _live(self, one: "_Someone") -> None:
        while not self._is_over.is_set():
            self._busy[one.email] = 1
            if self._may_act.is_set() and not self._is_over.is_set():
                one.act()
            self._busy[one.email] = 0
            time.sleep(one.chance.uniform(0.5, 1.5) * PAUSE)
            self._may_act.wait()


class _Someone:
    """A browser that goes from web to web with one session."""

    def __init__(
        self,
        crowd: Crowd,
        email: str,
        item: int,
        webs: Sequence[str],
        sources: Sequence[int],
        chance: Random,
    ) -> None:
        self.email, self.chance = email, chance
        self._diary = crowd.diary
        self.item, self._webs, self._sources = item, webs, sources
        self._cookies: dict[str, str] = {}
        self._turn = chance.randrange(len(webs))
        self._number = 0

    @property
    def headers(self) -> dict[str, str]:
        """The headers by which a web knows this browser."""
        return {
            "Host": urlsplit(PUBLIC_URL).netloc,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }

    def sign_in(self) -> None:
        page = self._ask("GET", "/login", "sign in")
        assert page is not None
        fields = {"email": self.email, "password": PASSWORD, "csrf_token": _csrf(page.text)}
        answer = self._ask("POST", "/login", "sign in", fields)
        assert answer is not None and answer.status_code in (302, 303), answer

    def act(self) -> None:
        what = self.chance.choice(["read", "list", "check in", "check in", "refresh"])
        if what == "read":
            self._ask("GET", f"/key-results/{self.item}", "item page")
        elif what == "list":
            self._ask("GET", "/okrs", "list")
        elif what == "refresh":
            self._press(f"/trello/sources/{self.chance.choice(self._sources)}/refresh")
        else:
            self._check_in()

    def _press(self, path: str) -> None:
        page = self._ask("GET", f"/key-results/{self.item}", "item page")
        if page is not None and page.ok:
            self._ask("POST", path, "Refresh", {"csrf_token": _csrf(page.text)})

    def _check_in(self) -> None:
        path = f"/key-results/{self.item}/check-in"
        form = self._ask("GET", path, "check-in form")
        if form is None or not form.ok:
            return
        self._number += 1
        note = f"{self.email} number {self._number}"
        mentions = self._number % 4 == 0
        fields = {
            "csrf_token": _csrf(form.text),
            "seen": _field(form.text, "seen"),
            "value": str(self._number),
            "note": f"{note}, @Ada Ek" if mentions else note,
        }
        for _ in range(TRIES):
            answer = self._ask("POST", path, "check-in", fields)
            if answer is not None and answer.status_code == 303:
                self._diary.saved[fields["note"]] = mentions
                return
            time.sleep(1)
        self._diary.given_up.add(fields["note"])

    def _ask(
        self, method: str, path: str, what: str, fields: dict[str, str] | None = None
    ) -> requests.Response | None:
        """The answer of the web whose turn it is; None where none came."""
        web = self._webs[self._turn % len(self._webs)]
        self._turn += 1
        began = time.monotonic()
        try:
            answer = requests.request(
                method,
                f"http://{web}:8000{path}",
                data=fields,
                headers=self.headers,
                timeout=(2, PATIENCE),
                allow_redirects=False,
            )
        except requests.RequestException:
            self._note(began, web, what, 0)
            return None
        self._cookies |= answer.cookies.get_dict()
        was_sent_away = answer.is_redirect and "/login" in answer.headers["Location"]
        is_clear = answer.status_code < 400 or WITHOUT_DATABASE in answer.text
        self._note(began, web, what, 401 if was_sent_away else answer.status_code, is_clear)
        return answer

    def _note(self, began: float, web: str, what: str, status: int, is_clear: bool = True) -> None:
        now = time.monotonic()
        self._diary.answers.append(Answer(now, web, what, status, now - began, is_clear))


def _email(name: str) -> str:
    return f"{name.split()[0].lower()}@example.com"


def _csrf(page: str) -> str:
    return _found(r'name="csrf-token" content="([^"]+)"', page)


def _field(page: str, name: str) -> str:
    return _found(rf'name="{name}" value="([^"]*)"', page)


def _found(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    return found[1] if found else ""
