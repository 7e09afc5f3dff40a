"""Proof of the journal: what was changed, removed, reordered or cut.

The procedure, entry by entry in stored order:
1. The entry belongs to the same org as the first.
2. Its `seq` is one more than the last: a higher one means removed entries, a lower one reordered or doubled ones.
3. Its hash is that of all its stored fields after the hash before it; otherwise it was changed.
Then, at the end:
4. The head row names the last entry; otherwise the tail was cut, or entries stand behind the head.
5. The checkpoint names a hash that the chain has at that size; otherwise the chain was cut below it, or re-hashed.

A chain proves what is in it. Cutting the tail *and* setting the head row back, or rewriting the chain as a whole,
leaves a chain that verifies: only a checkpoint kept elsewhere shows it, and only up to its size. The report says so.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from holdfast.findings.checkpoint import Checkpoint, journal_origin
from holdfast.model.frozen import frozen
from holdfast.model.journal import GENESIS, JournalEntry, entry_hash

_MOST_PROBLEMS = 100


@frozen
class AuditProblem:
    """One thing that does not verify.

    `kind` is `changed`, `removed`, `reordered`, `truncated`, `rewritten`, `head` or `foreign`; `seq` is where it shows.
    """

    kind: str
    seq: int
    words: str


@frozen
class AuditReport:
    """What verification found.

    `entries` were read, up to `last_seq` with `last_hash`. `counts` has a number for every kind of problem that
    occurred; `problems` names the first hundred. `unproven` says in words what could not be shown either way.
    """

    entries: int
    last_seq: int
    last_hash: str
    first_bad_seq: int | None
    counts: dict[str, int]
    problems: tuple[AuditProblem, ...]
    unproven: tuple[str, ...]

    @property
    def is_intact(self) -> bool:
        """Whether nothing was found; `unproven` still limits what that means."""
        return self.first_bad_seq is None


@dataclass(slots=True)
class _Walk:
    """What was seen so far.

    `links` are the hashes that the next entry may follow, empty when that is not known. `gaps` are (first, last) `seq`
    that were skipped, `late` those that came later than they should, `unlinked` entries that followed a gap.
    """

    org: str | None = None
    entries: int = 0
    last_seq: int = 0
    last_hash: str = GENESIS
    links: tuple[str, ...] = (GENESIS,)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    late: set[int] = field(default_factory=set)
    unlinked: int = 0
    first_bad: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[AuditProblem] = field(default_factory=list)
    at_checkpoint: str | None = None

    def report(self, kind: str, seq: int, words: str) -> None:
        """Count a problem, and keep it while there are few."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.first_bad = seq if self.first_bad is None else min(self.first_bad, seq)
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(AuditProblem(kind, seq, words))


def verify_chain(
    entries: Iterable[JournalEntry],
    head: tuple[int, str] | None = None,
    checkpoint: Checkpoint | None = None,
) -> AuditReport:
    """Return what is wrong with a journal, read in stored order, once and as a stream.

    `head` is (seq, hash) of the head row, (0, 64 zeros) for an empty journal, `None` when there is none.
    `checkpoint` has to be verified already; it need not be of the last entry.
    """
    walk = _Walk()
    if checkpoint is not None and checkpoint.size == 0:
        walk.at_checkpoint = GENESIS
    for entry in entries:
        walk.entries += 1
        if not isinstance(entry.seq, int):  # a store without strict columns can hold anything after tampering
            walk.report("changed", walk.last_seq + 1, f"an entry after {walk.last_seq} has no number: {entry.seq!r}")
            walk.links = ()
            continue
        _check_org(walk, entry)
        _check_entry(walk, entry)
        if checkpoint is not None and entry.seq == checkpoint.size:
            walk.at_checkpoint = entry.hash
    _report_gaps(walk)
    _check_head(walk, head)
    _check_checkpoint(walk, checkpoint)
    return AuditReport(
        walk.entries,
        walk.last_seq,
        walk.last_hash,
        walk.first_bad,
        walk.counts,
        tuple(walk.problems),
        _unproven(walk, head, checkpoint),
    )


def _check_org(walk: _Walk, entry: JournalEntry) -> None:
    """1. One journal, one org."""
    walk.org = walk.org or entry.org
    if entry.org != walk.org:
        walk.report("foreign", entry.seq, f"entry {entry.seq} belongs to org `{entry.org}`, not to `{walk.org}`")


