"""The running installation of a test module, as seen from the tests themselves."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from app.config import load_config
from app.db import db
from tests.support.installation import Installation


@pytest.fixture
def here(installation: Installation) -> Iterator[Flask]:
    """Its database and its queue, in this process."""
    app = create_app(load_config(installation.environment))
    with app.app_context():
        yield app
    db.session.remove()
    db.engine.dispose()
