"""A pytest plugin: the last lines of a run say which browser tests it went without."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    missed = [report for report in skipped if "browser" in report.keywords]
    if missed:
        terminalreporter.write_line("")
        terminalreporter.write_line(
            f"{len(missed)} browser tests did not run, because no Chromium was found. To run them: "
            "apt-get install chromium, or name another Chromium or Chrome: "
            "CHROMIUM=/path/to/it make test",
            yellow=True,
        )
