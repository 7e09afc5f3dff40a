"""VEX documents that a server keeps: what builds are judged by, beside advisories.

Rules:

1. Only who may write policies says whose word counts: a pipeline can't bring a document.
2. Each change is journaled, by opaque ids and a digest of the text. The same text again changes nothing.
3. What is kept was read: a document that can't be read is refused. What of it can't count is told in its notes.
"""

import hashlib
from collections.abc import Sequence

from holdfast.errors import NotFoundError, UsageError
from holdfast.facts.vexed import read_vex
from holdfast.findings.vex import Judgeable, Vex
from holdfast.loop.turn import Turn
from holdfast.model.tenancy import Permission
from holdfast.model.vex import KeptVex
from holdfast.ports.store import Transaction

MOST_DOCUMENTS = 50


def set_vex(turn: Turn, name: str, text: str) -> KeptVex:
    """Keep a document under a name.

    Raises:
        FactError: it can't be read.
        UsageError: there are too many.
    """
    turn.require(Permission.POLICY_WRITE)
    data = text.encode("utf-8", "surrogatepass")
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    known = turn.tx.vex.find(name)
    if known is not None and known.digest == digest:
        return known
    if known is None and len(turn.tx.vex.list()) >= MOST_DOCUMENTS:
        raise UsageError(f"there are {MOST_DOCUMENTS} VEX documents already", hint="remove one that speaks of no build")
    (document,) = read_vex([(name, data)])
    identifier = known.id if known else turn.ids.new("vex")
    kept = KeptVex(turn.tx.org, identifier, name, digest, document, turn.now, turn.identity)
    turn.tx.vex.save(kept)
    turn.tx.journal.append("vex.changed", {"id": identifier, "digest": digest, "by": turn.actor})
    return kept


def remove_vex(turn: Turn, name: str) -> KeptVex:
    """Let a document count no more. Raises: NotFoundError."""
    turn.require(Permission.POLICY_WRITE)
    known = get_vex(turn.tx, name)
    turn.tx.vex.remove(name)
    turn.tx.journal.append("vex.removed", {"id": known.id, "by": turn.actor})
    return known


def get_vex(tx: Transaction, name: str) -> KeptVex:
    """Return a document by name. Raises: NotFoundError."""
    found = tx.vex.find(name)
    if found is None:
        raise NotFoundError(f"there is no VEX document `{name[:80]}`")
    return found


def kept_vex(tx: Transaction, digests: Sequence[str | None]) -> Vex:
    """Return all that is kept, for a build of these digests; `None` is one that is not known."""
    judged = Judgeable((), frozenset(one for one in digests if one))
    return Vex.of([one.document for one in tx.vex.list()], judged)
