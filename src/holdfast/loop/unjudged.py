"""What advisories changed and nobody judged is known after a cut: whoever syncs or imports next judges it.

Rules:

1. Each transaction that writes records or lists says so; it is taken back once all that they touch was judged.
2. Which clusters they were is not kept: after a cut, all that the feeds speak of is judged.
3. Of several at the same time each that finds another's word judges everything as well, and only whose word was the
   last one takes it back. So it stays where any of them is cut.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from holdfast.model.tenancy import PUBLIC
from holdfast.ports.clock import Clock
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store, Transaction

_CHANGED = "feed.unjudged"
_LOOK = 500


@dataclass(slots=True)
class Unjudged:
    """One sync's or import's word; `is_left` says that another's was found, which was cut or goes on."""

    mark: str
    is_left: bool = False

    def guard(self, tx: Transaction) -> None:
        """Say, in a transaction that writes, that what it brings is to be judged."""
        found = tx.settings.get(_CHANGED)
        if found != self.mark:
            self.is_left = self.is_left or found is not None
            tx.settings.set(_CHANGED, self.mark)


def find_unjudged(store: Store, clock: Clock, ids: Ids) -> Unjudged:
    """Return a word of one's own; it takes the place of one that a cut left."""
    word = Unjudged(ids.new("sync"))
    with store.read(PUBLIC) as tx:
        found = tx.settings.get(_CHANGED)
    if found is not None:
        with store.write_now(PUBLIC, clock) as (tx, _):
            word.guard(tx)
        word.is_left = True
    return word


def end_unjudged(store: Store, clock: Clock, word: Unjudged) -> None:
    """Take the word back: all that it stands for was judged."""
    with store.read(PUBLIC) as tx:
        found = tx.settings.get(_CHANGED)
    if found == word.mark:
        with store.write_now(PUBLIC, clock) as (tx, _):
            if tx.settings.get(_CHANGED) == word.mark:
                tx.settings.set(_CHANGED, None)


def clusters_of_feeds(store: Store, ecosystems: Iterable[str] | None = None) -> set[str]:
    """Return the clusters of all records of feeds, by default of every feed that is synced."""
    found: set[str] = set()
    with store.read(PUBLIC) as tx:
        every = {*tx.feeds.wanted(), *(one.ecosystem for one in tx.feeds.list())}  # a first sync's cut left no feed
        named = every if ecosystems is None else ecosystems
        names = sorted({name for one in named for name in tx.advisories.known(one)})
        for start in range(0, len(names), _LOOK):
            found |= set(tx.clusters.of(names[start : start + _LOOK]).values())
    return found
