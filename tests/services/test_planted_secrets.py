"""A whole run with faults, everything logged; then no secret stands where it could be read."""

import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
import requests
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select, text

from app.db import db, utcnow
from app.queues import takes_notices
from app.trello.models import Connection, SyncRun, Webhook
from sandbox import RunningSandbox, running_sandbox
from sandbox.webhooks import signature
from tests.mail.mailbox import PASSWORD as SMTP_PASSWORD
from tests.mail.mailbox import USER as SMTP_USER
from tests.mail.mailbox import Mailbox, MailServer, text_of, with_password
from tests.services.watching import (
    counted,
    finish_one_more,
    finished_count,
    link_item,
    make_due,
    path_of,
)
from tests.support.html import Page
from tests.support.installation import ADMIN_EMAIL, ROOT, Installation, free_port, wait_until
from tests.support.planted import Secrets, unpacked

pytestmark = [
    pytest.mark.services,
    # The mail server asks for a password in the clear, as servers on one's own machine do.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning"),
]

BOB = "bob@example.com"
PASSWORDS = {
    "the admin's password": "planted-Admin-5f0c%&<",
    "a wrong password": "planted-Wrong-a1b2\"'",
    "a password typed at Email": "planted-mistyped-77e3@+",
    "a password too short to be taken": "plantd-9c",
    "Bob's password": "planted-Bob-ünd-31d8",
    "Bob's new password": "planted-Bob-new-64fe",
    "a password that met an error": "planted-unlucky-0e9d",
}
METRICS_TOKEN = "planted-watcher-9f3e6b"
MOST_PRESSES = 3
MAY_BE_IN_COOKIES = {"the token in a cookie", "the browser's part of a sign-in"}
OWN_COOKIE = "tally_session"


@dataclass
class Run:
    """One installation, what was planted in it, and what came to light on the way."""

    installation: Installation
    mailbox: Mailbox
    secrets: Secrets = field(default_factory=Secrets)
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    cookies: set[str] = field(default_factory=set)

    @property
    def sandbox(self) -> RunningSandbox:
        return self.installation.sandbox

    def mailed_link(self, subject: str) -> str:
        """The path of the link in Bob's newest mail about this."""

        def found() -> list[str]:
            texts = [text_of(one) for one in self.mailbox.to(BOB) if subject in str(one["Subject"])]
            return re.findall(r"(/welcome/\S+)", texts[-1]) if texts else []

        wait_until(lambda: bool(found()), f"mail about {subject}")
        [path] = found()
        self.secrets.plant(f"the link of {subject}", path.rpartition("/")[2])
        return path


class Browser:
    """Someone's browser, and what it was sent that nobody else may see."""

    def __init__(self, run: Run) -> None:
        self.run, self.session = run, requests.Session()
        self.session.hooks["response"].append(self._keep)

    def _keep(self, answer: requests.Response, **_: Any) -> None:
        if cookie := answer.cookies.get(OWN_COOKIE):
            self.run.cookies.add(cookie)
        # Not what refuses a form: it shows people what they typed themselves.
        if answer.status_code >= 400 and answer.status_code not in (422, 429):
            self.run.seen.append((f"a page with status {answer.status_code}", answer.content))

    def get(self, path: str, status: int = 200, **options: Any) -> requests.Response:
        answer = self.session.get(self.run.installation.url + path, timeout=20, **options)
        assert answer.status_code == status, f"{path}: {answer.status_code}"
        return answer

    def page(self, path: str) -> Page:
        return Page(self.get(path).text, path)

    def submit(self, path: str, button: str, typed: dict[str, str], status: int = 200) -> Page:
        """Fill in the form with this button, by the names of its fields."""
        form = self.page(path).form_with(button)
        action = self.run.installation.url + (form.action or path)
        answer = self.session.post(action, data=form.values() | typed, timeout=20)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        return Page(answer.text, path)

    def sign_in(self, email: str, password: str, status: int = 200) -> None:
        self.submit("/login", "Sign in", {"email": email, "password": password}, status)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    mailbox = Mailbox()
    server = MailServer(mailbox, **with_password())
    server.start()
    try:
        with tempfile.TemporaryDirectory(prefix="tally-") as data_dir, running_sandbox() as sandbox:
            run = Run(Installation(Path(data_dir), sandbox, free_port()), mailbox)
            run.installation.extra = _settings(run, server.port)
            assert run.installation.flask("migrate").returncode == 0
            try:
                run.installation.start_worker()
                run.installation.start_web()
                yield run
            finally:
                run.installation.stop()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def installation(run: Run) -> Installation:
    return run.installation


