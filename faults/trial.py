"""People go on with their work while something is wrong, and afterwards everything is looked over.

What was answered as saved has to be there once; what was refused, not at all; every figure has to
be its board's again without a hand laid on.
"""

import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

from faults.boards import BOARDS, LINKS_AT_FIRST, REPAIRED_WITHIN, STARTED_WITHIN, change_at_random
from faults.installation import Installation
from faults.links import Links
from faults.stored import Stored, in_file
from faults.truth import Truth
from faults.visitor import NO_ANSWER, Answer, Visitor
from sandbox import RunningSandbox

PAGES = ("/", "/okrs", "/objectives/1", "/key-results/1", "/admin/connections")
"""What only reads."""
LONG = "It is worth a sentence or two. " * 60
"""So that comments need room."""


class Trial:
    """An installation that counts, with somebody who uses it."""

    def __init__(
        self, data_dir: Path, log: Path, sandbox: RunningSandbox, scale: float, chance: Random
    ) -> None:
        sandbox.limits.enabled = False  # its windows do not shrink with our timers
        self.data_dir = data_dir
        self._sandbox, self.chance, self.scale = sandbox, chance, scale
        self._truth = Truth()
        self._boards = [sandbox.store.board(name) for name in BOARDS]
        self._stored = Stored(in_file(data_dir / "tally.sqlite3"), self._truth)
        self._said: dict[str, Answer] = {}
        self.installation = Installation(data_dir, sandbox, scale, log)
        self.reads: Counter[tuple[int, str]] = Counter()
        self.changes: Counter[tuple[int, str]] = Counter()
        """How often each status and title was the answer to what reads, and to what changes."""

    def begin(self) -> None:
        """Start everything, and see that it counts."""
        self.installation.prepare()
        for board in self._boards:
            self._truth.note(board)
        self.links = Links(self.installation.environ, self._sandbox, self._truth, self.chance)
        for _ in range(LINKS_AT_FIRST):
            self.links.link_new(self.chance.choice(self._boards))
        self.installation.start()
        self.installation.wait_until_whole()
        self.visitor = Visitor(self.installation.url)
        if self.repaired_after() is None:
            raise RuntimeError(f"it does not count at all:\n{self.installation.log()}")
        self.live(2)
        self.forget_answers()

    def live(self, turns: int, pause: float = 0.2) -> None:
        """Boards change, pages are read, comments written and Refresh pressed."""
        for _ in range(turns):
            self.change_boards()
            for path in PAGES:
                self._note(self.reads, self.visitor.read(path))
            self.say()
            self._note(self.changes, self.visitor.press_refresh(self.chance.choice([1, 2, 3])))
            time.sleep(pause)

    def say(self) -> Answer:
        """One comment more."""
        words = f"Remark {len(self._said) + 1}. {LONG}".strip()
        answer = self.visitor.send("/objectives/1/comments", text=words)
        self._said[words] = answer
        self._note(self.changes, answer)
        return answer

    def change_boards(self) -> None:
        for board in self._boards:
            for _ in range(self.chance.choice([0, 1, 2])):
                change_at_random(board, self._sandbox, self.chance)
                self._truth.note(board)

    def forget_answers(self) -> None:
        self.reads.clear()
        self.changes.clear()
        self._log_began = len(self._log_lines())

    def log_lines(self) -> list[str]:
        """What was logged since the answers were forgotten."""
        return self._log_lines()[self._log_began :]

    def repaired_after(self, within: float | None = None) -> float | None:
        """Seconds until all is whole, and every figure its board's; None where that took too
        long."""
        began = time.monotonic()
        deadline = began + (within or max(REPAIRED_WITHIN * self.scale, STARTED_WITHIN))
        while self._stored.unsettled() or not self.installation.is_whole():
            if time.monotonic() > deadline:
                return None
            time.sleep(0.05)
        return time.monotonic() - began

    def unsettled(self) -> list[str]:
        return self._stored.unsettled()

    def damage(self) -> list[str]:
        """What no time will mend. Not what is still to be done: the next hour may have begun."""
        return [*self._stored.damage(), *self._comments_amiss()]

    def bad_answers(self, *, readable: bool = True, refusals: Iterable[int] = ()) -> list[str]:
        """Answers that nobody should get: bare errors, none at all, and other refusals."""
        found = []
        for what, answers in (("reading", self.reads), ("changing", self.changes)):
            for (status, title), count in answers.items():
                is_refusal = status in refusals and title and not (what == "reading" and readable)
                is_good = status == 200 if what == "reading" else 200 <= status < 400
                if not (is_good or is_refusal):
                    found.append(f"{what}: {count} times {status} {title or 'without a title'}")
        return found

    def _comments_amiss(self) -> list[str]:
        kept = Counter(self._stored.comments())
        found = []
        for words, answer in self._said.items():
            said, count = words.partition(".")[0], kept[words]
            allowed = (0, 1) if answer.status == NO_ANSWER else ((1,) if answer.is_good else (0,))
            if count not in allowed:
                found.append(
                    f"{said} was answered with {answer.status}, and is there {count} times"
                )
        return found

    def _log_lines(self) -> list[str]:
        return self.installation.log_path.read_text(errors="replace").splitlines()

    @staticmethod
    def _note(answers: Counter[tuple[int, str]], answer: Answer) -> None:
        answers[answer.status, "" if answer.is_good else answer.title] += 1
