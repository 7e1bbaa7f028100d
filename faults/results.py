"""What a run found: printed as the section of its kind in docs/faults.md, put there if asked."""

import re
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "faults.md"


@dataclass
class Findings:
    """Rows of a table, and what should not have been."""

    kind: str
    summary: str
    command: str
    rows: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, what: str, found: object) -> None:
        self.rows.append((what, str(found)))
        say(f"{what}: {found}")

    def objects(self, where: str, wrong: list[str]) -> None:
        self.wrong += [f"{where}: {one}" for one in wrong]

    def section(self) -> str:
        """In Markdown, with the day on which it was measured."""
        lines = [
            f"## {self.kind}",
            "",
            self.summary,
            "",
            f"`{self.command}`, {datetime.now(UTC):%Y-%m-%d}:",
            "",
            "| what | found |",
            "|---|---|",
            *(f"| {what} | {found.replace('|', ' ')} |" for what, found in self.rows),
            "",
        ]
        return "\n".join(lines)

    def write(self) -> None:
        """In place of the section of this kind, or at the end of the page."""
        text = PAGE.read_text()
        old = re.search(rf"^## {re.escape(self.kind)}$.*?(?=^## |\Z)", text, re.M | re.S)
        section = self.section() + "\n"
        if old is None:
            text = f"{text.rstrip()}\n\n{section}"
        else:
            text = text[: old.start()] + section + text[old.end() :]
        PAGE.write_text(text.rstrip() + "\n")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
