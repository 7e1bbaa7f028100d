"""Headers that gunicorn would believe from anyone on this machine, a reverse proxy included."""

import pytest
import requests

from tests.support.installation import running_installation

pytestmark = pytest.mark.services


def test_no_visitor_says_under_which_path_or_scheme_the_site_lies() -> None:
    with running_installation() as installation:
        forged = {"SCRIPT_NAME": "/x", "Script-Name": "/x", "X-Forwarded-Proto": "https"}
        for path in ("/okrs", "/x/okrs", "//evil.example/okrs"):
            answer = requests.get(
                f"{installation.url}{path}", headers=forged, allow_redirects=False, timeout=10
            )
            assert answer.headers.get("Location", "/login").startswith("/login")
