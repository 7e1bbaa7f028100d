"""Pages for what goes wrong: faults at a switch, and tokens that are revoked."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.clock import iso
from sandbox.context import this_sandbox
from sandbox.credentials import AccessToken
from sandbox.faults import KINDS, Fault
from sandbox.pages.blueprint import blueprint


@blueprint.get("/faults")
def faults() -> str:
    sandbox = this_sandbox()
    return render_template(
        "faults.html", faults=sandbox.faults.as_json(), kinds=KINDS, limits=sandbox.limits
    )


@blueprint.post("/faults")
def set_fault() -> ResponseReturnValue:
    form = request.form
    try:
        fault = Fault.from_json(
            {
                "path": form.get("path", "") or "/1/*",
                "kind": form.get("kind", ""),
                "times": int(form["times"]) if form.get("times") else None,
                "status": int(form.get("status", "") or 503),
                "body": form.get("body", ""),
                "content_type": form.get("content_type", "") or "text/plain; charset=utf-8",
                "delay": float(form.get("delay", "") or 0),
            }
        )
    except ValueError:
        abort(400)
    this_sandbox().faults.set(fault)
    return redirect(url_for("pages.faults"), code=303)


@blueprint.post("/faults/clear")
def clear_faults() -> ResponseReturnValue:
    this_sandbox().faults.clear()
    return redirect(url_for("pages.faults"), code=303)


@blueprint.post("/faults/limits")
def switch_limits() -> ResponseReturnValue:
    limits = this_sandbox().limits
    limits.enabled = request.form.get("on") == "true"
    limits.reset()
    return redirect(url_for("pages.faults"), code=303)


@blueprint.get("/u/<username>/account")
def account(username: str) -> str:
    """A member's connected applications, at the address where Trello has them."""
    store = this_sandbox().store
    try:
        member = store.person(username)
    except KeyError:
        abort(404)
    tokens = [token for token in store.tokens.values() if token.member_id == member["id"]]
    hooks = {
        token.id: [hook for hook in store.webhooks.values() if hook.token == token.token]
        for token in tokens
    }
    return render_template("account.html", member=member, tokens=tokens, hooks=hooks)


@blueprint.post("/u/<username>/account/<token_id>/revoke")
def revoke(username: str, token_id: str) -> ResponseReturnValue:
    this_sandbox().store.revoke(_token(token_id))
    return redirect(url_for("pages.account", username=username), code=303)


@blueprint.post("/u/<username>/account/<token_id>/expire")
def expire(username: str, token_id: str) -> ResponseReturnValue:
    """Let a token expire now."""
    store = this_sandbox().store
    token = _token(token_id)
    with store.lock:
        token.expires_at = iso(store.clock.now())
        store.save()
    return redirect(url_for("pages.account", username=username), code=303)


def _token(token_id: str) -> AccessToken:
    for token in this_sandbox().store.tokens.values():
        if token.id == token_id:
            return token
    abort(404)
