"""Measures everything, prints the table and writes it to bench/README.md.

python -m bench [PART...] measures only those parts, and writes nothing.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from bench import list_rows, page_rows, sync_rows
from bench.table import Row, as_text, machine

PARTS: dict[str, Callable[[], Iterable[Row]]] = {
    "hourly": sync_rows.hourly_run,
    "plain": sync_rows.plain_script,
    "large": sync_rows.large,
    "refresh": page_rows.refresh,
    "webhooks": page_rows.webhooks,
    "pages": list_rows.many_items,
}
README = Path(__file__).with_name("README.md")
BEGINNING, END = "<!-- measured -->\n", "<!-- end -->\n"


def main() -> int:
    names = sys.argv[1:] or list(PARTS)
    unknown = set(names) - set(PARTS)
    if unknown:
        sys.stderr.write(f"There is no {', '.join(unknown)}: choose from {', '.join(PARTS)}.\n")
        return 2
    rows: list[Row] = []
    for name in names:
        rows += _measured(name)
    text = f"{machine()}\n\n{as_text(rows)}"
    sys.stdout.write(f"\n{text}")
    if not sys.argv[1:]:
        _write(text)
    return 0


def _measured(name: str) -> list[Row]:
    sys.stdout.write(f"measuring: {name}\n")
    rows = []
    for row in PARTS[name]():
        sys.stdout.write(f"  {row.what}: {row.measured} (floor {row.floor or '-'})\n")
        sys.stdout.flush()
        rows.append(row)
    return rows


def _write(text: str) -> None:
    """Into its place, between what is said of it there."""
    before, _, rest = README.read_text().partition(BEGINNING)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGINNING}\n{text}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
