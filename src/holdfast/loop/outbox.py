"""The outbox: what is to be told to others is told, at least once, also after a crash.

Rules:
1. Each receiver has a lane of its own: one that hangs or refuses holds up nobody else. A lane is one message at a time,
   the oldest first; what was refused holds up those after it for its first tries (half a minute), and no longer.
2. A message is taken for a while before it is sent, so that two workers rarely send the same one. A worker that dies
   after sending leaves it taken; the next one sends it again, under the same id.
3. A message to everybody becomes one to each receiver; what one of them refuses, the others got.
4. A try that failed is followed by another, later and later. After three days it is given up, with the reason, in the
   journal and in what `loop.untold` lists.
5. Nothing is sent while a transaction is open.
6. A thread sends one message and is free again. An org holds `PER_ORG` of them at most, and its lanes take turns: its
   receivers that hang hold up no other org's, and its own for as long as one message hangs.
"""

import json
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from holdfast.errors import HoldfastError, NotFoundError, tell_error
from holdfast.loop.unforeseen import only_promised
from holdfast.model.run import Message
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store, Transaction
from holdfast.ports.world import Receivers

TAKEN = timedelta(seconds=30)
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 900.0
GIVE_UP = timedelta(days=3)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
EVERYBODY = "*"
IDLE_S = 0.5
TOGETHER = 50
IN_ORDER = 6
"""Tries of a message before those after it go past it."""
PER_ORG = 4
"""Threads that one org's receivers may hold at a time, of the many that an executor should have."""

At = Callable[[str, Message], None]


def _pass_by(_name: str, _message: Message) -> None:
    return None


class Outbox:
    """Sends what is due. `at` is told each boundary: before and after a message is sent.

    `executor` is where receivers are waited for, as many at a time as it has threads, and `PER_ORG` of an org; without
    one they are told here, one after another.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        receivers: Receivers,
        *,
        executor: Executor | None = None,
        failures: tuple[type[Exception], ...] = (HoldfastError,),
        at: At = _pass_by,
    ) -> None:
        self._store = store
        self._clock = clock
        self._receivers = receivers
        self._executor = executor
        self._failures = failures
        self._at = at
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._busy: set[tuple[str, str]] = set()
        self._turn = 0
        self._turns: dict[tuple[str, str], int] = {}

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def run_forever(self, stop: threading.Event) -> None:
        """Send until told to stop; what a lane is sending then is its last."""
        self._stop = stop
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
        """Send what is due now, each receiver's in its lane; returns how many messages somebody took.

        With an executor the lanes only begin here, and 0 is returned: each looks for what is next by itself.
        """
        due = self._receivers_due(org)
        with self._guard:
            due.sort(key=lambda to: self._turns.get((org, to), 0))
        return sum(self._begin(org, to) for to in due)

    def _receivers_due(self, org: str) -> list[str]:
        """Return for whom something is due, after each message to everybody has become one to each."""
        with self._store.read(org) as tx:
            due = tx.outbox.receivers(self._clock.now())
        if EVERYBODY in due:
            with self._store.write_now(org, self._clock) as (tx, now):
                for message in tx.outbox.due(now, TOGETHER, to=EVERYBODY):
                    self._share(tx, message, now)
                due = tx.outbox.receivers(now)
        return [to for to in due if to != EVERYBODY]

    def _share(self, tx: Transaction, message: Message, now: datetime) -> None:
        names = self._receivers.of(message.org).notifiers()
        for name in names:
            tx.outbox.add(replace(message, id=f"{message.id}/{name}", to=name))
        if names:
            tx.outbox.save(replace(message, due_at=NEVER, sent_at=now, problem=None))
        else:
            _give_up(tx, replace(message, problem="no receiver is configured: nobody was told"), now)

    # A lane.

    def _begin(self, org: str, to: str) -> int:
        if not self._enter(org, to):
            return 0
        if self._executor is None:
            return self._drain(org, to)
        try:
            self._executor.submit(self._tell_and_go_on, org, to)
        except RuntimeError:  # the executor is closing: the next process sends it
            self._leave(org, to)
        return 0

    def _enter(self, org: str, to: str) -> bool:
        """Take a lane, unless it is taken or its org holds as many as it may; who waited longest is asked first."""
        with self._guard:
            if (org, to) in self._busy or sum(one == org for one, _ in self._busy) >= PER_ORG:
                return False
            self._busy.add((org, to))
            self._turn += 1
            self._turns[org, to] = self._turn
            return True

    def _leave(self, org: str, to: str) -> None:
        with self._guard:
            self._busy.discard((org, to))

    def _drain(self, org: str, to: str) -> int:
        """Send what is due to one receiver, until nothing is or it must wait; returns how many it took."""
        sent = 0
        try:
            while (taken := self._tell(org, to)) is not None:
                sent += taken
        finally:
            self._leave(org, to)
        return sent

    def _tell_and_go_on(self, org: str, to: str) -> None:
        """Send one message in a thread, and begin what is due in the org then: this lane again comes last."""
        try:
            taken = self._tell(org, to)
        finally:
            self._leave(org, to)
        if taken is not None:  # otherwise the lane has to wait, and looking at once would not end
            self.dispatch(org)

    def _tell(self, org: str, to: str) -> bool | None:
        """Send a receiver's next message; returns whether it was taken, `None` when there is none to send now."""
        if self._stop.is_set():
            return None
        with self._store.write_now(org, self._clock) as (tx, now):
            message = _take(tx, to, now)
        if message is None:
            return None
        problem = self._send(message)
        with self._store.write_now(org, self._clock) as (tx, now):
            _note(tx, message, problem, now)
        return problem is None

    def _send(self, message: Message) -> str | None:
        """Send one; returns what went wrong, `None` when it was taken."""
        self._at("before-send", message)
        try:
            with only_promised(f"`{message.to}`", self._failures):
                title, text = read_message(message)
                self._receivers.of(message.org).notifier(message.to).send(title, text, message.id)
        except self._failures as error:
            return tell_error(error)
        self._at("after-send", message)
        return None


