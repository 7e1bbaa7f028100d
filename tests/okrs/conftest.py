"""A cycle of a hundred days with today in its middle, one objective of Bob's, one key result."""

from collections.abc import Iterator

import pytest

from app.accounts.models import Person, Workspace
from app.db import db
from app.okrs import integrations
from app.okrs.integrations import switch
from app.okrs.models import Cycle, KeyResult, Objective
from tests.okrs.abacus import Abacus
from tests.okrs.items import TODAY, make_cycle, make_key_result, make_objective


@pytest.fixture(scope="module", autouse=True)
def _today() -> Iterator[None]:
    """Once for all tests of a module: a model that is given something forgets its statements."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workspace, "today", lambda _workspace: TODAY)
        yield


@pytest.fixture
def cycle(workspace: Workspace) -> Cycle:
    return make_cycle()


@pytest.fixture
def objective(bob: Person, cycle: Cycle) -> Objective:
    return make_objective(bob, cycle)


@pytest.fixture
def key_result(objective: Objective, bob: Person) -> KeyResult:
    return make_key_result(objective, bob)


@pytest.fixture
def abacus(alice: Person, monkeypatch: pytest.MonkeyPatch) -> Abacus:
    """A second integration, enabled; the only one on the list."""
    abacus = Abacus()
    monkeypatch.setattr(integrations, "_integrations", {"abacus": abacus})
    switch("abacus", True, alice)
    db.session.commit()
    return abacus
