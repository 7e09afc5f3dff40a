"""A reader of flags behind a real server: what a drill measures."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.app.drilling import _loopback
from holdfast.app.house import House, open_house
from holdfast.app.settings import ORG, read_settings
from holdfast.edges.providers.canary import OfrepCanary
from holdfast.errors import ActionError
from holdfast.loop.flags import define_flag
from holdfast.model.flag import Overlay
from holdfast.model.inventory import Environment, Reach

PLACE, FLAG = "production", "holdfast.canary"
ON_OFF = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(read_settings(tmp_path / "data", feed="none", environ={}))
    with opened.store.write_now(ORG, opened.clock) as (tx, now):
        tx.environments.save(Environment(ORG, "env_1", PLACE, 1, Reach.INTERNET))
        define_flag(tx, PLACE, FLAG, ON_OFF, now)
    stop = threading.Event()
    feed = threading.Thread(target=opened.flag_feed.run_forever, args=(stop,), daemon=True)
    feed.start()
    try:
        yield opened
    finally:
        stop.set()
        feed.join(timeout=5)
        opened.close()


@pytest.fixture
def url(house: House) -> Iterator[str]:
    with _loopback(house) as served:
        yield served


@pytest.fixture
def canary(house: House, url: str) -> OfrepCanary:
    return OfrepCanary(url, house.clock, house.drills._lend)


def force(house: House, number: int = 1) -> Overlay:
    """Turn the flag off."""
    with house.store.write_now(ORG, house.clock) as (tx, now):
        laid = Overlay(ORG, f"ovl_{number}", PLACE, FLAG, "off", "a test", None, now)
        tx.overlays.save(laid)
    house.flag_feed.notify(ORG, PLACE)
    return laid


def test_reader_sees_a_change_delivered_fetched_and_effective_in_that_order(house: House, canary: OfrepCanary) -> None:
    with canary.watch(ORG, PLACE, FLAG) as watch:
        assert watch.wait("on", house.clock.now(), 10).effective_at is not None
        laid = force(house)
        seen = watch.wait("off", laid.created_at, 10)
    assert seen.delivered_at is not None
    assert seen.fetched_at is not None
    assert seen.effective_at is not None
    assert laid.created_at <= seen.delivered_at
    assert seen.fetched_at <= seen.effective_at


def test_cut_stream_comes_back_by_itself(house: House, canary: OfrepCanary) -> None:
    with canary.watch(ORG, PLACE, FLAG) as watch:
        watch.cut()
        laid = force(house)
        assert watch.wait("off", laid.created_at, 10).effective_at is not None


def test_change_that_does_not_come_is_not_effective(house: House, canary: OfrepCanary) -> None:
    with canary.watch(ORG, PLACE, FLAG) as watch:
        seen = watch.wait("off", house.clock.now(), 0.2)
    assert (seen.effective_at, seen.fetched_at is not None) == (None, True)


def test_token_is_taken_back_when_the_reader_is_done(house: House, canary: OfrepCanary) -> None:
    with canary.watch(ORG, PLACE, FLAG):
        lent = house.store.tenants.tokens(ORG)[-1]
        assert lent.revoked_at is None
        assert lent.expires_at is not None  # should this process be killed now
    assert house.store.tenants.tokens(ORG)[-1].revoked_at is not None


def test_server_that_is_gone_is_said_so(house: House) -> None:
    gone = OfrepCanary("http://127.0.0.1:9", house.clock, lambda *_: ("hf_x", lambda: None))
    with pytest.raises(ActionError, match="flags are not served"), gone.watch(ORG, PLACE, FLAG) as watch:
        watch.wait("on", house.clock.now(), 1)


def test_unknown_token_is_refused(house: House, url: str) -> None:
    stranger = OfrepCanary(url, house.clock, lambda *_: ("hf_x", lambda: None))
    with pytest.raises(ActionError, match="status 401"), stranger.watch(ORG, PLACE, FLAG) as watch:
        watch.wait("on", house.clock.now(), 1)
