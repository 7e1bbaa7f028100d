"""Commenting on items, editing and deleting comments, and marking mentions as seen."""

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.access import LARGEST_ID, for_observers, found, hold_me, me
from app.audit.since import Saved
from app.db import db
from app.edited_forms import edited
from app.htmx import see_other
from app.merging import Merge, Thing
from app.okrs import blueprint
from app.okrs.comments.forms import CommentForm
from app.okrs.comments.loading import comment_for
from app.okrs.comments.models import Comment
from app.okrs.comments.saying import delete, edit, is_repeat, say
from app.okrs.comments.seeing import see_mention
from app.okrs.holding import hold_item
from app.okrs.loading import Item, key_result_for, objective_for
from app.okrs.rows import item_url


@blueprint.post("/objectives/<int:objective_id>/comments")
def comment_on_objective(objective_id: int) -> ResponseReturnValue:
    return _comment_on(objective_for(me(), objective_id))


@blueprint.post("/key-results/<int:key_result_id>/comments")
def comment_on_key_result(key_result_id: int) -> ResponseReturnValue:
    return _comment_on(key_result_for(me(), key_result_id))


@blueprint.route("/comments/<int:comment_id>/edit", methods=["GET", "POST"])
def edit_comment(comment_id: int) -> ResponseReturnValue:
    comment, item = comment_for(me(), comment_id)
    sent = request.form if request.method == "POST" else None
    if sent is not None:
        comment = _held(item, comment)
    saved = Saved(comment.person_id, comment.person.name, comment.edited_at or comment.made_at)
    stored = {"text": comment.text}
    met = edited(
        Thing("comment", comment.id, saved=saved),
        sent,
        lambda typed: CommentForm(typed, data=stored),
    )
    if sent is None:
        return _form(item, met.form, comment, met.merge)
    if not met.may_be_saved():
        return _form(item, met.form, comment, met.merge), 422
    edit(item, comment, met.form.text.data or "", me())
    db.session.commit()
    met.merge.flash_kept()
    flash("Comment saved.", "success")
    return _back_to(item, comment)


@blueprint.route("/comments/<int:comment_id>/delete", methods=["GET", "POST"])
def delete_comment(comment_id: int) -> ResponseReturnValue:
    comment, item = comment_for(me(), comment_id, to_delete=True)
    if request.method != "POST":
        return render_template(
            "okrs/comments/delete.html", comment=comment, item=item, url=item_url(item, "show")
        )
    delete(item, _held(item, comment), me())
    db.session.commit()
    flash("Comment deleted.", "success")
    return redirect(item_url(item, "show"), code=303)


@blueprint.post("/objectives/<int:objective_id>/seen")
@for_observers
def see_objective(objective_id: int) -> ResponseReturnValue:
    return _see(objective_for(me(), objective_id))


@blueprint.post("/key-results/<int:key_result_id>/seen")
@for_observers
def see_key_result(key_result_id: int) -> ResponseReturnValue:
    return _see(key_result_for(me(), key_result_id))


def _see(item: Item) -> ResponseReturnValue:
    """A mention of the person here is seen, without looking at it there."""
    mention_id = request.args.get("mention", 0, type=int)
    if mention_id <= LARGEST_ID:
        see_mention(me(), item.measure, mention_id)
    db.session.commit()
    return see_other("okrs.home")


def _comment_on(item: Item) -> ResponseReturnValue:
    hold_me()
    hold_item(item)  # so that of two presses at once the second finds the first
    form = CommentForm(request.form)
    if not form.validate():
        return _form(item, form), 422
    text = form.text.data or ""
    if not is_repeat(item, text, me(), form.seen_id):
        say(item, text, me())
    db.session.commit()
    flash("Comment added.", "success")
    return redirect(f"{item_url(item, 'show')}#timeline", code=303)


def _form(
    item: Item, form: CommentForm, comment: Comment | None = None, merge: Merge | None = None
) -> str:
    return render_template(
        "okrs/comments/form.html",
        form=form,
        item=item,
        url=item_url(item, "show"),
        comment=comment,
        merge=merge,
    )


def _held(item: Item, comment: Comment) -> Comment:
    """The comment as it is once nobody else writes it; 404 where it was just deleted."""
    hold_me()
    hold_item(item)
    again = select(Comment).where(Comment.id == comment.id)
    return found(db.session.scalar(again.execution_options(populate_existing=True)))


def _back_to(item: Item, comment: Comment) -> ResponseReturnValue:
    return redirect(f"{item_url(item, 'show')}#comment-{comment.id}", code=303)
