"""What reached nobody: messages that were given up, and sending them again because a person says so."""

from dataclasses import replace
from datetime import datetime

from holdfast.errors import ConflictError, UsageError
from holdfast.loop.outbox import EVERYBODY, read_message
from holdfast.model.frozen import frozen
from holdfast.model.run import Message
from holdfast.ports.store import Transaction

MOST_AT_ONCE = 1000


@frozen
class UntoldRow:
    """A message that reached nobody. `to` is the receiver's name, `None` for everybody; `run` what it is about."""

    id: str
    to: str | None
    title: str
    run: str | None
    since: datetime
    given_up_at: datetime
    attempts: int
    because: str


@frozen
class UntoldView:
    """A page of them, and how many there are in all; `next` is the cursor."""

    rows: tuple[UntoldRow, ...]
    count: int
    next: str | None


def untold_view(tx: Transaction, after: str | None = None, limit: int = 100) -> UntoldView:
    """Return what was given up with an id below `after`, the newest id first."""
    found = tx.outbox.given_up(after, limit + 1)
    rows = tuple(_row(message, message.given_up_at) for message in found[:limit] if message.given_up_at is not None)
    return UntoldView(rows, tx.outbox.count_given_up(), found[limit - 1].id if len(found) > limit else None)


def _row(message: Message, given_up_at: datetime) -> UntoldRow:
    title, _ = read_message(message)
    to = None if message.to == EVERYBODY else message.to
    because = message.problem or "it was not taken"
    return UntoldRow(message.id, to, title, message.run, message.created_at, given_up_at, message.attempts, because)


def send_again(tx: Transaction, message_id: str | None, by: str, now: datetime) -> int:
    """Put what was given up into line anew, as if it were told now: one, or `None` for all (at most 1000 at once).

    Returns how many. `by` is an opaque id.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: it was not given up.
        UsageError: an empty name.
    """
    if message_id is None:
        found = list(tx.outbox.given_up(limit=MOST_AT_ONCE))
    elif not message_id:
        raise UsageError("expected a message's id, got nothing", hint="`holdfast mitigate messages` names them")
    else:
        found = [tx.outbox.get(message_id)]
        if found[0].given_up_at is None:
            raise ConflictError(f"message `{message_id[:80]}` was not given up", hint="it was taken, or is tried yet")
    for message in found:
        fresh = replace(message, created_at=now, due_at=now, attempts=0, problem=None, given_up_at=None)
        tx.outbox.save(fresh)
        tx.journal.append("message.sent_again", {"id": message.id, "run": message.run, "by": by})
    return len(found)