def _settings(run: Run, smtp_port: int) -> dict[str, str]:
    new, old = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    keys = {"SECRET_KEY": "planted-secret-key-" + "5d1f" * 8, "ENCRYPTION_KEY": f"{new},{old}"}
    for name, secret in {
        **PASSWORDS,
        "SECRET_KEY": keys["SECRET_KEY"],
        "the newest ENCRYPTION_KEY": new,
        "the older ENCRYPTION_KEY": old,
        "the SMTP password": SMTP_PASSWORD,
        "Trello's API key": run.sandbox.api_key,
        "Trello's API secret": run.sandbox.api_secret,
        "METRICS_TOKEN": METRICS_TOKEN,
    }.items():
        run.secrets.plant(name, secret)
    user, password = (requests.utils.quote(one, safe="") for one in (SMTP_USER, SMTP_PASSWORD))
    return keys | {
        "METRICS_TOKEN": METRICS_TOKEN,
        "PUBLIC_URL": run.installation.url,
        "SMTP_URL": f"smtp://{user}:{password}@127.0.0.1:{smtp_port}?from=okr@example.com",
        "TIME_SCALE": "0.2",
        # Louder than anyone sets it: the links in addresses would stand in the access log.
        "PYTHONPATH": f"{ROOT / 'tests/support/loud'}:{ROOT}",
        "GUNICORN_CMD_ARGS": "--log-level debug --access-logfile -",
    }


def test_no_secret_comes_to_light(run: Run, here: Flask) -> None:
    ada = set_up(run)
    invite(run, ada)
    fail_to_sign_in(run)
    reset_with_an_error(run)
    connection_id = connect_with_an_error(run, ada)
    measure_id = link_item(connection_id, run.installation, "Content calendar", "Finished")
    wait_until(counted(measure_id, finished_count(run.installation)), "it was counted")
    tell_by_webhook(run, measure_id)
    let_trello_fail(run, connection_id, measure_id)
    let_redis_fail(run)
    let_a_job_fail(run, ada, measure_id)
    rekey(run)
    revoke_the_token(run, connection_id, measure_id)
    run.seen.append(("the audit log", ada.get("/admin/audit.csv").content))
    watch(run)
    ada.submit("/profile", "Sign out", {})

    plant_what_was_handed_out(run, here)
    assert is_worth_looking_at(run)
    assert run.secrets.found(everything(run)) == []


def watch(run: Run) -> None:
    """From elsewhere, through a proxy: with the token, and with less than all of it."""
    for token, status in ((METRICS_TOKEN, 200), (METRICS_TOKEN[:-1], 404)):
        answer = requests.get(
            f"{run.installation.url}/metrics",
            headers={"X-Forwarded-For": "203.0.113.7", "Authorization": f"Bearer {token}"},
            timeout=20,
        )
        assert answer.status_code == status
        run.seen.append(("/metrics", answer.content))


def set_up(run: Run) -> Browser:
    ada = Browser(run)
    own = {"name": "Ada Ek", "email": ADMIN_EMAIL, "workspace_name": "Fernhill"}
    ada.submit("/setup", "Set up", own | {"password": PASSWORDS["the admin's password"]})
    ada.submit("/admin/integrations", "Enable", {})
    keys = {"api_key": run.sandbox.api_key, "api_secret": run.sandbox.api_secret}
    ada.submit("/admin/integrations/trello", "Save", keys)
    return ada


