"""The page of components."""

from flask import current_app, render_template
from flask.typing import ResponseReturnValue

from app.access import require_admin
from app.accounts.models import workspace
from app.okrs.chart import draw_chart
from app.styleguide import blueprint, samples


@blueprint.get("/styleguide")
def show_components() -> ResponseReturnValue:
    """For admins; while developing, for everyone who is signed in."""
    if not current_app.debug:
        require_admin()
    today = workspace().today()
    wrong = samples.SampleForm(prefix="wrong-")
    wrong.validate()
    return render_template(
        "styleguide.html",
        standings=samples.standings(),
        rows=samples.rows(today),
        tree=samples.tree(today),
        view=samples.tree_view(),
        chart=draw_chart(samples.course(today)),
        entries=samples.timeline(),
        form=samples.SampleForm(),
        wrong=wrong,
        picks=samples.SampleForm(prefix="pick-", data={"title": "newsletter"}),
    )
