"""The outbox: what is to be told to others is told, at least once, also after a crash.

Rules:
1. A message is taken for a while before it is sent, so that two workers rarely send the same one. A worker that dies
   after sending leaves it taken; the next one sends it again, under the same id.
2. A message to everybody becomes one to each receiver; what one of them refuses, the others got.
3. A try that failed is followed by another, later and later. After three days it is given up, with the reason.
4. Nothing is sent while a transaction is open.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from holdfast.errors import HoldfastError, NotFoundError
from holdfast.model.run import Message
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store
from holdfast.ports.world import Receivers

TAKEN = timedelta(seconds=60)
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 900.0
GIVE_UP = timedelta(days=3)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
EVERYBODY = "*"
IDLE_S = 0.5
TOGETHER = 50

At = Callable[[str, Message], None]


def _pass_by(_name: str, _message: Message) -> None:
    return None


class Outbox:
    """Sends what is due. `at` is told each boundary: before and after a message is sent."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        receivers: Receivers,
        *,
        failures: tuple[type[Exception], ...] = (HoldfastError,),
        at: At = _pass_by,
    ) -> None:
        self._store = store
        self._clock = clock
        self._receivers = receivers
        self._failures = failures
        self._at = at
        self._wake = threading.Event()

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def run_forever(self, stop: threading.Event) -> None:
        """Send until told to stop."""
        while not stop.is_set():
            self._wake.clear()
            sent = 0
            try:
                for org in self._store.tenants.orgs():
                    sent += self.dispatch(org.id)
            except self._failures:  # the store is away; what is due stays due
                stop.wait(IDLE_S)
            if not sent:
                self._wake.wait(IDLE_S)

    def dispatch(self, org: str) -> int:
        """Send what is due now; returns how many messages somebody took."""
        sent = 0
        for message in self._take(org):
            problem = self._send(org, message)
            self._mark(message, problem)
            sent += problem is None
        return sent

    def _take(self, org: str) -> list[Message]:
        """Take what is due, each message to everybody as one to each."""
        with self._store.read(org) as tx:
            if not tx.outbox.due(self._clock.now(), 1):
                return []
        taken = []
        with self._store.write_now(org, self._clock) as (tx, now):
            for message in tx.outbox.due(now, TOGETHER):
                if message.to == EVERYBODY:
                    names = self._receivers.of(org).notifiers()
                    for name in names:
                        tx.outbox.add(replace(message, id=f"{message.id}/{name}", to=name))
                    problem = None if names else "no receiver is configured: nobody was told"
                    tx.outbox.save(replace(message, due_at=NEVER, sent_at=now if names else None, problem=problem))
                    continue
                held = replace(message, attempts=message.attempts + 1, due_at=now + TAKEN)
                tx.outbox.save(held)
                taken.append(held)
        return taken

    def _send(self, org: str, message: Message) -> str | None:
        """Send one; returns what went wrong, `None` when it was taken."""
        title, text = read_message(message)
        self._at("before-send", message)
        try:
            self._receivers.of(org).notifier(message.to).send(title, text, message.id)
        except self._failures as error:
            return error.message if isinstance(error, HoldfastError) else type(error).__name__
        self._at("after-send", message)
        return None

    def _mark(self, taken: Message, problem: str | None) -> None:
        with self._store.write_now(taken.org, self._clock) as (tx, now):
            try:
                message = tx.outbox.get(taken.id)
            except NotFoundError:
                return
            if message.sent_at is not None:  # another worker sent it meanwhile
                return
            if problem is None:
                tx.outbox.save(replace(message, sent_at=now, problem=None))
                return
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * float(1 << min(taken.attempts - 1, 20)))
            due_at = now + timedelta(seconds=pause_s) if now - message.created_at < GIVE_UP else NEVER
            tx.outbox.save(replace(message, due_at=due_at, problem=problem))


def read_message(message: Message) -> tuple[str, str]:
    """Return a message's title and text; its link comes last."""
    body = json.loads(message.body)
    title, text = str(body.get("title") or "Holdfast"), str(body.get("text") or "")
    link = body.get("link")
    return title, f"{text}\n{link}" if link else text
