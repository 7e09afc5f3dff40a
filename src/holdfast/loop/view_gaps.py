"""What is not known of what runs: unknown is never shown as fine.

A place (a service or host in an environment) has a gap when a release came without an SBOM or with an empty one, when
files in it could not be read, when an ecosystem that it runs has no advisory feed, one past its age, or one that is
silent about its release, or when a record names a component without saying which versions it affects.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from holdfast.loop.feed_state import feed_verdict
from holdfast.loop.view_words import listed, plural, short_span
from holdfast.model.advisory import Snapshot
from holdfast.model.component import Source, Unparsed
from holdfast.model.frozen import frozen
from holdfast.model.verdict import Pass
from holdfast.ports.queries import Coverage, Undecided
from holdfast.ports.store import Transaction


@frozen
class Gap:
    """One thing that is not known of a place.

    `kind` is `sbom`, `unparsed`, `feed` or `advisory`; `short` fits a cell, `because` is a sentence, `hint` what to do.
    """

    kind: str
    short: str
    because: str
    hint: str


@frozen
class FeedRow:
    """One ecosystem's feed: how old, whether verdicts may rest on it, and why not."""

    ecosystem: str
    synced_at: datetime | None
    records: int
    known: bool
    because: str


def gaps_of_composition(what: str, components: int | None, unparsed: Sequence[Unparsed]) -> tuple[Gap, ...]:
    """Return what is not known of a composition; `components` is `None` without an SBOM."""
    if components is None:
        return (
            Gap(
                "sbom", "no SBOM", f"{what} came without an SBOM", "give one: `holdfast release --sbom FILE`, or a PATH"
            ),
        )
    out = []
    if components == 0 and not unparsed:
        out.append(Gap("sbom", "empty SBOM", f"the SBOM of {what} names nothing", "check what it was made of"))
    if unparsed:
        files = listed(sorted({one.file for one in unparsed}))
        short = plural(len(unparsed), "gap") + " in its SBOM"
        first = unparsed[0].because
        out.append(
            Gap("unparsed", short, f"not all of {files} could be read: {first}", "`holdfast scan` names each line")
        )
    return tuple(out)


