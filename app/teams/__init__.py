"""Teams: their lead, their members, and the team they are part of."""

from flask import Blueprint, Flask

from app.accounts.belongings import Keeper, add_keeper

blueprint = Blueprint("teams", __name__)


def init_app(app: Flask) -> None:
    """Register the pages of teams."""
    # Here, not above: these modules hang their pages on the blueprint of this one.
    from app.teams import belongings, member_views, views  # noqa: F401
    from app.teams.places import add_places

    add_keeper(app, "teams", Keeper(belongings.what, belongings.hand_over))
    app.register_blueprint(blueprint)
    add_places(app)
