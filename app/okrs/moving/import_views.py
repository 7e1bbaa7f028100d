"""Admin, Import: a file is sent, its words are mapped, its rows are looked at, then it comes in."""

from typing import Any

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer, joinedload
from werkzeug.datastructures import FileStorage

from app.access import by_id, found, hold_me, require_admin
from app.accounts.people import everyone
from app.audit.log import record
from app.db import db, utcnow
from app.htmx import fragment, go_on, is_htmx, see_other
from app.okrs import blueprint
from app.okrs.cycles import all_cycles
from app.okrs.moving.answers import Answers
from app.okrs.moving.answers_form import AnswersForm
from app.okrs.moving.importing import do_import
from app.okrs.moving.limits import LARGEST_UPLOAD, MOST_ITEMS
from app.okrs.moving.made_places import TakenMeanwhile
from app.okrs.moving.models import Import
from app.okrs.moving.neutral import FileContent, Unreadable, pack, unpack
from app.okrs.moving.opening import open_file
from app.okrs.moving.planned import FATES
from app.okrs.moving.planning import plan_import
from app.okrs.moving.present import may_know
from app.okrs.moving.questions import Suggester, questions_about
from app.okrs.moving.so_far import SoFar, words
from app.okrs.moving.waiting import all_waiting
from app.teams.models import Team
from app.uploads import takes_upload

_ROWS_AT_ONCE = 200
_AT_ONCE = (
    "Someone else imported or made some of this at the same moment, so nothing was imported. "
    "Look at the rows once more."
)
_BROKE_OFF = (
    "The import broke off before its end, so nothing has changed. Look at the rows, then press "
    "Import once more."
)
_COMES_IN = "The file is being imported just now, so it can't be thrown away."
_IS_IN = "The file was imported meanwhile, so there is nothing left to throw away."


@blueprint.route("/admin/import", methods=["GET", "POST"])
@takes_upload(LARGEST_UPLOAD)
def begin_import() -> ResponseReturnValue:
    require_admin()
    if request.method != "POST":
        return _begin_page()
    file = request.files.get("file")
    if file is None or not file.filename:
        return _begin_page("Choose a file."), 422
    db.end_reading()  # reading the file takes its time, and nobody should wait for it
    try:
        content = open_file(file.stream)
    except Unreadable as error:
        return _begin_page(str(error)), 422
    admin = hold_me()
    begun = Import(
        person_id=admin.id,
        file_name=_name_of(file),
        layout=content.layout,
        content=pack(content),
        mapping={},
    )
    db.session.add(begun)
    db.session.flush()  # the log tells it by its id
    record("import.begun", "import", begun.id, begun.file_name)
    db.session.commit()
    return see_other("okrs.map_import", import_id=begun.id)


@blueprint.route("/admin/imports/<int:import_id>", methods=["GET", "POST"])
def map_import(import_id: int) -> ResponseReturnValue:
    begun = _import(import_id)
    if said := _said_of_running(begun):
        return render_template("okrs/import_running.html", begun=begun, said=said)
    content = _content(begun)
    if content is None:
        waiting = all_waiting(require_admin())
        return render_template("okrs/import_done.html", begun=begun, waiting=waiting)
    form = _answers_form(begun, content)
    if request.method != "POST":
        return _map_page(begun, content, form)
    if not form.validate():
        return _map_page(begun, content, form), 422
    begun = _held(import_id)
    if begun.done_at is None:
        begun.mapping = form.answers.stored()
        db.session.commit()
    return see_other("okrs.try_import", import_id=begun.id)


