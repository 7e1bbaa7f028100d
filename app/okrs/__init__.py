"""Objectives and key results: cycles, measures, check-ins, standing."""

from flask import Blueprint, Flask, request

from app.accounts.belongings import Keeper, add_keeper
from app.accounts.models import Workspace
from app.accounts.setup import after_setup
from app.outages import left_where_nothing_can_be_saved
from app.teams import blueprint as teams
from app.teams.changing import membership_changed

blueprint = Blueprint("okrs", __name__)


def init_app(app: Flask) -> None:
    """Register the pages of OKRs."""
    # Here, not above: these modules hang their pages on the blueprint of this one.
    from app.okrs import (  # noqa: F401
        belongings,
        contribution_views,
        cycle_views,
        integration_views,
        key_result_views,
        list_views,
        live_views,
        objective_views,
        order_views,
        timeline_views,
        workspace_views,
    )
    from app.okrs.alignment import tree_views  # noqa: F401
    from app.okrs.alignment import views as alignment_views  # noqa: F401
    from app.okrs.bin import bin_views  # noqa: F401
    from app.okrs.bin.finding import KEPT
    from app.okrs.checkins import round_views  # noqa: F401
    from app.okrs.checkins import views as check_in_views  # noqa: F401
    from app.okrs.comments import views as comment_views  # noqa: F401
    from app.okrs.endings import carrying_views, closing_views, review_views  # noqa: F401
    from app.okrs.explorer import views  # noqa: F401
    from app.okrs.lines import line_html
    from app.okrs.moving import export_views, import_views, waiting_views  # noqa: F401
    from app.okrs.moving.waiting import told_of
    from app.okrs.of_team import follow_membership, pursued_by
    from app.okrs.places import add_places
    from app.okrs.repeats import beginning

    membership_changed.connect(follow_membership)
    app.jinja_env.globals["days_in_bin"] = KEPT.days
    app.jinja_env.globals["line_html"] = line_html
    app.jinja_env.globals["pursued_by"] = pursued_by
    app.jinja_env.globals["waiting_for"] = told_of
    app.jinja_env.globals["beginning"] = beginning
    after_setup.connect(_make_first_quarters)
    keeper = Keeper(
        belongings.what, belongings.hand_over, belongings.show_own, belongings.hold_all_of
    )
    add_keeper(app, "okrs", keeper)
    app.register_blueprint(blueprint)
    app.before_request(_settle_first)
    add_places(app)


def _settle_first() -> None:
    """Show no page of items before all roll-ups are up to date.

    What open pages ask again and again is left to the worker's clock.
    """
    from app.okrs.rollup.settling import settle

    is_page = request.blueprint in (blueprint.name, teams.name) and request.method == "GET"
    if is_page and request.endpoint not in ("okrs.live", "okrs.live_counting"):
        with left_where_nothing_can_be_saved():
            settle()


def _make_first_quarters(_workspace: Workspace) -> None:
    from app.okrs.cycles import ensure_quarters

    ensure_quarters()
