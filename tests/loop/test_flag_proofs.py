"""What is proven of an overlay, client by client, on every store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.edges.stores.store import SqlStore
from holdfast.loop.flag_proofs import LIVE, find_behind, prove_overlays
from holdfast.loop.flags import define_flag
from holdfast.mitigations.autonomy import AUTOMATION
from holdfast.model.flag import FlagClient, Overlay
from holdfast.model.inventory import Reach, Service
from holdfast.model.plan import Autonomy
from holdfast.model.run import Run, RunState
from holdfast.model.tenancy import Org
from tests.flag_stand import ENVIRONMENT, ON_OFF, ORG, T0
from tests.loop.shop import make_plan

RUN = Run(
    ORG,
    "run_1",
    "exp_1",
    "svc_1",
    "shop",
    ENVIRONMENT,
    make_plan(),
    "",
    RunState.VERIFYING,
    Autonomy.AUTO,
    (),
    T0,
    AUTOMATION,
)
SHOP = FlagClient(ORG, ENVIRONMENT, "shop-1", "server", "shop", "eu", 1, 1, None, True, T0)


@pytest.fixture
def held(store: SqlStore) -> SqlStore:
    """A flag at revision 1, held at 2 and again at 3."""
    store.tenants.save_org(Org(ORG, "Example", T0))
    with store.write(ORG, T0) as tx:
        define_flag(tx, ENVIRONMENT, "tax", ON_OFF, T0)
        for number in (1, 2):
            tx.overlays.save(Overlay(ORG, f"ovl_{number}", ENVIRONMENT, "tax", "off", "test", f"run_{number}", T0))
    return store


def unproven(store: SqlStore, *clients: FlagClient, revision: int = 2) -> list[str]:
    """Return the ids of the clients that are not proven now."""
    with store.write(ORG, T0) as tx:
        tx.flag_clients.save(clients)
    with store.read(ORG) as tx:
        (proof,) = [one for one in prove_overlays(tx, ENVIRONMENT, "tax", T0) if one.revision == revision]
        return list(proof.unproven)


def behind(store: SqlStore, *clients: FlagClient, number: int = 1) -> list[str]:
    """Return the ids of the clients that a run's clock waits for; the run has the overlay of that number."""
    with store.write(ORG, T0) as tx:
        tx.flag_clients.save(clients)
    with store.read(ORG) as tx:
        return [one.id for one in find_behind(tx, replace(RUN, id=f"run_{number}"), T0)]


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


def test_clock_waits_for_who_was_not_given_the_change(held: SqlStore) -> None:
    assert behind(held, SHOP) == ["shop-1"]
    assert behind(held, replace(SHOP, delivered=2)) == ["shop-1"]
    assert behind(held, replace(SHOP, fetched=2)) == []
    assert behind(held, number=2) == ["shop-1"]


def test_clock_waits_for_no_client_of_which_an_effect_is_proven(held: SqlStore) -> None:
    assert behind(held, replace(SHOP, effects=(("other", 9),))) == ["shop-1"]
    assert behind(held, replace(SHOP, id="a", effects=(("tax", 2),)), replace(SHOP, id="b", effective=2)) == ["shop-1"]


def test_clock_waits_for_no_browser_and_nobody_who_is_gone(held: SqlStore) -> None:
    silent = replace(SHOP, id="silent", seen_at=T0 - LIVE - timedelta(seconds=1))
    assert behind(held, replace(SHOP, id="tab", kind="browser"), silent) == []
    assert behind(held, replace(SHOP, id="quiet", seen_at=T0 - LIVE)) == ["quiet"]


def test_clock_waits_for_a_relay_even_before_it_fetched_anything(held: SqlStore) -> None:
    near = replace(SHOP, id="near", kind="relay", fetched=None)
    assert behind(held, near, replace(SHOP, id="near/shop-1")) == ["near", "near/shop-1"]
    assert behind(held, replace(near, fetched=2)) == ["near/shop-1"]


def test_client_that_asks_flag_by_flag_counts_for_those_that_it_asked_for(held: SqlStore) -> None:
    one_by_one = replace(SHOP, fetched=None)
    assert behind(held, replace(one_by_one, asked=(("other", 1),))) == []
    assert behind(held, replace(one_by_one, asked=(("other", 3), ("tax", 1)))) == ["shop-1"]
    assert unproven(held) == ["shop-1"]
    assert behind(held, replace(one_by_one, asked=(("tax", 2),))) == []


def test_client_of_another_declared_service_holds_nothing_open(held: SqlStore) -> None:
    """One that says a name that nobody declared may be of the run's service all the same."""
    assert behind(held, replace(SHOP, service="billing")) == ["shop-1"]
    with held.write(ORG, T0) as tx:
        tx.services.save(Service(ORG, "svc_2", "billing", None, 1, Reach.INTERNET, claimed=True, declared_at=T0))
    assert behind(held) == []


def test_clients_are_read_in_pages_until_enough_are_found(held: SqlStore) -> None:
    """Those that asked for other flags alone fill two pages; who comes last of all is found."""
    others = [replace(SHOP, id=f"a-{number:03}", fetched=None, asked=(("other", 1),)) for number in range(250)]
    assert behind(held, *others, *(replace(SHOP, id=f"b-{number}") for number in range(3))) == ["b-0", "b-1", "b-2"]
    with held.read(ORG) as tx:
        assert [one.id for one in find_behind(tx, RUN, T0, 2)] == ["b-0", "b-1"]


def test_nobody_is_waited_for_when_the_flag_is_served_elsewhere_or_free(held: SqlStore) -> None:
    with held.write(ORG, T0) as tx:
        tx.overlays.save(Overlay(ORG, "ovl_9", ENVIRONMENT, "tax", "off", "test", "run_9", T0, before="{}"))
        tx.overlays.lift("ovl_1", T0)
    assert behind(held, SHOP, number=9) == []
    assert behind(held) == []
    assert behind(held, number=2) == ["shop-1"]


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
