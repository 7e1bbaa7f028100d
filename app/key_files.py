"""The keys that Tally makes for itself, in files in DATA_DIR, where the environment gives none.

All raise ValueError with a sentence that names what to mend.
"""

import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet

SHORTEST_SECRET = 32


def read_secret_key(text: str | None, data_dir: Path, *, may_make: bool = True) -> str:
    fresh = secrets.token_urlsafe(48) if may_make else None
    value = text or _kept(data_dir / "secret.key", fresh, "SECRET_KEY")
    if len(value) < SHORTEST_SECRET:
        raise ValueError(
            f"SECRET_KEY is shorter than {SHORTEST_SECRET} characters: make one with "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'."
        )
    return value


def read_encryption_keys(
    text: str | None, data_dir: Path, *, may_make: bool = True
) -> tuple[str, ...]:
    fresh = Fernet.generate_key().decode() if may_make else None
    value = text or _kept(data_dir / "encryption.key", fresh, "ENCRYPTION_KEY")
    return _fernet_keys("ENCRYPTION_KEY", value)


def read_backup_keys(text: str | None) -> tuple[str, ...]:
    """None where backups stay readable. Never kept here: who takes the disk would have it too."""
    return _fernet_keys("BACKUP_KEY", text or "")


def _fernet_keys(name: str, value: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(",") if key.strip())
    try:
        for key in keys:
            Fernet(key)
    except ValueError as error:
        raise ValueError(
            f"{name} must be 32 random bytes in URL-safe base64 (several with commas "
            "between them, the newest first): make one with python3 -c "
            "'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'."
        ) from error
    return keys


def _kept(path: Path, fresh: str | None, name: str) -> str:
    """What the file holds; where there is none, it is made with `fresh`, for its owner alone.

    A host of several must not make its own: nobody signed in at another would be known here, and
    no sign-in at Trello could be read.
    Two processes may start at once: the file appears whole or not at all, and the first wins.
    """
    if fresh is None and not path.exists():
        raise ValueError(
            f"{name} is missing: the database is on another host, and all hosts that use it need "
            f"the same one. Set {name} or {name}_FILE to that of the others; docs/scaling.md says "
            "how to make the first."
        )
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        if fresh is not None and not path.exists():
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(fresh)
            try:
                os.link(draft, path)
            except FileExistsError:
                pass  # the other process was first: its key is the one that counts
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path.name} in DATA_DIR can't be read or made: check who owns it."
        ) from error
