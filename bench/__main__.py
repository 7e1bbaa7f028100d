"""Measures everything, prints the tables and writes them to bench/README.md.

python -m bench [PART...] measures only those parts, and writes nothing. `servers` is one that is
left out otherwise: the same people at other settings of gunicorn.
python -m bench soak [--minutes MINUTES] is the long run, which writes its own part alone.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from bench import idle_rows, list_rows, page_rows, people_rows, soak, sync_rows
from bench.growth import growth
from bench.table import Row, as_text, machine

PARTS: dict[str, Callable[[], Iterable[Row]]] = {
    "hourly": sync_rows.hourly_run,
    "plain": sync_rows.plain_script,
    "large": sync_rows.large,
    "refresh": page_rows.refresh,
    "webhooks": page_rows.webhooks,
    "pages": list_rows.many_items,
    "people": people_rows.people,
    "idle": idle_rows.idle,
}
TO_COMPARE: dict[str, Callable[[], Iterable[Row]]] = {"servers": people_rows.servers}
"""Measured only where they are named."""
GROWTH, SOAK = "growth", "soak"
README = Path(__file__).with_name("README.md")


def main() -> int:
    names = [*PARTS, *TO_COMPARE, GROWTH, SOAK]
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(names))
    parser.add_argument("--minutes", type=float, default=soak.MINUTES, help="of the soak")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(names)
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}")
    if SOAK in asked.parts:
        if len(asked.parts) > 1:
            parser.error("the soak is measured alone")
        _tell("soak", soak.report(soak.soak(asked.minutes), asked.minutes), is_kept=True)
        return 0
    is_whole = not asked.parts
    rows = [row for name in _asked(asked.parts) for row in _measured(name)]
    if rows:
        _tell("measured", as_text(rows), is_kept=is_whole)
    if is_whole or GROWTH in asked.parts:
        _tell(GROWTH, growth(), is_kept=is_whole)
    return 0


def _asked(parts: list[str]) -> list[str]:
    """Those that give rows, in their order; all where none is named."""
    return [name for name in PARTS | TO_COMPARE if name in (parts or PARTS)]


def _measured(name: str) -> list[Row]:
    sys.stdout.write(f"measuring: {name}\n")
    rows = []
    for row in (PARTS | TO_COMPARE)[name]():
        sys.stdout.write(f"  {row.what}: {row.measured} (floor {row.floor or '-'})\n")
        sys.stdout.flush()
        rows.append(row)
    return rows


def _tell(place: str, table: str, *, is_kept: bool) -> None:
    """Print it; what is kept also goes to its place in the README, which a comment names."""
    text = f"{machine()}\n\n{table}"
    sys.stdout.write(f"\n{text}")
    if is_kept:
        beginning, end = f"<!-- {place} -->\n", f"<!-- end of {place} -->\n"
        before, _, rest = README.read_text().partition(beginning)
        after = rest.partition(end)[2]
        README.write_text(f"{before}{beginning}\n{text}\n{end}{after}")


if __name__ == "__main__":
    sys.exit(main())
