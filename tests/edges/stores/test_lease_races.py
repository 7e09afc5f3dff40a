"""Two connections that want one run at the same moment: one gets it, the other one learns that it did not."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from holdfast.edges.stores import open_store
from holdfast.edges.stores.store import SqlStore
from holdfast.errors import FencedError
from holdfast.model.run import Lease
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, at
from holdfast.testing.stores_driving import make_run


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[SqlStore]]:
    """Return two stores on one database, as two processes have them."""
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else str(tmp_path / "holdfast.db")
    with ExitStack() as stack:
        opened = []
        for _ in range(2):
            opened.append(open_store(url))
            stack.callback(opened[-1].close)
        yield opened


def test_one_of_two_that_claim_at_once_gets_it(stores: list[SqlStore]) -> None:
    with stores[0].write(ORG, START) as tx:
        for number in range(20):
            tx.runs.save(make_run(number))
    together = threading.Barrier(2)

    def claim(index: int) -> list[Lease | None]:
        leases = []
        for number in range(20):
            together.wait(20)
            with stores[index].write(ORG, START) as tx:
                leases.append(tx.leases.claim(f"run_{number}", f"wrk_{index}", at(0), at(1)))
        return leases

    with ThreadPoolExecutor(2) as pool:
        mine, theirs = pool.map(claim, range(2))
    assert all((one is None) != (other is None) for one, other in zip(mine, theirs, strict=True))
    assert {lease.fence for lease in (*mine, *theirs) if lease is not None} == {1}


def commit_under(store: SqlStore, lease: Lease) -> None:
    with store.write(ORG, START) as tx:
        tx.journal.append("run.step", {"id": "run_1"})
        tx.leases.keep(lease, at(9))


def test_a_commit_that_comes_after_a_takeover_is_refused(stores: list[SqlStore]) -> None:
    with stores[0].write(ORG, START) as tx:
        tx.runs.save(make_run(1))
        old = tx.leases.claim("run_1", "wrk_0", at(0), at(1))
    with stores[1].write(ORG, START) as tx:
        new = tx.leases.claim("run_1", "wrk_1", at(1), at(2))
    assert old is not None
    assert new is not None
    with pytest.raises(FencedError):
        commit_under(stores[0], old)
    with stores[1].write(ORG, START) as tx:
        assert tx.leases.keep(new, at(3)).fence == 2
        assert tx.journal.head()[0] == 0
