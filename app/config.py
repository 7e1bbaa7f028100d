"""Every setting, read from the environment once and checked with a remedy."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url

from app.config_error import ConfigError
from app.key_files import read_backup_keys, read_encryption_keys, read_secret_key
from app.loopback import is_loopback
from app.openid_settings import OpenIdSettings, read_openid
from app.smtp_url import MailServer, read_smtp_url

ROOT = Path(__file__).resolve().parent.parent
SHORTEST_TOKEN = 20


@dataclass(frozen=True)
class Config:
    """The settings of one process. Secrets stay out of its repr."""

    data_dir: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    owns_redis: bool
    """True where no REDIS_URL was given: worker.py then runs the embedded server."""
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    """Fernet keys, the one that encrypts first; the others still decrypt."""
    public_url: str | None
    trusted_proxies: int
    trello_api_key: str | None = field(repr=False)
    trello_api_secret: str | None = field(repr=False)
    trello_api_url: str
    trello_oauth_url: str
    mail_server: MailServer | None = None
    """Where mail is handed over; None where none is sent."""
    openid: OpenIdSettings | None = None
    """With what people may sign in besides, or instead of, their password here."""
    has_passwords: bool = True
    """Whether people may sign in with a password of Tally's own; always, where `openid` is None."""
    backup_keys: tuple[str, ...] = field(default=(), repr=False)
    """Fernet keys for backups, the one that encrypts first; none where they stay readable."""
    metrics_token: str | None = field(default=None, repr=False)
    """What whoever reads /metrics has to send; None where programs on this machine may, and nobody
    else."""
    time_scale: float = 1.0
    """What leases, pauses, hours and limit windows are multiplied by; 1 but in fault runs."""

    @property
    def has_public_address(self) -> bool:
        """Whether others, such as Trello, can reach this site, as far as the settings say."""
        return self.public_url is not None

    @property
    def sends_mail(self) -> bool:
        """Whether mail is written at all; without it every link is shown on a page."""
        return self.mail_server is not None

    @property
    def trello_origin(self) -> str:
        """The only origin that links to boards and cards may lead to."""
        parts = urlsplit(self.trello_oauth_url)
        return f"{parts.scheme}://{parts.netloc}"


def load_config(environ: Mapping[str, str] = os.environ) -> Config:
    """Read the environment, making DATA_DIR and its two key files where they are missing.

    Raises ConfigError with a sentence that names the setting and its remedy.
    """
    read = _Reader(environ)
    data_dir = _data_dir(read.text("DATA_DIR"))
    redis_url = read.text("REDIS_URL")
    if redis_url and not redis_url.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigError(
            "REDIS_URL must begin with redis://, rediss:// or unix://, "
            "for example redis://127.0.0.1:6379/0."
        )
    key, secret = read.text("TRELLO_API_KEY"), read.text("TRELLO_API_SECRET")
    if bool(key) != bool(secret):
        missing = "TRELLO_API_SECRET" if key else "TRELLO_API_KEY"
        raise ConfigError(
            f"{missing} is missing: set both TRELLO_API_KEY and TRELLO_API_SECRET, "
            "or neither and enter them under Admin, Integrations."
        )
    public_url = _public_url(read)
    database_url = _database_url(read.text("DATABASE_URL"), data_dir)
    is_alone = _is_here(database_url)
    with _told_what_to_mend():
        secret_key = read_secret_key(read.text("SECRET_KEY"), data_dir, may_make=is_alone)
        encryption_keys = read_encryption_keys(
            read.text("ENCRYPTION_KEY"), data_dir, may_make=is_alone
        )
        backup_keys = read_backup_keys(read.text("BACKUP_KEY"))
        openid, has_passwords = read_openid(read.text, public_url)
    return Config(
        data_dir=data_dir,
        database_url=database_url,
        redis_url=redis_url or f"unix://{data_dir / 'redis.sock'}",
        owns_redis=not redis_url,
        secret_key=secret_key,
        encryption_keys=encryption_keys,
        public_url=public_url,
        trusted_proxies=_trusted_proxies(read.text("TRUSTED_PROXIES")),
        trello_api_key=key,
        trello_api_secret=secret,
        trello_api_url=read.url("TRELLO_API_URL", "https://api.trello.com/1"),
        trello_oauth_url=read.url("TRELLO_OAUTH_URL", "https://trello.com/1"),
        mail_server=_mail_server(read),
        openid=openid,
        has_passwords=has_passwords,
        backup_keys=backup_keys,
        metrics_token=_metrics_token(read.text("METRICS_TOKEN")),
        time_scale=_time_scale(read.text("TIME_SCALE")),
    )


