"""Settings: read once, kept where they must be kept, and refused with a remedy."""

import os
import stat
from pathlib import Path

import pytest

from app.config import Config, load_config
from app.config_error import ConfigError
from tests.conftest import KEYS


def load(tmp_path: Path, **environ: str) -> Config:
    return load_config({"DATA_DIR": str(tmp_path / "data")} | environ)


def test_the_keys_are_made_once_into_files_that_only_their_owner_can_read(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert (first.secret_key, first.encryption_keys) == (second.secret_key, second.encryption_keys)
    for name in ("secret.key", "encryption.key"):
        mode = stat.S_IMODE(os.stat(tmp_path / "data" / name).st_mode)
        assert mode == 0o600
    assert stat.S_IMODE(os.stat(tmp_path / "data").st_mode) == 0o700
    assert sorted(os.listdir(tmp_path / "data")) == ["encryption.key", "secret.key"]


def test_by_default_everything_lies_in_the_data_directory(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert config.database_url == f"sqlite:///{tmp_path}/data/tally.sqlite3"
    assert config.owns_redis and config.redis_url == f"unix://{tmp_path}/data/redis.sock"
    assert config.trello_api_url == "https://api.trello.com/1"
    assert config.trello_origin == "https://trello.com"


def test_a_setting_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    config = load(tmp_path, TRELLO_API_KEY_FILE=str(tmp_path / "key"), TRELLO_API_SECRET="s")
    assert config.trello_api_key == "from-a-file"


def test_a_postgres_address_of_the_old_form_is_understood(tmp_path: Path) -> None:
    config = load(tmp_path, **KEYS, DATABASE_URL="postgres://t@h/d")
    assert config.database_url == "postgresql://t@h/d"


@pytest.mark.parametrize("name", ["SECRET_KEY", "ENCRYPTION_KEY"])
def test_a_host_of_several_makes_no_key_of_its_own(tmp_path: Path, name: str) -> None:
    given = {one: key for one, key in KEYS.items() if one != name}
    with pytest.raises(ConfigError, match=f"^{name} is missing: .* the same one"):
        load(tmp_path, **given, DATABASE_URL="postgresql://tally@database.example.com/tally")
    for here in ("postgresql:///tally", "postgresql://tally@127.0.0.1/tally"):
        load(tmp_path, **given, DATABASE_URL=here)
    # One that was made before there were others is kept.
    load(tmp_path, **given, DATABASE_URL="postgresql://tally@database.example.com/tally")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"ENCRYPTION_KEY": "not a key"}, "ENCRYPTION_KEY"),
        ({"ENCRYPTION_KEY": f"{KEYS['ENCRYPTION_KEY']},nonsense"}, "ENCRYPTION_KEY"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL"),
        ({"PUBLIC_URL": "tally.example.com"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://example.com/tally"}, "PUBLIC_URL"),
        ({"TRUSTED_PROXIES": "yes"}, "TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
        ({"TRELLO_API_KEY": "key"}, "TRELLO_API_SECRET"),
        ({"TRELLO_API_SECRET": "secret"}, "TRELLO_API_KEY"),
        ({"TRELLO_API_URL": "api.trello.com"}, "TRELLO_API_URL"),
        ({"TRELLO_OAUTH_URL": "ftp://trello.com"}, "TRELLO_OAUTH_URL"),
        ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN"),
        ({"METRICS_TOKEN": "one of words with spaces"}, "METRICS_TOKEN"),
        ({"METRICS_TOKEN": "é" * 40}, "METRICS_TOKEN"),
        ({"SECRET_KEY_FILE": "/nowhere/at/all"}, "SECRET_KEY_FILE"),
        ({"SECRET_KEY": "x" * 40, "SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY_FILE"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    tmp_path: Path, environ: dict[str, str], named: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, **environ)
    assert named in str(raised.value)


def test_a_data_directory_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for data_dir in (tmp_path / "file", tmp_path / ("x" * 100)):
        with pytest.raises(ConfigError, match="DATA_DIR"):
            load_config({"DATA_DIR": str(data_dir)})


def test_no_secret_is_in_what_a_config_shows_of_itself(tmp_path: Path) -> None:
    config = load(tmp_path, TRELLO_API_KEY="key-1", TRELLO_API_SECRET="secret-2", **KEYS)
    shown = repr(config)
    assert not any(word in shown for word in ("key-1", "secret-2", *KEYS.values()))
