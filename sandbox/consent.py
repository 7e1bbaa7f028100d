"""The consent page: a member allows or denies an application."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.context import SandboxApp, is_loopback
from sandbox.credentials import DEFAULT_EXPIRATION, LIFETIMES, SCOPES, RequestToken

LIFETIME_WORDS = {
    "1hour": "for one hour",
    "1day": "for one day",
    "30days": "for 30 days",
    "never": "until it is revoked",
}


def register_consent(app: SandboxApp, request_tokens: dict[str, RequestToken]) -> None:
    def token_asked_for() -> RequestToken | None:
        token = request_tokens.get(request.values.get("oauth_token", ""))
        return token if token and token.is_usable(app.store.clock.now()) else None

    @app.get("/1/OAuthAuthorizeToken")
    def ask_consent() -> ResponseReturnValue:
        token = token_asked_for()
        if token is None:
            return render_template("consent_problem.html", problem="Token not found"), 404
        if not _is_allowed_origin(token.callback, app.allowed_origins):
            return render_template("consent_problem.html", problem="Invalid return_url"), 400
        expiration = request.args.get("expiration", DEFAULT_EXPIRATION)
        if expiration not in LIFETIMES:
            return render_template("consent_problem.html", problem="Invalid expiration"), 400
        return render_template(
            "consent.html",
            token=token.token,
            app_name=request.args.get("name", ""),
            scopes=_scopes(request.args.get("scope", "")),
            expiration=expiration,
            lifetime=LIFETIME_WORDS[expiration],
            members=app.store.sign_in_members(),
            boards_of=app.store.boards_of,
        )

    @app.post("/1/OAuthAuthorizeToken")
    def answer_consent() -> ResponseReturnValue:
        token = token_asked_for()
        if token is None:
            return render_template("consent_problem.html", problem="Token not found"), 404
        if not _is_allowed_origin(token.callback, app.allowed_origins):
            return render_template("consent_problem.html", problem="Invalid return_url"), 400
        if request.form.get("answer") != "allow":
            token.is_spent = True
            # What Trello sends here is not on record. The token without a verifier is the least
            # that tells the application which of its requests was refused.
            return _back_to(token.callback, oauth_token=token.token)
        member_id = request.form.get("member", "")
        expiration = request.form.get("expiration", "")
        if member_id not in app.store.sign_in_ids or expiration not in LIFETIMES:
            abort(400)
        verifier = token.allow(
            member_id,
            scopes=_scopes(request.form.get("scope", "")),
            expiration=expiration,
            app_name=request.form.get("name", ""),
        )
        if token.callback == "oob":
            return render_template("consent_verifier.html", verifier=verifier)
        return _back_to(token.callback, oauth_token=token.token, oauth_verifier=verifier)


def _scopes(text: str) -> tuple[str, ...]:
    asked = tuple(scope for scope in SCOPES if scope in text.split(","))
    return asked or ("read",)


def _is_allowed_origin(callback: str, allowed_origins: tuple[str, ...]) -> bool:
    if callback == "oob":
        return True
    parts = urlsplit(callback)
    if allowed_origins:
        return f"{parts.scheme}://{parts.netloc}" in allowed_origins
    return is_loopback(parts.hostname)


def _back_to(callback: str, **answer: str) -> ResponseReturnValue:
    if callback == "oob":
        return render_template("consent_problem.html", problem="Access was denied")
    parts = urlsplit(callback)
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True) + list(answer.items()))
    return redirect(urlunsplit(parts._replace(query=query)), code=303)