def _take(tx: Transaction, to: str, now: datetime) -> Message | None:
    """Take a receiver's oldest message that is due, unless one before it is under way or was just refused."""
    found = next(iter(tx.outbox.due(now, 1, to=to)), None)
    if found is None or tx.outbox.is_behind(found, now, IN_ORDER):
        return None
    held = replace(found, attempts=found.attempts + 1, due_at=now + TAKEN)
    tx.outbox.save(held)
    return held


def _note(tx: Transaction, taken: Message, problem: str | None, now: datetime) -> None:
    try:
        message = tx.outbox.get(taken.id)
    except NotFoundError:
        return
    if message.sent_at is not None or message.given_up_at is not None:  # another worker has done with it meanwhile
        return
    if problem is None:
        tx.outbox.save(replace(message, sent_at=now, problem=None))
    elif now - message.created_at >= GIVE_UP:
        _give_up(tx, replace(message, problem=problem), now)
    else:
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * float(1 << min(taken.attempts - 1, 20)))
        tx.outbox.save(replace(message, due_at=now + timedelta(seconds=pause_s), problem=problem))


def _give_up(tx: Transaction, message: Message, now: datetime) -> None:
    tx.outbox.save(replace(message, due_at=NEVER, given_up_at=now))
    tx.journal.append("message.given_up", {"id": message.id, "run": message.run, "attempts": message.attempts})


def read_message(message: Message) -> tuple[str, str]:
    """Return a message's title and text; its link comes last."""
    body = json.loads(message.body)
    title, text = str(body.get("title") or "Holdfast"), str(body.get("text") or "")
    link = body.get("link")
    return title, f"{text}\n{link}" if link else text