def invite(run: Run, ada: Browser) -> None:
    ada.submit("/admin/people", "Invite", {"name": "Bob Brown", "email": BOB})
    path, bob = run.mailed_link("invite"), Browser(run)
    too_short = PASSWORDS["a password too short to be taken"]
    bob.submit(path, "Set password", {"password": too_short}, status=422)
    bob.submit(path, "Set password", {"password": PASSWORDS["Bob's password"]})
    Browser(run).get(path, 404)


def fail_to_sign_in(run: Run) -> None:
    stranger, mistyped = Browser(run), PASSWORDS["a password typed at Email"]
    wrong = PASSWORDS["a wrong password"]
    stranger.sign_in(BOB, wrong, 422)
    stranger.sign_in("nobody@example.com", wrong, 422)
    stranger.sign_in(mistyped, PASSWORDS["Bob's password"], 422)
    with broken(run, "person_session", "token_hash"):
        stranger.sign_in(BOB, PASSWORDS["Bob's password"], 500)
    stranger.session.post(f"{run.installation.url}/login", data={"password": wrong}, timeout=20)


def reset_with_an_error(run: Run) -> None:
    """The database fails while someone opens their link, and when they send the password."""
    browser = Browser(run)
    browser.submit("/forgot-password", "Send the link", {"email": BOB})
    path = run.mailed_link("password")
    unlucky = {"password": PASSWORDS["a password that met an error"]}
    form = browser.page(path).form_with("Set password")
    with broken(run, "password_link", "token_hash"):
        browser.get(path, 500)
        address = run.installation.url + path
        answer = browser.session.post(address, data=form.values() | unlucky, timeout=20)
        assert answer.status_code == 500
    browser.submit(path, "Set password", {"password": PASSWORDS["Bob's new password"]})


def connect_with_an_error(run: Run, ada: Browser) -> int:
    begun = ada.get("/connections/trello/new", 302, allow_redirects=False)
    page = requests.get(begun.headers["Location"], timeout=20)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    fields |= {"member": run.sandbox.store.person("mina")["id"], "answer": "allow"}
    consented = requests.post(
        f"{run.sandbox.api_url}/OAuthAuthorizeToken", fields, allow_redirects=False, timeout=20
    )
    way_back = urlsplit(consented.headers["Location"])
    path = f"{way_back.path}?{way_back.query}"
    with broken(run, "trello_pending_sign_in", "value_encrypted"):
        ada.get(path, 500)
    configure = ada.get(path).url
    Browser(run).get(path)  # led to the sign-in form
    ada.get(path, 400)  # it works once
    found = re.search(r"/connections/(\d+)/configure$", configure)
    assert found
    ada.submit(found[0], "Save", {"name": "Mina", "shown": "all"})
    return int(found[1])


def tell_by_webhook(run: Run, measure_id: int) -> None:
    wait_until(lambda: bool(run.sandbox.store.webhooks), "Trello was asked to tell of changes")
    wait_until(counted(measure_id, finish_one_more(run.installation)), "Trello told of a change")
    db.session.rollback()
    webhook = db.session.scalars(select(Webhook)).one()
    body = b'{"planted": true}'
    for secret in (run.sandbox.api_secret, "a stranger's secret"):
        signed = signature(secret, body, webhook.callback_url)
        run.secrets.plant("the signature of a delivery", signed)
        requests.post(webhook.callback_url, body, headers={"X-Trello-Webhook": signed}, timeout=20)


