"""Interleavings of kills and lifts, on every store; `make bench ARGS=overlays` plays ten thousand."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.edges.stores.store import SqlStore, open_sql_store
from holdfast.loop.flags import FlagServer
from holdfast.model.flag import Overlay
from holdfast.model.tenancy import Org
from holdfast.testing.overlays import ENVIRONMENT, play_interleavings

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
ORG = "org_1"


@pytest.fixture
def org(store: SqlStore) -> str:
    store.tenants.save_org(Org(ORG, "Example", T0))
    return ORG


def test_no_interleaving_lets_a_held_flag_on_or_changes_its_definition(store: SqlStore, org: str) -> None:
    tally = play_interleavings(store, org, 200, seed=7, now=T0)
    assert tally.wrong == ()
    assert tally.interleavings == 200
    assert tally.distinct > 180
    assert tally.steps >= 200 * 6


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_no_drawn_order_goes_wrong(seed: int) -> None:
    store = open_sql_store(":memory:")
    store.tenants.save_org(Org(ORG, "Example", T0))
    assert play_interleavings(store, ORG, 20, seed=seed, now=T0).wrong == ()
    store.close()


def test_play_notices_what_is_wrong(store: SqlStore, org: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An overlay that is forgotten while it holds, as a defect would."""
    monkeypatch.setattr("holdfast.loop.flag_snapshot.forced_variant", lambda overlays: None)
    honest = FlagServer.snapshot

    def forgetful(server: FlagServer, where: str, environment: str) -> object:
        made = honest(server, where, environment)
        return type(made)(where, environment, made.revision, made.definitions, made.overlays[:1])

    monkeypatch.setattr(FlagServer, "snapshot", forgetful)
    assert play_interleavings(store, org, 20, seed=7, now=T0).wrong


def test_overlay_that_the_store_does_not_know_of_holds_like_any_other(store: SqlStore, org: str) -> None:
    """Spooled while the store is away: laid, merged (and then known twice), lifted."""
    play_interleavings(store, org, 1, seed=1, now=T0)
    spooled: list[Overlay] = [Overlay(org, "spool_1", ENVIRONMENT, "flag-0", "off", "break-glass", None, T0)]
    server = FlagServer(store, extra=lambda where, environment: spooled)
    plain, held = FlagServer(store).snapshot(org, ENVIRONMENT), server.snapshot(org, ENVIRONMENT)
    assert (plain.forced("flag-0"), held.forced("flag-0")) == (None, "off")
    assert plain.edition != held.edition
    assert '"defaultVariant": "off"' in held.text
    assert server.snapshot(org, ENVIRONMENT) is held
    with store.write(org, T0) as tx:
        tx.overlays.save(spooled[0])
    assert server.snapshot(org, ENVIRONMENT).edition == str(plain.revision + 1)
    spooled.clear()
    with store.write(org, T0) as tx:
        tx.overlays.lift("spool_1", T0)
    assert server.snapshot(org, ENVIRONMENT).text.replace(f"{plain.revision + 2}", "") == plain.text.replace(
        f"{plain.revision}", ""
    )
