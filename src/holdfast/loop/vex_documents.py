"""VEX documents that a server keeps: what builds and what runs are judged by, beside advisories.

Rules:

1. Only who may write policies says whose word counts: a pipeline can't bring a document.
2. Each change is journaled, by opaque ids and a digest of the text. The same text by the same key changes nothing.
3. What is kept was read: a document that can't be read is refused, and so is one that says far more than its size. What
   of it can't count is told in its notes.
4. One in an envelope is opened by a key of the org's policy, or refused. The key's fingerprint stays with what it says,
   so that a key that is taken back takes that with it.
5. What runs and is named, before or after a change, is marked to be judged anew (`loop.judging`). Which notices mend a
   CVE is looked up then: who keeps a document does not wait for it.
6. A build costs what is said of its own findings, however much is kept.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence

from holdfast.errors import FactError, NotFoundError, UsageError
from holdfast.findings.vex import Judgeable, Vex
from holdfast.findings.vex_signed import read_signed
from holdfast.gate.sides import Side
from holdfast.loop.policies import levels_of
from holdfast.loop.turn import Turn
from holdfast.model.frozen import frozen
from holdfast.model.naming import cves_of
from holdfast.model.tenancy import Permission
from holdfast.model.vex import KeptVex, Product, Statement, VexDocument, VexKey
from holdfast.ports.store import Transaction

MOST_DOCUMENTS = 50
MOST_CHARACTERS = 16 << 20
"""How much a document may say when everything is written out that it only refers to."""
NOTICES = "notices"
"""Waits in the place of a cluster until the notices of distributions are looked through for what they mend."""
_CHARACTERS_BESIDE = 100


@frozen
class NamedVex:
    """A document that was read, to be kept under a name."""

    name: str
    digest: str
    document: VexDocument


def get_keys(turn: Turn) -> tuple[VexKey, ...]:
    """Return whose signatures of documents count for the whole org, for who may keep documents."""
    turn.require(Permission.POLICY_WRITE)
    return levels_of(turn.tx, None).vex_keys


def read_named(name: str, text: str, keys: Sequence[VexKey] = ()) -> NamedVex:
    """Return a document as it can be kept; no store is needed for it.

    Raises:
        FactError: it can't be read, says too much, or is in an envelope that none of these keys signed.
    """
    data = text.encode("utf-8", "surrogatepass")
    (document,) = read_signed([(name, data)], keys)
    said = 0
    for one in _products(document.statements):
        said += _characters(one)
        if said > MOST_CHARACTERS:
            because = f"what it says takes over {MOST_CHARACTERS >> 20} MiB when it is written out"
            raise FactError(because, where=name, hint="split it, or keep the part that speaks of what you build")
    return NamedVex(name, "sha256:" + hashlib.sha256(data).hexdigest(), document)


def _characters(one: Product) -> int:
    """Return about how much a product takes where it is kept."""
    package = one.package
    if package is None:
        return _CHARACTERS_BESIDE + len(one.name)
    qualifiers = sum(len(key) + len(value) for key, value in package.qualifiers)
    return _CHARACTERS_BESIDE + len(one.name) + len(package.name) + len(package.version) + qualifiers


def _products(statements: Iterable[Statement]) -> Iterator[Product]:
    for one in statements:
        for claim in one.claims:
            yield claim.product
            yield from claim.parts


def set_vex(turn: Turn, given: NamedVex) -> KeptVex:
    """Keep a document under its name. Raises: UsageError: there are too many."""
    turn.require(Permission.POLICY_WRITE)
    known = turn.tx.vex.find(given.name)
    document = given.document
    signed_by = next((one.signed_by for one in document.statements), "")
    if known is not None and (known.digest, known.signed_by) == (given.digest, signed_by):
        return known
    if known is None and len(turn.tx.vex.list()) >= MOST_DOCUMENTS:
        raise UsageError(f"there are {MOST_DOCUMENTS} VEX documents already", hint="remove one that speaks of no build")
    before = turn.tx.vex.named(given.name)
    kept = KeptVex(
        org=turn.tx.org,
        id=known.id if known else turn.ids.new("vex"),
        name=given.name,
        digest=given.digest,
        format=document.format,
        document=document.id,
        authors=tuple(sorted({author for one in document.statements for author in one.authors})),
        statements=len(document.statements),
        notes=document.notes,
        changed_at=turn.now,
        changed_by=turn.identity,
        signed_by=signed_by,
    )
    turn.tx.vex.save(kept, document.statements)
    mark_named(turn.tx, {*before, *turn.tx.vex.named(given.name)})
    turn.tx.journal.append("vex.changed", {"id": kept.id, "digest": kept.digest, "by": turn.actor})
    return kept


def remove_vex(turn: Turn, name: str) -> KeptVex:
    """Let a document count no more. Raises: NotFoundError."""
    turn.require(Permission.POLICY_WRITE)
    known = get_vex(turn.tx, name)
    mark_named(turn.tx, turn.tx.vex.named(name))
    turn.tx.vex.remove(name)
    turn.tx.journal.append("vex.removed", {"id": known.id, "by": turn.actor})
    return known


def mark_named(tx: Transaction, vulnerabilities: Collection[str]) -> None:
    """Let what runs of these vulnerabilities be judged anew, soon; with notices, which a CVE does not lead to."""
    due = set(tx.clusters.of(sorted(vulnerabilities)).values())
    tx.vex.mark(due | {NOTICES} if cves_of(vulnerabilities) else due)


def get_vex(tx: Transaction, name: str) -> KeptVex:
    """Return a document by name. Raises: NotFoundError."""
    found = tx.vex.find(name)
    if found is None:
        raise NotFoundError(f"there is no VEX document `{name[:80]}`")
    return found


def kept_vex(tx: Transaction, digests: Sequence[str | None], sides: Iterable[Side | None]) -> Vex:
    """Return what is kept about what was found, for a build of these digests; `None` is one that is not known."""
    judged = Judgeable((), frozenset(one for one in digests if one))
    named = {name for side in sides if side for one in side.findings for name in one.spoken_of_as}
    notes = tuple(f"{kept.name}: {note}" for kept in tx.vex.list() for note in kept.notes)
    return Vex.saying(tx.vex.about(named), judged, notes)
