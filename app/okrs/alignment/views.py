"""What the search for something to align an objective under finds, while it is typed."""

from flask import request
from flask.typing import ResponseReturnValue

from app.access import id_from_query, require_member
from app.htmx import fragment
from app.okrs import blueprint
from app.okrs.alignment.choice import AlignedUnder
from app.okrs.loading import objective_for


@blueprint.get("/objectives/parents")
def find_parents() -> ResponseReturnValue:
    person, objective_id = require_member(), id_from_query("objective")
    objective = objective_for(person, objective_id, to_edit=True) if objective_id else None
    choice = AlignedUnder(person, objective, request.args, id_from_query("under"))
    return fragment("okrs/alignment/_parents.html", choice=choice, is_alone=True)
