"""OpenID Connect in the environment: whole, or not at all."""

import pytest

from app.accounts.commands import create_admin
from app.config import load_config
from app.config_error import ConfigError
from app.db import db
from tests.conftest import KEYS

WHOLE = {
    "PUBLIC_URL": "https://tally.example.com",
    "OIDC_ISSUER": "https://login.example.com/realms/acme",
    "OIDC_CLIENT_ID": "tally",
    "OIDC_CLIENT_SECRET": "very-secret",
}


def load(tmp_path, **environ):
    return load_config(KEYS | {"DATA_DIR": str(tmp_path)} | environ)


def test_without_settings_there_are_passwords_alone(tmp_path):
    config = load(tmp_path)
    assert (config.openid, config.has_passwords) == (None, True)
    config = load(tmp_path, LOCAL_PASSWORDS="on")
    assert (config.openid, config.has_passwords) == (None, True)


def test_the_settings_are_read_from_files_too_and_the_secret_is_never_shown(tmp_path):
    (tmp_path / "secret").write_text("very-secret\n")
    environ = {name: value for name, value in WHOLE.items() if name != "OIDC_CLIENT_SECRET"}
    config = load(tmp_path, OIDC_CLIENT_SECRET_FILE=str(tmp_path / "secret"), **environ)
    assert config.openid.client_secret == "very-secret"
    assert config.openid.name == "single sign-on"
    assert config.has_passwords
    assert "very-secret" not in repr(config)


def test_a_name_may_be_given_and_passwords_turned_off(tmp_path):
    config = load(tmp_path, OIDC_NAME="Acme", LOCAL_PASSWORDS="off", **WHOLE)
    assert (config.openid.name, config.has_passwords) == ("Acme", False)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://tenant.example.com/",
        "http://localhost:8080/realms/acme",
        "http://127.0.0.1:9",
        "http://[::1]:9",
    ],
)
def test_the_issuer_is_taken_as_it_is_written(tmp_path, issuer):
    assert load(tmp_path, **WHOLE | {"OIDC_ISSUER": issuer}).openid.issuer == issuer


@pytest.mark.parametrize("missing", ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"])
def test_half_of_it_stops_the_start(tmp_path, missing):
    with pytest.raises(ConfigError, match=f"^{missing} is missing"):
        load(tmp_path, **{name: value for name, value in WHOLE.items() if name != missing})


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"OIDC_NAME": "Acme"}, "OIDC_ISSUER is missing"),
        (WHOLE | {"PUBLIC_URL": ""}, "OIDC_ISSUER needs PUBLIC_URL"),
        (WHOLE | {"OIDC_ISSUER": "http://login.example.com"}, "OIDC_ISSUER must be the https"),
        (WHOLE | {"OIDC_ISSUER": "login.example.com"}, "OIDC_ISSUER must be the https"),
        (WHOLE | {"OIDC_ISSUER": "https://a.example.com?x=1"}, "OIDC_ISSUER must be the https"),
        (WHOLE | {"OIDC_ISSUER": "https://a.example.com#x"}, "OIDC_ISSUER must be the https"),
        (WHOLE | {"OIDC_ISSUER": "https://u:p@a.example.com"}, "OIDC_ISSUER must be the https"),
        (WHOLE | {"OIDC_ISSUER": "https://a.example.com:x"}, "OIDC_ISSUER must be the https"),
        (WHOLE | {"OIDC_ISSUER": f"https://a.example.com/{'x' * 250}"}, "OIDC_ISSUER must be"),
        (WHOLE | {"OIDC_NAME": "x" * 61}, "OIDC_NAME must be"),
        (WHOLE | {"LOCAL_PASSWORDS": "no"}, "LOCAL_PASSWORDS must be on or off"),
        ({"LOCAL_PASSWORDS": "off"}, "LOCAL_PASSWORDS is off, and there is no other way"),
    ],
)
def test_what_is_wrong_stops_the_start_with_a_sentence(tmp_path, environ, sentence):
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, **environ)
    assert str(raised.value).startswith(sentence)
    assert "very-secret" not in str(raised.value)


def test_beside_passwords_an_admin_may_be_created_with_or_without_one(app, monkeypatch):
    monkeypatch.setattr("app.accounts.commands.upgrade", lambda _url: None)
    db.session.remove()
    run = app.test_cli_runner().invoke
    result = run(create_admin, ["anna@example.com", "--name", "Anna"])
    assert result.output == "anna@example.com can sign in with Acme as an admin now.\n"
    arguments = ["bea@example.com", "--name", "Bea", "--password", "nine lives and one"]
    assert run(create_admin, arguments).output == "bea@example.com can sign in as an admin now.\n"
