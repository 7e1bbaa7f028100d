"""What SMTP_URL may say, and how it is refused."""

from pathlib import Path

import pytest

from app.config import Config, load_config
from app.config_error import ConfigError

SITE = {"PUBLIC_URL": "https://tally.example.com"}


def load(tmp_path: Path, smtp_url: str, **environ: str) -> Config:
    return load_config({"DATA_DIR": str(tmp_path), "SMTP_URL": smtp_url} | SITE | environ)


def test_all_parts(tmp_path: Path) -> None:
    url = "smtp://okr%40example.com:p%40ss%2Fword@mail.example.com:2525?from=Our%20OKRs%20<a%2Bb@example.com>"
    server = load(tmp_path, url).mail_server
    assert server is not None
    assert (server.host, server.port) == ("mail.example.com", 2525)
    assert (server.user, server.password) == ("okr@example.com", "p@ss/word")
    assert str(server.sender) == "Our OKRs <a+b@example.com>"
    assert not (server.is_tls_from_start or server.may_be_plain or server.is_here)


@pytest.mark.parametrize(
    ("url", "port", "is_tls_from_start", "may_be_plain"),
    [
        ("smtp://mail.example.com?from=a@b.example", 587, False, False),
        ("smtps://mail.example.com?from=a@b.example", 465, True, False),
        ("smtp://mail.example.com/?from=a@b.example&tls=off", 587, False, True),
        ("smtp://localhost:25?from=a@b.example", 25, False, True),
        ("smtp://[::1]:25?from=a@b.example", 25, False, True),
        ("smtp://u%40b.example:p@mail.example.com", 587, False, False),
    ],
)
def test_what_follows_from_it(
    tmp_path: Path, url: str, port: int, is_tls_from_start: bool, may_be_plain: bool
) -> None:
    server = load(tmp_path, url).mail_server
    assert server is not None
    found = (server.port, server.is_tls_from_start, server.may_be_plain)
    assert found == (port, is_tls_from_start, may_be_plain)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com?from=a@b.example",
        "smtp://?from=a@b.example",
        "smtp://mail.example.com:port?from=a@b.example",
        "smtp://mail.example.com:99999?from=a@b.example",
        "smtp://user:sesame/1@mail.example.com?from=a@b.example",
        "smtp://user:sesame#1@mail.example.com?from=a@b.example",
        "smtp://user:sesame@mail.example.com/path?from=a@b.example",
        "smtp://user:sesame@mail.example.com",
        "smtp://mail.example.com",
        "smtp://mail.example.com?from=",
        "smtp://mail.example.com?from=Tally",
        "smtp://mail.example.com?from=<a@b.example",
        "smtp://mail.example.com?from=a@b.example,c@d.example",
        "smtp://mail.example.com?from=a@b.example%0D%0ABcc:%20c@d.example",
        "smtp://mail.example.com?from=Tally%0A<a@b.example>",
        "smtp://mail.example.com?from=a@b.example&from=c@d.example",
        "smtp://mail.example.com?from=a@b.example&tls=on",
        "smtp://mail.example.com?from=a@b.example&ssl=1",
        "smtp://user:sesame@mail.example.com?from=a@b.example&tls=off",
    ],
)
def test_a_wrong_value_stops_the_start_and_tells_no_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, url)
    assert "SMTP_URL" in str(raised.value) and "sesame" not in str(raised.value)


def test_mail_needs_the_address_of_this_site(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SMTP_URL needs PUBLIC_URL"):
        load(tmp_path, "smtp://localhost?from=a@b.example", PUBLIC_URL="")


def test_it_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("smtps://mail.example.com?from=a@b.example\n")
    config = load(tmp_path, "", SMTP_URL_FILE=str(tmp_path / "url"))
    assert config.mail_server and config.mail_server.port == 465


def test_without_it_there_is_no_mail(tmp_path: Path) -> None:
    assert load(tmp_path, "").mail_server is None


def test_no_secret_is_shown(tmp_path: Path) -> None:
    config = load(tmp_path, "smtp://secretive%40b.example:sesame@mail.example.com?from=a@b.example")
    assert "sesame" not in repr(config) and "secretive" not in repr(config)
