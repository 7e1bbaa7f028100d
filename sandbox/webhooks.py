"""Webhooks: the check at creation, and signed deliveries from a thread of their own."""

import base64
import hashlib
import heapq
import hmac
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import requests

from sandbox.board import Board, Record
from sandbox.clock import from_iso, iso
from sandbox.represent import action_json, board_json
from sandbox.store import Store, Webhook

RETRY_SECONDS = (30, 60, 120)
TIMEOUT_SECONDS = 5
GONE = 410
FAILURES_UNTIL_DISABLED = 1000
DAYS_UNTIL_DISABLED = timedelta(days=30)


def signature(secret: str, body: bytes, callback_url: str) -> str:
    """The value of X-Trello-Webhook for a body delivered to an address."""
    digest = hmac.new(secret.encode(), body + callback_url.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def head_check(callback_url: str) -> str | None:
    """Why Trello would not create a webhook for this address, or None if all is well."""
    try:
        with _session() as session:
            answer = session.head(callback_url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return f"URL ({callback_url}) could not be reached"
    if answer.status_code != 200:
        return f"URL ({callback_url}) did not return 200 status code, got {answer.status_code}"
    return None


@dataclass(order=True)
class Delivery:
    due: float
    number: int
    webhook_id: str = field(compare=False)
    body: bytes = field(compare=False)
    tries: int = field(default=0, compare=False)


class Deliveries:
    """Sends actions to webhooks in the order they happened; a failed one is tried three times
    more without holding up the others. The thread starts with the first delivery."""

    def __init__(self, store: Store, secret: str, retry_scale: float) -> None:
        self._store = store
        self._secret = secret
        self._retry_scale = retry_scale
        self._numbers = count()
        self._waiting: list[Delivery] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.origin = "http://127.0.0.1"
        """Where the sandbox is served, for the addresses in payloads."""

    def send(self, board: Board, actions: list[Record]) -> None:
        """Queue actions for every webhook that watches the board or something on it."""
        for action in actions:
            watched = _models_of(action)
            for webhook in list(self._store.webhooks.values()):
                if not webhook.active or webhook.id_model not in watched:
                    continue
                payload = {
                    "action": action_json(action, self._store.people, for_webhook=True),
                    "model": board_json(board, self.origin),
                    "webhook": {
                        "id": webhook.id,
                        "idModel": webhook.id_model,
                        "callbackURL": webhook.callback_url,
                    },
                }
                self._put(webhook, json.dumps(payload, ensure_ascii=False).encode())

    def close(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread:
            self._thread.join(timeout=TIMEOUT_SECONDS)

    def _put(self, webhook: Webhook, body: bytes) -> None:
        with self._wake:
            if self._stopping:
                return
            delivery = Delivery(time.monotonic(), next(self._numbers), webhook.id, body)
            heapq.heappush(self._waiting, delivery)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _run(self) -> None:
        with _session() as session:
            while delivery := self._next():
                webhook = self._store.webhooks.get(delivery.webhook_id)
                if webhook and webhook.active:
                    self._deliver(session, webhook, delivery)

    def _next(self) -> Delivery | None:
        """Wait for a delivery to fall due. None when the sandbox stops."""
        with self._wake:
            while not self._stopping:
                now = time.monotonic()
                if self._waiting and self._waiting[0].due <= now:
                    return heapq.heappop(self._waiting)
                self._wake.wait(self._waiting[0].due - now if self._waiting else None)
        return None

    def _deliver(self, session: requests.Session, webhook: Webhook, delivery: Delivery) -> None:
        try:
            answer = session.post(
                webhook.callback_url,
                data=delivery.body,
                headers={
                    "Content-Type": "application/json",
                    "X-Trello-Webhook": signature(
                        self._secret, delivery.body, webhook.callback_url
                    ),
                },
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
            status = answer.status_code
        except requests.RequestException:
            status = 0
        with self._store.lock:
            if status == GONE:
                self._store.webhooks.pop(webhook.id, None)
            elif 200 <= status < 300:
                webhook.consecutive_failures = 0
                webhook.first_failure_at = None
            else:
                self._count_failure(webhook)
                self._try_again(delivery)
            self._store.save()

    def _count_failure(self, webhook: Webhook) -> None:
        now = self._store.clock.now()
        webhook.consecutive_failures += 1
        webhook.first_failure_at = webhook.first_failure_at or iso(now)
        failing_for = now - from_iso(webhook.first_failure_at)
        if (
            webhook.consecutive_failures > FAILURES_UNTIL_DISABLED
            and failing_for > DAYS_UNTIL_DISABLED
        ):
            webhook.active = False

    def _try_again(self, delivery: Delivery) -> None:
        if delivery.tries < len(RETRY_SECONDS):
            wait = RETRY_SECONDS[delivery.tries] * self._retry_scale
            delivery.tries += 1
            delivery.due = time.monotonic() + wait
            with self._wake:
                heapq.heappush(self._waiting, delivery)


def _session() -> requests.Session:
    """Without proxies from the environment: callbacks are on this machine."""
    session = requests.Session()
    session.trust_env = False
    return session


def _models_of(action: Record) -> set[str]:
    """The ids of everything an action touches."""
    data = action["data"]
    touched = ("board", "card", "list", "listBefore", "listAfter", "member")
    ids = {data[name]["id"] for name in touched if name in data}
    return ids | {action["idMemberCreator"]}
