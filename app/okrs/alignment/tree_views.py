"""The tree: objectives under objectives and key results, with what is folded in the address."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.access import found, id_from_query, me
from app.okrs import blueprint
from app.okrs.alignment.forest import branches_for
from app.okrs.alignment.tree import grow
from app.okrs.alignment.tree_view import ALL, view_from
from app.okrs.cycles import cycles_and_current


@blueprint.get("/okrs/tree")
def show_tree() -> ResponseReturnValue:
    """The tree around a cycle, of all cycles, or beneath one item, the root."""
    root, cycle = id_from_query("root"), None
    (cycles, current), branches = cycles_and_current(), branches_for(me())
    if root is not None:
        found(branches.get(root))
    elif request.args.get("cycle") != ALL:
        wanted = request.args.get("cycle", type=int) if "cycle" in request.args else current.id
        cycle = found(next((one for one in cycles if one.id == wanted), None))
    view = view_from(request.args, cycle.id if cycle else None, root)
    tree = grow(branches, view, cycles)
    return render_template("okrs/alignment/tree.html", tree=tree, cycle=cycle, cycles=cycles)
