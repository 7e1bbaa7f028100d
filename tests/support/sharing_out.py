"""A pytest plugin: which tests one process takes together, and which are begun with."""

import pytest
from xdist.scheduler import LoadScopeScheduling

ON_ONE_INSTALLATION = tuple(
    f"tests/browser/test_{name}.py" for name in ("errors", "main_job", "quarter", "refresh")
)


class Sharing(LoadScopeScheduling):
    """Whole modules, as they share what is slow to make."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "installation" if module in ON_ONE_INSTALLATION else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Sharing:
    return Sharing(config, log)  # type: ignore[arg-type]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers and services first: the longest of them would have the other processes wait."""
    items.sort(key=lambda item: not _waits(item))


def _waits(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("browser", "services"))
