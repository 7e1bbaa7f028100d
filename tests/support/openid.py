"""A provider of OpenID Connect on loopback: real HTTP, real signatures, and faults to order."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import JWKRegistry, Key
from werkzeug.serving import make_server

from sandbox.serve import QuietHandler

CLIENT_ID, CLIENT_SECRET = "tally-at-the-provider", "secret-of-tally-at-the-provider"


@cache
def make_key(kid: str, kind: str = "RSA", form: Any = 2048) -> Key:
    return JWKRegistry.generate_key(kind, form, {"kid": kid})


@dataclass
class StandIn:
    """What the provider does and says; a test changes what it wants to go wrong."""

    origin: str = ""
    keys: list[Key] = field(default_factory=lambda: [make_key("first")])
    """It signs with the last one."""
    algorithm: str = "RS256"
    person: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "subject-of-bob",
            "email": "bob@example.com",
            "email_verified": True,
        }
    )
    claims: dict[str, Any] = field(default_factory=dict)
    """Stand in the ID token besides, or instead; None leaves one out."""
    description: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    """What the userinfo endpoint says; where there is something, the ID token has no email."""
    sign: Any = None
    """Makes the ID token from its claims, instead of the last key."""
    answers: dict[str, Any] = field(default_factory=dict)
    """By path: called instead of the endpoint."""
    codes_work_twice: bool = False
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        person = {} if self.userinfo is not None else self.person
        claims = {
            "iss": self.origin,
            "sub": self.person["sub"],
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **person,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign is not None:
            return self.sign(claims)
        key = self.keys[-1]
        return jwt.encode(
            {"alg": self.algorithm, "kid": key.kid}, claims, key, algorithms=[self.algorithm]
        )

    def sign_in(self, address: str) -> str:
        """Be someone whom the provider knows: where it sends them back to, as path and query."""
        answer = requests.get(address, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"


def unsigned(claims: dict[str, Any]) -> str:
    return _coded({"alg": "none", "typ": "JWT"}) + "." + _coded(claims) + "."


def signed_with_public_key(key: Key) -> Any:
    """HS256, with the text of a public key as the secret: known to everyone.

    By hand, for the library refuses to.
    """

    def sign(claims: dict[str, Any]) -> str:
        text = _coded({"alg": "HS256", "kid": key.kid}) + "." + _coded(claims)
        signature = hmac.digest(key.as_pem(private=False), text.encode(), "sha256")
        return text + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()

    return sign


def _coded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _app(stand_in: StandIn) -> Flask:
    app = Flask("provider")

    @app.before_request
    def faults() -> Any:
        stand_in.asked.append(request.path)
        instead = stand_in.answers.get(request.path)
        return instead() if instead else None

    @app.get("/.well-known/openid-configuration")
    def describe() -> Response:
        origin = stand_in.origin
        said = {
            "issuer": origin,
            "authorization_endpoint": f"{origin}/authorize",
            "token_endpoint": f"{origin}/token",
            "jwks_uri": f"{origin}/keys",
            "userinfo_endpoint": f"{origin}/userinfo",
        }
        said |= stand_in.description
        return jsonify({name: value for name, value in said.items() if value is not None})

    @app.get("/keys")
    def keys() -> Response:
        return jsonify(keys=[one.as_dict(private=False) for one in stand_in.keys])

    @app.get("/authorize")
    def authorize() -> Any:
        asked = request.args
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        stand_in.codes[code] = dict(asked)
        return redirect(
            asked["redirect_uri"] + "?" + urlencode({"code": code, "state": asked["state"]})
        )

    @app.post("/token")
    def token() -> Any:
        given = request.form
        shown = request.authorization
        name, secret = (
            (shown.username, shown.password)
            if shown
            else (given.get("client_id"), given.get("client_secret"))
        )
        if (name, secret) != (CLIENT_ID, CLIENT_SECRET):
            return jsonify(error="invalid_client"), 401
        begun = stand_in.codes.get(given["code"])
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            begun is None
            or begun["code_challenge"] != challenge
            or begun["redirect_uri"] != given["redirect_uri"]
        ):
            return jsonify(error="invalid_grant"), 400
        if not stand_in.codes_work_twice:
            del stand_in.codes[given["code"]]
        return jsonify(
            access_token="access-" + given["code"],
            token_type="Bearer",
            id_token=stand_in.id_token(begun["nonce"]),
        )

    @app.get("/userinfo")
    def userinfo() -> Any:
        if not request.headers.get("Authorization", "").startswith("Bearer access-"):
            return jsonify(error="invalid_token"), 401
        return jsonify(stand_in.userinfo or {"sub": stand_in.person["sub"]})

    return app


@contextmanager
def running_provider() -> Iterator[StandIn]:
    stand_in = StandIn()
    server = make_server(
        "127.0.0.1", 0, _app(stand_in), threaded=True, request_handler=QuietHandler
    )
    stand_in.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def parameters(address: str) -> dict[str, str]:
    """What an address hands over, by name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
