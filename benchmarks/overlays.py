"""Ten thousand random interleavings of stacked kills and lifts, on both stores: looked at after every step."""

from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.measure import Figure, database, folder
from holdfast.edges.stores import open_store
from holdfast.model.tenancy import Org
from holdfast.testing.overlays import play_interleavings

COUNT = 10_000
ORG = "org_1"


def run() -> Iterator[Figure]:
    """Play on both stores."""
    now = datetime.now(UTC)
    for engine in ("sqlite", "postgresql"):
        with folder("overlays") as data, database(engine, data) as url:
            store = open_store(url)
            store.tenants.save_org(Org(ORG, "Bench", now))
            tally = play_interleavings(store, ORG, COUNT, seed=int(now.timestamp()), now=now)
            store.close()
        yield Figure(
            f"random interleavings of stacked kills and lifts, {engine}",
            f"{tally.interleavings} played, {len(tally.wrong)} wrong",
            "0 wrong",
            not tally.wrong,
            f"{tally.distinct} distinct, {tally.steps} steps, each looked at",
        )
