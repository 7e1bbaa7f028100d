"""The shape of the project: which way its parts may lean on each other, and what stays out."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = sorted((ROOT / "app").rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

LAYERS = ("accounts", "teams", "okrs", "mail", "trello", "backup", "styleguide", "system")
"""Each may import those before it."""


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _in(layer: str) -> list[Path]:
    return sorted((ROOT / "app" / layer).rglob("*.py"))


@pytest.mark.parametrize("layer", LAYERS)
def test_dependencies_point_one_way(layer):
    above = LAYERS[LAYERS.index(layer) + 1 :]
    for path in _in(layer):
        for name in _imports(path):
            package = name.removeprefix("app.").partition(".")[0]
            assert not (name.startswith("app.") and package in above), f"{path}: {name}"


def test_any_module_may_be_loaded_first():
    """Nothing that is loaded with a module needs that module in its turn. What a function loads
    when it is called does not count."""
    modules = {_module(path): path for path in APP}
    needs = {}
    for name, path in modules.items():
        loaded = {one for one in _loaded_with(path) if one in modules}
        loaded |= {
            ".".join(one.split(".")[:n]) for one in loaded for n in range(1, one.count(".") + 1)
        }
        # A package is there, if not whole, when its own modules are loaded.
        needs[name] = {one for one in loaded if not name.startswith(f"{one}.")}
    TopologicalSorter(needs).prepare()  # raises CycleError, which names the circle


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _loaded_with(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_log_that_all_write_to_knows_people_alone():
    for path in _in("audit"):
        for name in _imports(path):
            assert not name.startswith(tuple(f"app.{one}" for one in LAYERS[1:])), f"{path}: {name}"


def test_what_all_packages_use_knows_none_of_the_upper_ones():
    foundation = (
        "beats",
        "config",
        "config_error",
        "counters",
        "db",
        "embedded_redis",
        "exact",
        "garbage",
        "htmx",
        "log_lines",
        "migrating",
        "security",
        "slow_work",
        "vault",
        "version",
    )
    for path in (ROOT / "app" / f"{name}.py" for name in foundation):
        for name in _imports(path):
            assert not name.startswith(tuple(f"app.{layer}" for layer in LAYERS)), f"{path}: {name}"


def test_okrs_never_name_trello():
    for path in [*_in("okrs"), *(ROOT / "templates" / "okrs").rglob("*.html")]:
        assert "trello" not in path.read_text().lower(), f"{path} names one of the integrations"


@pytest.mark.parametrize("path", [*APP, *sorted(ROOT.glob("*.py"))], ids=str)
def test_the_product_knows_no_sandbox_and_prints_nothing(path):
    text = path.read_text()
    for name in _imports(path):
        assert name.partition(".")[0] not in ("sandbox", "tests"), f"{path}: {name}"
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    names = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
    assert "print" not in names, f"{path}: write to the log, or use click.echo in a command"


def test_only_the_queue_and_the_worker_know_rq():
    for path in APP:
        known = {name for name in _imports(path) if name == "rq" or name.startswith("rq.")}
        assert not known or path.name == "queues.py", f"{path} imports {known}"


def test_only_views_jobs_and_commands_commit():
    """Elsewhere a transaction of its own is a `with db.writing()`, which says so."""
    may = re.compile(r"(views|jobs|commands|db)\.py$")
    for path in APP:
        if not may.search(path.name):
            assert "session.commit()" not in path.read_text(), f"{path} commits"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_keep_to_the_content_security_policy(path):
    text = path.read_text()
    for unwanted, reason in (
        (r"\sstyle=", "style attributes are blocked"),
        (r"<style", "styles belong in static/style.css"),
        (r"<script(?![^>]*\ssrc=)", "inline scripts are blocked"),
        (r"\shx-on", "hx-on needs eval"),
        (r"\son[a-z]+=", "event attributes are blocked"),
        (r"javascript:", "scripts in addresses are blocked"),
        (r"\|\s*safe\b", "nothing that anyone wrote is safe"),
        (r"\bMarkup\(|autoescape false", "nothing that anyone wrote is safe"),
        (r"hx-trigger=\"[^\"]*\[", "trigger filters need eval"),
    ):
        assert not re.search(unwanted, text), f"{path.name}: {reason}"


def test_every_template_compiles(app):
    for path in TEMPLATES:
        app.jinja_env.get_template(path.relative_to(ROOT / "templates").as_posix())


def test_every_template_is_used(app):
    told = "".join(path.read_text() for path in [*APP, *TEMPLATES])
    for path in TEMPLATES:
        name = path.relative_to(ROOT / "templates").as_posix()
        assert name in told, f"nothing renders or includes {name}"
