"""The running installation of a test module, as seen from the tests themselves."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from app.config import load_config
from app.db import db
from tests.services.watching import connect_mina, link_item
from tests.support.installation import Installation


@pytest.fixture
def here(installation: Installation) -> Iterator[Flask]:
    """Its database and its queue, in this process."""
    app = create_app(load_config(installation.environment))
    with app.app_context():
        yield app
    db.session.remove()
    db.engine.dispose()


@pytest.fixture
def measure_id(here: Flask, installation: Installation) -> int:
    """A key result that counts "Finished" on the content calendar, not counted yet."""
    return link_item(connect_mina(installation), installation, "Content calendar", "Finished")