@blueprint.get("/admin/imports/<int:import_id>/dry-run")
def try_import(import_id: int) -> ResponseReturnValue:
    """What would become of each row; nothing is changed by looking."""
    begun = _import(import_id)
    if said := _said_of_running(begun):
        return render_template("okrs/import_running.html", begun=begun, said=said)
    content = _content(begun)
    if content is None or not begun.mapping:
        return see_other("okrs.map_import", import_id=begun.id)
    plan = plan_import(content, Answers.of(begun.mapping), require_admin())
    fate = request.args.get("fate", "")
    rows = [row for row in plan.rows if row.fate == fate or fate not in FATES]
    page_count = max(1, -(-len(rows) // _ROWS_AT_ONCE))
    page = min(max(request.args.get("page", 1, type=int), 1), page_count)
    return render_template(
        "okrs/import_dry_run.html",
        begun=begun,
        counts=plan.counts,
        fates=FATES,
        fate=fate if fate in FATES else "",
        rows=rows[(page - 1) * _ROWS_AT_ONCE : page * _ROWS_AT_ONCE],
        page=page,
        page_count=page_count,
    )


@blueprint.post("/admin/imports/<int:import_id>/run")
def run_import(import_id: int) -> ResponseReturnValue:
    require_admin()
    admin = hold_me()
    begun = _held(import_id)  # pressed twice, it comes in once
    content = _content(begun)
    if content is None or not begun.mapping:
        return go_on("okrs.map_import", import_id=begun.id)
    so_far = SoFar(begun.id, len(content.items))
    try:
        counts = do_import(content, Answers.of(begun.mapping), admin, so_far)
        begun.content, begun.done_at, begun.outcome = None, utcnow(), counts
        told = [f"{count} {fate}" for fate, count in counts.items()]
        record("import.done", "import", begun.id, begun.file_name, counts=told)
        db.session.commit()
    except (IntegrityError, TakenMeanwhile):
        db.session.rollback()
        flash(_AT_ONCE, "error")
        return go_on("okrs.try_import", import_id=import_id)
    finally:
        so_far.end()
    flash("Imported.", "success")
    return go_on("okrs.map_import", import_id=begun.id)


@blueprint.get("/admin/imports/<int:import_id>/progress")
def import_progress(import_id: int) -> ResponseReturnValue:
    """How far it has come, for a page that waits for it; one that only looks on goes on with it."""
    begun = _import(import_id)
    said, looks_on = _said_of_running(begun), "looks-on" in request.args
    if looks_on and not said:
        return _lead_on(begun)
    if not is_htmx():
        return see_other("okrs.map_import", import_id=begun.id)
    has_ended = "told" in request.args and not said
    return fragment(
        "okrs/_import_progress.html", begun=begun, said=said, looks_on=looks_on, has_ended=has_ended
    )


@blueprint.post("/admin/imports/<int:import_id>/discard")
def discard_import(import_id: int) -> ResponseReturnValue:
    if _said_of_running(_import(import_id)):
        flash(_COMES_IN, "error")
        return see_other("okrs.map_import", import_id=import_id)
    hold_me()
    begun = _held(import_id)
    if begun.done_at is not None:
        flash(_IS_IN, "error")
        return see_other("okrs.map_import", import_id=begun.id)
    record("import.discarded", "import", begun.id, begun.file_name)
    db.session.delete(begun)
    db.session.commit()
    flash("The file is thrown away; nothing was imported.", "success")
    return see_other("okrs.begin_import")


def _lead_on(begun: Import) -> ResponseReturnValue:
    """To what came of it, from a page that saw it come in."""
    if begun.done_at is not None:
        return go_on("okrs.map_import", import_id=begun.id)
    flash(_BROKE_OFF, "error")
    return go_on("okrs.try_import", import_id=begun.id)


def _said_of_running(begun: Import) -> str:
    """How far it has come; empty where it is done, or does not come in just now."""
    return "" if begun.done_at is not None else words(begun.id)


def _import(import_id: int) -> Import:
    require_admin()
    return by_id(Import, import_id)


def _held(import_id: int) -> Import:
    """Nobody else runs it, answers for it or throws it away until the commit; 404 where it was
    thrown away since the page was made."""
    begun = _import(import_id)
    return found(db.session.get(Import, begun.id, populate_existing=True, with_for_update=True))


def _content(begun: Import) -> FileContent | None:
    """What was read of the file; None once it is done."""
    return unpack(begun.content) if begun.content is not None else None


def _answers_form(begun: Import, content: FileContent) -> AnswersForm:
    questions = questions_about(content)
    people, cycles = everyone(), all_cycles()
    teams = db.session.scalars(
        select(Team).where(Team.archived_at.is_(None)).order_by(Team.name, Team.id)
    ).all()
    answers = Answers.of(begun.mapping)
    if not begun.mapping:
        answers = Suggester(content, people, cycles, teams).answers(questions)
    typed = request.form if request.method == "POST" else None
    open_cycles = [one for one in cycles if one.closed_at is None or content.is_ours]
    asks_of_known = may_know(content.origin)
    return AnswersForm(questions, people, cycles, open_cycles, teams, answers, typed, asks_of_known)


def _map_page(begun: Import, content: FileContent, form: AnswersForm) -> str:
    return render_template("okrs/import_map.html", begun=begun, content=content, form=form)


def _begin_page(problem: str = "") -> str:
    imports = db.session.scalars(
        select(Import)
        .options(joinedload(Import.person), defer(Import.content))
        .order_by(Import.id.desc())
        .limit(50)
    ).all()
    values: dict[str, Any] = {"largest": LARGEST_UPLOAD // (1024 * 1024), "most": MOST_ITEMS}
    return render_template("okrs/import_begin.html", problem=problem, imports=imports, **values)


def _name_of(file: FileStorage) -> str:
    """As people know it: without folders, and with what can be shown."""
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in name if sign.isprintable())[:255] or "file"