def let_trello_fail(run: Run, connection_id: int, measure_id: int) -> None:
    """It is down, talks nonsense, and repeats in its answers what nobody should read."""
    token = next(iter(run.sandbox.store.tokens.values()))
    said = f"odd: {token.token} {token.secret} {run.sandbox.api_secret}"
    for fault in (
        {"status": 500, "body": said},
        {"status": 400, "body": said},
        {"status": 200, "body": said, "content_type": "application/json"},
        {"status": 302, "headers": {"Location": f"/1/elsewhere?token={token.token}"}},
        {"kind": "garbage"},
        {"kind": "drop"},
    ):
        run.sandbox.faults.add(path="/1/boards/*", **fault)
        count_once_more(measure_id)
    # And while webhooks are compared, where the address holds the token.
    asked = f"/1/tokens/{token.token}/webhooks"
    for fault in ({"kind": "drop"}, {"status": 500, "body": said}, {"kind": "garbage"}):
        run.sandbox.faults.add(path=asked, **fault)
        with db.writing() as session:
            session.get_one(Connection, connection_id).webhooks_due_at = utcnow()
        wait_until(lambda: not run.sandbox.faults.as_json(), "webhooks were compared")


def count_once_more(measure_id: int) -> None:
    """Have the clock sync the board, and wait for the end of it, whatever that is."""
    db.session.rollback()
    before = finished_runs()
    make_due(measure_id)
    wait_until(lambda: finished_runs() > before, "the board was asked for")


def finished_runs() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(SyncRun.id).where(SyncRun.finished_at.is_not(None))).all())


def let_redis_fail(run: Run) -> None:
    with socket_client(run) as client:
        run.seen.append(("Redis, while it lives", whole_redis(client)))
        with suppress(redis.RedisError):
            client.shutdown(nosave=True, now=True, force=True)
    Browser(run).sign_in(BOB, PASSWORDS["a wrong password"], 422)
    wait_until(takes_notices, "the worker started it again")


def let_a_job_fail(run: Run, ada: Browser, measure_id: int) -> None:
    """By our own mistake, in the middle of writing what was counted."""
    path = path_of(measure_id)
    form = ada.page(path).form_with("Refresh")
    kept = b""
    with broken(run, "reading", "value"):
        finish_one_more(run.installation)

        def is_kept() -> bool:
            nonlocal kept
            with socket_client(run) as client:
                kept = whole_redis(client)
            return b"OperationalError" in kept

        for _ in range(MOST_PRESSES):
            ada.session.post(run.installation.url + form.action, data=form.values(), timeout=20)
            # A second notice of the same run finds nothing to do, and takes the reason along.
            with suppress(AssertionError):
                wait_until(is_kept, "RQ keeps why the job failed", patience=10)
                break
    assert b"OperationalError" in kept
    run.seen.append(("Redis, after a job failed", kept))
    count_once_more(measure_id)


def rekey(run: Run) -> None:
    done = run.installation.flask("rekey")
    assert done.returncode == 0, done.stderr
    run.seen.append(("what rekey says", (done.stdout + done.stderr).encode()))


def revoke_the_token(run: Run, connection_id: int, measure_id: int) -> None:
    plant_tokens(run)
    for token in list(run.sandbox.store.tokens.values()):
        run.sandbox.store.revoke(token)
    make_due(measure_id)

    def is_marked() -> bool:
        db.session.rollback()
        connection = db.session.get_one(Connection, connection_id, populate_existing=True)
        return connection.reconnect_reason is not None

    wait_until(is_marked, "the connection says that it has to be reconnected")


@contextmanager
def broken(run: Run, table: str, column: str) -> Iterator[None]:
    """The database has no such column any more, so that all who ask for it meet an error."""
    with db.writing() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME COLUMN {column} TO gone"))
    try:
        yield
    finally:
        with db.writing() as session:
            session.execute(text(f"ALTER TABLE {table} RENAME COLUMN gone TO {column}"))


@contextmanager
def socket_client(run: Run) -> Iterator[redis.Redis]:
    path = run.installation.data_dir / "redis.sock"
    client = redis.Redis(unix_socket_path=str(path))
    try:
        yield client
    finally:
        client.close()


