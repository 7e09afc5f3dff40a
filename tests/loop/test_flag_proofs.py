"""What is proven of an overlay, client by client, on every store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.edges.stores.store import SqlStore
from holdfast.loop.flag_proofs import LIVE, find_unproven_clients, prove_overlays
from holdfast.loop.flags import define_flag
from holdfast.model.flag import FlagClient, Overlay
from holdfast.model.tenancy import Org
from tests.flag_stand import ENVIRONMENT, ON_OFF, ORG, T0

SHOP = FlagClient(ORG, ENVIRONMENT, "shop-1", "server", "shop", "eu", 1, 1, None, True, T0)


@pytest.fixture
def held(store: SqlStore) -> SqlStore:
    """A flag at revision 1, held at 2 and again at 3."""
    store.tenants.save_org(Org(ORG, "Example", T0))
    with store.write(ORG, T0) as tx:
        define_flag(tx, ENVIRONMENT, "tax", ON_OFF, T0)
        for number in (1, 2):
            tx.overlays.save(Overlay(ORG, f"ovl_{number}", ENVIRONMENT, "tax", "off", "test", None, T0))
    return store


def unproven(store: SqlStore, *clients: FlagClient, revision: int = 2) -> list[str]:
    """Return the ids of the clients that are not proven now."""
    with store.write(ORG, T0) as tx:
        tx.flag_clients.save(clients)
    with store.read(ORG) as tx:
        return [one.id for one in find_unproven_clients(tx, ENVIRONMENT, "tax", revision, T0)]


def test_overlay_tells_the_revision_at_which_it_took_hold(held: SqlStore) -> None:
    with held.read(ORG) as tx:
        proofs = prove_overlays(tx, ENVIRONMENT, "tax", T0)
        assert [(one.overlay.id, one.revision) for one in proofs] == [("ovl_1", 2), ("ovl_2", 3)]
        assert tx.flags.revision(ENVIRONMENT) == 3


def test_client_is_proven_by_what_its_application_reported(held: SqlStore) -> None:
    assert unproven(held, replace(SHOP, delivered=3, fetched=3)) == ["shop-1"]
    assert unproven(held, replace(SHOP, effective=1)) == ["shop-1"]
    assert unproven(held, replace(SHOP, effective=2)) == []
    assert unproven(held, replace(SHOP, effective=2), revision=3) == ["shop-1"]


def test_effect_of_another_flag_proves_nothing(held: SqlStore) -> None:
    assert unproven(held, replace(SHOP, effects=(("other", 9),))) == ["shop-1"]
    assert unproven(held, replace(SHOP, effects=(("tax", 2),))) == []


def test_browser_and_silent_server_hold_nothing_open(held: SqlStore) -> None:
    silent = replace(SHOP, id="silent", seen_at=T0 - LIVE - timedelta(seconds=1))
    assert unproven(held, replace(SHOP, id="tab", kind="browser"), silent) == []


def test_relay_is_proven_by_fetching(held: SqlStore) -> None:
    relay = replace(SHOP, id="near", kind="relay")
    assert unproven(held, relay) == ["near"]
    assert unproven(held, replace(relay, fetched=2)) == []


def test_proofs_name_the_degree_of_each_client(held: SqlStore) -> None:
    clients = [
        replace(SHOP, id="a", delivered=2, fetched=1),
        replace(SHOP, id="b", delivered=2, fetched=2),
        replace(SHOP, id="c", delivered=2, fetched=2, effective=2),
        replace(SHOP, id="d", kind="browser", delivered=2, fetched=None),
    ]
    with held.write(ORG, T0) as tx:
        tx.flag_clients.save(clients)
    with held.read(ORG) as tx:
        first, second = prove_overlays(tx, ENVIRONMENT, "tax", T0)
    degrees = [(one.client.id, one.delivered, one.fetched, one.effective, one.counts) for one in first.clients]
    assert degrees == [
        ("a", True, False, False, True),
        ("b", True, True, False, True),
        ("c", True, True, True, True),
        ("d", True, False, False, False),
    ]
    assert (first.unproven, second.unproven) == (("a", "b"), ("a", "b", "c"))


def test_overlay_that_was_lifted_is_not_listed(held: SqlStore) -> None:
    with held.write(ORG, T0) as tx:
        tx.overlays.lift("ovl_1", T0)
    with held.read(ORG) as tx:
        assert set(tx.overlays.revisions(ENVIRONMENT, "tax")) == {"ovl_2"}
        assert [one.overlay.id for one in prove_overlays(tx, ENVIRONMENT, "tax", T0)] == ["ovl_2"]
