"""Someone signed in who reads, comments and presses Refresh, and shrugs when no answer comes."""

import re
from dataclasses import dataclass
from html import unescape

import requests

from faults.installation import EMAIL, PASSWORD

NO_ANSWER = 0


@dataclass(frozen=True)
class Answer:
    """What came back, as a person sees it."""

    status: int
    """NO_ANSWER where the connection failed."""
    title: str
    text: str = ""

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 400


class Visitor:
    """A browser of the installation's admin."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._token = ""
        self.read("/login")
        self.send("/login", email=EMAIL, password=PASSWORD)
        self.read("/")

    def press_refresh(self, source_id: int) -> Answer:
        return self.send(f"/trello/sources/{source_id}/refresh")

    def read(self, path: str) -> Answer:
        """The page there; its token is the one that is sent next."""
        answer = self._ask("GET", path)
        token = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
        self._token = token[1] if token else self._token
        return answer

    def send(self, path: str, **fields: str) -> Answer:
        """A form, as it is sent without JavaScript."""
        return self._ask("POST", path, {"csrf_token": self._token, **fields})

    def _ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> Answer:
        try:
            found = self._session.request(
                method, f"{self._url}{path}", data=fields, timeout=20, allow_redirects=False
            )
        except requests.RequestException as error:
            return Answer(NO_ANSWER, type(error).__name__)
        heading = re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", found.text, re.DOTALL)
        title = unescape(re.sub(r"<[^>]+>", "", heading[1])) if heading else ""
        return Answer(found.status_code, title, found.text)
