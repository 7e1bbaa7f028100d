"""The provider that people sign in with, where the settings name one."""

from typing import TYPE_CHECKING

from flask import Flask, current_app

from app.config import Config

if TYPE_CHECKING:
    from app.accounts.openid.provider import Provider


def init_provider(app: Flask, config: Config) -> None:
    """Asks nobody yet: the provider may be down while Tally starts."""
    if config.openid is None:
        app.extensions["openid"] = None
        return
    # Here, since what reads keys and tokens takes four megabytes in every process.
    from app.accounts.openid.provider import Provider

    app.extensions["openid"] = Provider(config.openid)


def provider() -> "Provider | None":
    """The provider that people sign in with; None where there is none."""
    found: Provider | None = current_app.extensions["openid"]
    return found
