"""Who waits for its turn to write judges by the instant at which it has it."""

import threading
from datetime import datetime

from holdfast.model.tenancy import Org
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock

ORG = "acme"


def test_instants_are_in_the_order_of_the_writes(store: Store) -> None:
    """One writes for an hour while another waits; what the other writes is stamped an hour later."""
    store.tenants.save_org(Org(ORG, "Acme", START))
    clock, begun, told = FakeClock(), threading.Event(), list[datetime]()

    def wait_and_write() -> None:
        begun.set()
        with store.write_now(ORG, clock) as (tx, now):
            told.append(now)
            tx.journal.append("second", {})

    second = threading.Thread(target=wait_and_write)
    with store.write_now(ORG, clock) as (tx, now):
        second.start()
        assert begun.wait(10)
        second.join(0.2)  # it is in the queue by then, and can't leave it
        assert told == []
        tx.journal.append("first", {})
        clock.tick(3600)
    second.join(10)
    with store.read(ORG) as view:
        entries = list(view.journal.read())
    assert [entry.kind for entry in entries] == ["first", "second"]
    assert told == [clock.now()]
    assert now == START
    assert entries[1].at - entries[0].at == 3600 * 1_000_000