@contextmanager
def _told_what_to_mend() -> Iterator[None]:
    """Around those who read one setting, and raise ValueError with a sentence that names it."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(str(error)) from error


@dataclass(frozen=True)
class _Reader:
    environ: Mapping[str, str]

    def text(self, name: str) -> str | None:
        """The value of NAME, or the content of the file that NAME_FILE points to."""
        value, path = self.environ.get(name), self.environ.get(f"{name}_FILE")
        if value and path:
            raise ConfigError(f"{name} and {name}_FILE are both set: keep one of them.")
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"{name}_FILE names a file that can't be read as text "
                    f"({type(error).__name__}): check the path and its rights."
                ) from error
        return (value or "").strip() or None

    def url(self, name: str, default: str) -> str:
        value = (self.text(name) or default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
            raise ConfigError(f"{name} must be a web address such as {default}.")
        return value


def _data_dir(text: str | None) -> Path:
    data_dir = Path(text).absolute() if text else ROOT / "data"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            "DATA_DIR can't be made or is not a directory: choose a directory you may write to."
        ) from error
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise ConfigError("DATA_DIR can't be written to: choose one you may write to.")
    # The address of a Unix socket holds 108 bytes, the last of them a zero.
    if len(os.fsencode(data_dir / "redis.sock")) > 107:
        raise ConfigError("DATA_DIR is too long for a socket inside it: choose a shorter path.")
    return data_dir


def _database_url(text: str | None, data_dir: Path) -> str:
    if text is None:
        return f"sqlite:///{data_dir / 'tally.sqlite3'}"
    if text.startswith("postgres://"):
        text = "postgresql://" + text.removeprefix("postgres://")
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ConfigError(
            "DATABASE_URL must begin with sqlite:/// or postgresql://, "
            "for example postgresql://tally@localhost/tally."
        )
    return text


def _is_here(database_url: str) -> bool:
    """Whether the database is on this machine, so that no other host uses it as well."""
    url = make_url(database_url)
    told = url.query.get("host", url.host)  # there it may also be the directory of a socket
    hosts = [told] if isinstance(told, str) else told or []
    return all(host.startswith("/") or is_loopback(host) for host in hosts)


def _public_url(read: _Reader) -> str | None:
    if read.text("PUBLIC_URL") is None:
        return None
    value = read.url("PUBLIC_URL", "https://tally.example.com")
    if urlsplit(value).path:
        raise ConfigError("PUBLIC_URL must be an origin without a path: https://tally.example.com.")
    return value


def _mail_server(read: _Reader) -> MailServer | None:
    text = read.text("SMTP_URL")
    if text is None:
        return None
    if read.text("PUBLIC_URL") is None:
        raise ConfigError(
            "SMTP_URL needs PUBLIC_URL beside it, since mail holds links: set PUBLIC_URL to where "
            "people reach Tally, such as https://tally.example.com, or unset SMTP_URL."
        )
    with _told_what_to_mend():
        return read_smtp_url(text)


def _trusted_proxies(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or int(text) > 5:
        raise ConfigError(
            "TRUSTED_PROXIES must be the number of reverse proxies in front, 0 to 5: "
            "1 for one nginx or Caddy."
        )
    return int(text)


def _metrics_token(text: str | None) -> str | None:
    if text is not None and (len(text) < SHORTEST_TOKEN or not re.fullmatch(r"[!-~]+", text)):
        raise ConfigError(
            f"METRICS_TOKEN must have at least {SHORTEST_TOKEN} characters, none of them a space "
            "or beyond ASCII: take what `openssl rand -hex 32` prints."
        )
    return text


def _time_scale(text: str | None) -> float:
    if text is None:
        return 1.0
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale <= 1:
        raise ConfigError("TIME_SCALE must be above 0 and at most 1; leave it out outside tests.")
    return scale