class Compositions:
    """Remembers which ecosystems a composition is made of, by digest: content never changes, so it is read once.

    It may be shared by threads and transactions.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}

    def find(self, digest: str) -> tuple[str, ...] | None:
        """Return the ecosystems of what comes from a registry, `None` when it was not read yet."""
        return self._known.get(digest)

    def read(self, tx: Transaction, digest: str) -> tuple[str, ...]:
        """Read a composition and return its ecosystems.

        Raises:
            NotFoundError: it is not kept.
        """
        components = (occurrence.component for occurrence in tx.sboms.load(digest).occurrences)
        found = sorted({one.ecosystem for one in components if one.source is Source.REGISTRY})
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[digest] = tuple(found)
        return tuple(found)


_MOST_KNOWN = 50_000
_MOST_READ = 500
"""How many compositions one view reads; what is left stays unknown until the next look."""
_UNREAD = Gap("feed", "not read yet", "what it is made of was not read yet, and not every feed is good", "look again")


class GapReader:
    """Reads the gaps that feeds and their records leave, in one transaction, each thing once.

    `coverage` is what the whole org runs by ecosystem: while all feeds are good, no composition is read for now.
    """

    def __init__(
        self,
        tx: Transaction,
        now: datetime,
        feed_max_age: timedelta,
        coverage: Sequence[Coverage],
        compositions: Compositions | None = None,
    ) -> None:
        self._tx = tx
        self._now = now
        self._max_age = feed_max_age
        self._compositions = compositions or Compositions()
        self._left = _MOST_READ
        self._snapshots: Mapping[str, Snapshot] = {one.ecosystem: one for one in tx.feeds.list()}
        self._releases = tx.feeds.releases()
        self._undecided: dict[bool, Mapping[str, Sequence[Undecided]]] = {}
        self._verdicts: dict[str, str | None] = {}
        self._ecosystems = _ecosystems(coverage)
        self._all_known = all(self._doubt(name) is None for name in self._ecosystems)

    def of(self, digests: Iterable[str], *, ran_before: bool = False) -> tuple[Gap, ...]:
        """Return the gaps in compositions: at most one of missing or old feeds, and one of records without versions.

        `ran_before` says that they need not run now, so that `coverage` tells nothing about them.
        """
        digests = list(digests)
        return (*self._of_feeds(digests, ran_before), *self._of_records(digests, ran_before))

    def _of_records(self, digests: Sequence[str], ran_before: bool) -> tuple[Gap, ...]:
        if ran_before not in self._undecided:
            self._undecided[ran_before] = self._tx.queries.undecided(running=not ran_before)
        known = self._undecided[ran_before]
        found = list(dict.fromkeys(one for digest in digests for one in known.get(digest, ())))
        if not found:
            return ()
        told = [f"`{one.advisory}` names `{one.name}` (here {one.version})" for one in found]
        because = f"{listed(told)}, without versions that can be compared"
        short = f"no versions in {plural(len({one.advisory for one in found}), 'advisory', 'advisories')}"
        return (Gap("advisory", short, because, "read what it says; push your own record of it that names versions"),)

    def _of_feeds(self, digests: Sequence[str], ran_before: bool) -> tuple[Gap, ...]:
        if self._all_known and not ran_before:
            return ()
        ecosystems: set[str] = set()
        for digest in digests:
            found = self._compositions.find(digest)
            if found is None and self._left <= 0:
                return (_UNREAD,)
            if found is None:
                self._left -= 1
                found = self._compositions.read(self._tx, digest)
            ecosystems.update(found)
        return self._gap(sorted(ecosystems))

    def _gap(self, ecosystems: Sequence[str]) -> tuple[Gap, ...]:
        doubts = {name: doubt for name in ecosystems if (doubt := self._doubt(name)) is not None}
        if not doubts:
            return ()
        names = listed(list(doubts))
        first = next(iter(doubts.values()))
        words = _words(first)
        hint = "name a feed that has it: `HOLDFAST_FEED`" if first.startswith("no feed:") else "`holdfast feed sync`"
        return (Gap("feed", f"{words}: {names}", f"{names}: {first}", hint),)

    def feeds(self) -> tuple[FeedRow, ...]:
        """Return the feed of every ecosystem that runs here, by name."""
        return tuple(self._feed(name) for name in self._ecosystems)

    def _feed(self, ecosystem: str) -> FeedRow:
        doubt = self._doubt(ecosystem)
        known = self._snapshots.get(ecosystem.partition(":")[0])
        records = known.records if known else 0
        return FeedRow(ecosystem, known.synced_at if known else None, records, doubt is None, doubt or "")

    def _doubt(self, ecosystem: str) -> str | None:
        """Why verdicts about an ecosystem may not rest on its feed; `None` when they may."""
        if ecosystem not in self._verdicts:
            verdict = feed_verdict(ecosystem, self._snapshots, self._now, self._max_age, self._releases)
            self._verdicts[ecosystem] = (
                None if isinstance(verdict, Pass) else self._in_words(ecosystem, verdict.because)
            )
        return self._verdicts[ecosystem]

    def _in_words(self, ecosystem: str, because: str) -> str:
        known = self._snapshots.get(ecosystem.partition(":")[0])
        if known is None or known.synced_at is None:
            return because
        if self._now - known.synced_at <= self._max_age:  # it is fresh, and wrong in another way
            return because
        age = short_span((self._now - known.synced_at).total_seconds())
        return f"the feed is {age} old" + (f"; the last attempt failed: {known.error}" if known.error else "")


def _words(because: str) -> str:
    if because.startswith("no feed"):
        return "no feed"
    return "feed too old" if because.startswith("the feed is") else "not in the feed"


def _ecosystems(coverage: Sequence[Coverage]) -> list[str]:
    """Ecosystems of what comes from a registry; the rest is named by nature and is no unknown."""
    return sorted({one.ecosystem for one in coverage if one.source == Source.REGISTRY.value})