def _check_entry(walk: _Walk, entry: JournalEntry) -> None:
    """2. No gap and no step back; 3. the hash follows."""
    if entry.seq <= walk.last_seq:
        walk.late.add(entry.seq)
        walk.report("reordered", entry.seq, f"entry {entry.seq} stands after entry {walk.last_seq}")
        return
    if entry.seq > walk.last_seq + 1:
        walk.gaps.append((walk.last_seq + 1, entry.seq - 1))
        walk.links = ()
    _check_hash(walk, entry)
    walk.last_seq = entry.seq
    walk.last_hash = entry.hash


def _check_hash(walk: _Walk, entry: JournalEntry) -> None:
    """3. The hash covers every stored field and the hash before.

    After a changed entry the next may follow the stored hash (a field was changed) or the computed one (the hash itself
    was changed), so that one changed entry is one problem. After a gap there is nothing to check it against.
    """
    computed = [_hash_after(link, entry) for link in walk.links]
    walk.links = (entry.hash,)
    if not computed:
        walk.unlinked += 1
    elif entry.hash not in computed:
        before = f", or entry {entry.seq - 1} was changed and hashed anew" if entry.seq > 1 else ""
        walk.report("changed", entry.seq, f"entry {entry.seq} is not what was written there{before}")
        walk.links += tuple(text for text in computed if text is not None)[:1]


def _hash_after(link: str, entry: JournalEntry) -> str | None:
    """Return the hash that the entry should have; `None` when the link or a field is no such thing at all."""
    try:
        return entry_hash(link, entry.org, entry.seq, entry.at, entry.kind, entry.body)
    except (TypeError, ValueError):
        return None


def _report_gaps(walk: _Walk) -> None:
    """2. What was skipped and did not come later is missing."""
    late = sorted(walk.late)
    for first, last in walk.gaps:
        start = first
        for seq in [*late[bisect_left(late, first) : bisect_right(late, last)], last + 1]:
            if seq > start:
                missing = f"entry {start} is" if seq == start + 1 else f"entries {start} to {seq - 1} are"
                walk.report("removed", start, f"{missing} missing")
            start = seq + 1


def _check_head(walk: _Walk, head: tuple[int, str] | None) -> None:
    """4. The head row names the last entry."""
    if head is None:
        return
    seq, digest = head
    if seq > walk.last_seq:
        walk.report(
            "truncated", walk.last_seq + 1, f"the tail is cut: the head says {seq}, the last is {walk.last_seq}"
        )
    elif seq < walk.last_seq:
        walk.report("head", seq + 1, f"entries up to {walk.last_seq} stand behind the head, which says {seq}")
    elif digest != walk.last_hash:
        walk.report("head", seq, f"the head names another hash than entry {seq} has")


def _check_checkpoint(walk: _Walk, checkpoint: Checkpoint | None) -> None:
    """5. The chain has what the checkpoint names."""
    if checkpoint is None:
        return
    size = checkpoint.size
    if walk.org is not None and checkpoint.origin != journal_origin(walk.org):
        walk.report("foreign", 1, f"the checkpoint is of `{checkpoint.origin}`, not of `{journal_origin(walk.org)}`")
    elif walk.last_seq < size:
        start = walk.last_seq + 1
        walk.report(
            "truncated", start, f"the tail is cut: the checkpoint has {size} entries, the last is {walk.last_seq}"
        )
    elif walk.at_checkpoint != checkpoint.hash and walk.at_checkpoint is not None:
        walk.report("rewritten", size, f"entry {size} has another hash than the checkpoint: the chain was rewritten")


def _unproven(walk: _Walk, head: tuple[int, str] | None, checkpoint: Checkpoint | None) -> tuple[str, ...]:
    out = []
    if head is None:
        out.append("a cut tail: there was no head row to compare with")
    if walk.unlinked:
        out.append(f"the first entry after a gap ({walk.unlinked}): whether it was changed cannot be told")
    if checkpoint is None:
        out.append("a tail cut together with the head row, or a chain rewritten as a whole: only a checkpoint shows it")
    elif walk.last_seq > checkpoint.size:
        span = f"{checkpoint.size + 1} to {walk.last_seq}"
        out.append(f"entries {span} came after the checkpoint: a cut or a rewriting there leaves no trace")
    else:
        out.append("entries cut after the checkpoint, together with the head row: take checkpoints often")
    return tuple(out)