def whole_redis(client: redis.Redis) -> bytes:
    """Every key with all it holds."""
    read: dict[bytes, Callable[[bytes], Any]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": client.xrange,
    }
    parts: list[bytes] = []
    for key in client.keys("*"):
        parts += [key, *_flat(read.get(client.type(key), lambda key: None)(key))]
    return b"\n".join([*parts, *(one for part in parts for one in unpacked(part))])


def _flat(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _flat(pair)
    elif isinstance(value, list | tuple | set):
        for one in value:
            yield from _flat(one)


def plant_tokens(run: Run) -> None:
    for token in run.sandbox.store.tokens.values():
        run.secrets.plant("a token of Trello", token.token)
        run.secrets.plant("a token secret of Trello", token.secret)


def plant_what_was_handed_out(run: Run, here: Flask) -> None:
    for begun in run.sandbox.app.extensions["sandbox_oauth"].request_tokens.values():
        run.secrets.plant("a sign-in's name", begun.token)
        run.secrets.plant("a sign-in's secret", begun.secret)
        run.secrets.plant("a sign-in's verifier", begun.verifier)
    serializer = here.session_interface.get_signing_serializer(here)  # type: ignore[attr-defined]
    for cookie in run.cookies:
        run.secrets.plant("a session cookie", cookie)
        held = serializer.loads(cookie)
        if "token" in held:
            run.secrets.plant("the token in a cookie", held["token"])
        if "trello_sign_in" in held:
            run.secrets.plant("the browser's part of a sign-in", held["trello_sign_in"])
    for cookie in run.cookies:
        found = run.secrets.found_in(repr(serializer.loads(cookie)).encode())
        assert found <= MAY_BE_IN_COOKIES


def everything(run: Run) -> Iterator[tuple[str, bytes]]:
    """What stands on the disk or was seen; a copy of the database as a backup would make it."""
    yield from run.seen
    for path in sorted(run.installation.data_dir.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(run.installation.data_dir)), path.read_bytes()
    yield "a backup", backup_of(run.installation.data_dir / "tally.sqlite3")
    with socket_client(run) as client:
        yield "Redis", whole_redis(client)
    for pid in own_processes(run):
        yield "a command line", Path(f"/proc/{pid}/cmdline").read_bytes()


def backup_of(database: Path) -> bytes:
    source, target = sqlite3.connect(database), sqlite3.connect(":memory:")
    try:
        source.backup(target)
        return target.serialize()
    finally:
        source.close()
        target.close()


def own_processes(run: Run) -> list[int]:
    """Web, worker, its lanes and the server for RQ."""
    installation = run.installation
    assert installation.web is not None and installation.worker is not None
    found, waiting = [], [installation.web.pid, installation.worker.pid]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        waiting += [int(one) for one in children.split()]
    assert len(found) >= 6
    return found


def is_worth_looking_at(run: Run) -> bool:
    """Whether the run left behind what it was made for; else finding nothing would say nothing."""
    logs = run.installation.logs()
    for trace in (
        '"POST /welcome/… HTTP/1.1" 500',  # the access log is on, and the link is not in it
        "/connections/trello/callback?oauth_token=…&oauth_verifier=…",
        "Exception in accounts.choose_password [POST]",
        "INFO:sqlalchemy.engine",
        "SQL parameters hidden",
        "DEBUG:sqlalchemy.engine",
        "Odd answer from Trello",
        "The server for jobs had stopped",
    ):
        assert trace in logs, trace
    journal = b"".join(one.read_bytes() for one in run.installation.data_dir.glob("appendonly*/*"))
    assert b"sync_" in b"".join(unpacked(journal)), "no payload of a job was looked into"
    assert {status for status, _ in run.seen} >= {
        f"a page with status {n}" for n in (400, 404, 500)
    }
    return True
