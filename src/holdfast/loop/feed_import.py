"""Records that were carried here in a verified snapshot are taken into the store, as a sync takes those of a feed.

Rules:

1. Nothing older than what is here is taken, neither a feed nor a list, unless that is asked for. What an unfinished
   import was bringing counts as being here: part of it is.
2. Records come in short transactions, as in a sync; a feed's age moves in its last one. So whoever reads meanwhile sees
   whole records, some of them newer than the age that is shown, and never an age that is newer than a record.
3. Until all of it was taken and judged the import is under way; a feed that was not taken to its end says so. One that
   was cut leaves what is here in use, is not gone by itself, and goes on when the same or a newer snapshot is imported:
   what the cut one brought and nobody judged is judged then, or by a server before that (`loop.unjudged`).
4. Of two imports at the same time the later begun goes on; the other ends at its next batch, and so does one whose feed
   was synced meanwhile.
5. What the snapshot lacks stays as it was, with its age.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import msgspec

from holdfast.errors import ConflictError, FeedError
from holdfast.loop.carried import Lists, find_older, find_older_lists
from holdfast.loop.unjudged import clusters_of_feeds
from holdfast.model.advisory import Snapshot
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store, Transaction

_UNDER_WAY = "feed.import"


@frozen
class Offer:
    """What a verified snapshot holds; `digest` names it, `sha256:…`. `lists` is kind → (source, as of)."""

    digest: str
    snapshots: tuple[Snapshot, ...]
    lists: Lists


@frozen
class Begun:
    """An import that is under way; `older` are, in words, what it puts back, `mark` tells it from any other.

    `is_resumed` says that another one was cut before: what it brought was perhaps never judged.
    """

    offer: Offer
    mark: str
    older: tuple[str, ...]
    is_resumed: bool
    synced: Mapping[str, datetime | None]
    """When the feeds that it brings had been synced before."""

    def guard(self, tx: Transaction) -> None:
        """Refuse to write where another import has begun since, or a feed was synced. Raises: ConflictError."""
        if tx.settings.get(_UNDER_WAY) != self.mark:
            raise ConflictError("another import was begun, and goes on instead of this one")
        brought = {one.ecosystem: one.synced_at for one in self.offer.snapshots}
        for one in tx.feeds.list():
            name = one.ecosystem
            if name in brought and one.synced_at not in {self.synced.get(name), brought[name]}:
                raise ConflictError(f"{name} was synced meanwhile: what is left of the import would put that back")


class _Mark(msgspec.Struct):
    digest: str
    begun: datetime
    synced: dict[str, datetime | None]
    newest: dict[str, datetime | None]
    lists: dict[str, datetime]


def begin_import(store: Store, clock: Clock, offer: Offer, *, where: str, allow_older: bool) -> Begun:
    """Say that an import is under way.

    Raises:
        FeedError: something in it is older than what is here.
    """
    with store.write_now(PUBLIC, clock) as (tx, now):
        held = {one.ecosystem: one for one in tx.feeds.list()}
        text = tx.settings.get(_UNDER_WAY)
        before = None if text is None else msgspec.json.decode(text, type=_Mark)
        older = _find_older(tx, offer, held, before)
        if older and not allow_older:
            raise FeedError(f"older than what is here: {'; '.join(older)}", where=where, hint="--allow-older takes it")
        mark = msgspec.json.encode(_mark(offer, now)).decode()
        tx.settings.set(_UNDER_WAY, mark)
        because = f"the import of {offer.digest} is under way, or was cut: import it again"
        for one in offer.snapshots:
            last = held.get(one.ecosystem) or Snapshot(one.ecosystem, one.source, None, None, 0)
            tx.feeds.save(replace(last, error=because))
        tx.journal.append("feed.import_begun", {"id": offer.digest, "put_back": older, "again": before is not None})
    synced = {name: one.synced_at for name, one in held.items()}
    return Begun(offer, mark, tuple(older), before is not None, synced)


def _find_older(tx: Transaction, offer: Offer, held: Mapping[str, Snapshot], before: _Mark | None) -> list[str]:
    older = [
        *find_older(offer.snapshots, list(held.values())),
        *find_older_lists(offer.lists, tx.enrichments.state()),
    ]
    if before is None:
        return older
    brought = [Snapshot(name, "", at, before.newest.get(name), 0) for name, at in before.synced.items()]
    unfinished = [
        *find_older(offer.snapshots, brought),
        *find_older_lists(offer.lists, {kind: ("", at) for kind, at in before.lists.items()}),
    ]
    return [*older, *(f"{one}, by an import that was cut" for one in unfinished if one not in older)]


def _mark(offer: Offer, now: datetime) -> _Mark:
    return _Mark(
        offer.digest,
        now,
        {one.ecosystem: one.synced_at for one in offer.snapshots},
        {one.ecosystem: one.newest for one in offer.snapshots},
        {kind: as_of for kind, (_, as_of) in offer.lists.items()},
    )


def finish_import(store: Store, clock: Clock, begun: Begun) -> None:
    """Say that all of it was taken and judged. Raises: ConflictError."""
    with store.write_now(PUBLIC, clock) as (tx, _):
        begun.guard(tx)
        tx.settings.set(_UNDER_WAY, None)
        feeds = {one.ecosystem: format_instant(one.synced_at) for one in begun.offer.snapshots if one.synced_at}
        tx.journal.append("feed.imported", {"id": begun.offer.digest, "synced": feeds})


def clusters_to_judge(store: Store, begun: Begun) -> set[str]:
    """Return the clusters that an import which was cut before this one can have brought, and nobody judged."""
    return clusters_of_feeds(store, [one.ecosystem for one in begun.offer.snapshots]) if begun.is_resumed else set()
