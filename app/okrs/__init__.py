"""Objectives and key results: cycles, measures, check-ins, standing."""

from flask import Blueprint, Flask

from app.accounts.belongings import Keeper, add_keeper
from app.accounts.models import Workspace
from app.accounts.setup import after_setup

blueprint = Blueprint("okrs", __name__)


def init_app(app: Flask) -> None:
    """Register the pages of OKRs."""
    # Here, not above: these modules hang their pages on the blueprint of this one.
    from app.okrs import (  # noqa: F401
        belongings,
        check_in_views,
        cycle_views,
        integration_views,
        key_result_views,
        list_views,
        live_views,
        objective_views,
    )
    from app.okrs.places import add_places

    after_setup.connect(_make_first_quarters)
    keeper = Keeper(belongings.what, belongings.hand_over, belongings.show_own)
    add_keeper(app, "okrs", keeper)
    app.register_blueprint(blueprint)
    add_places(app)


def _make_first_quarters(_workspace: Workspace) -> None:
    from app.okrs.cycles import ensure_quarters

    ensure_quarters()
