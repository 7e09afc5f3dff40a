"""The fakes of time and identity."""

from datetime import timedelta

from holdfast.ports.clock import Clock
from holdfast.ports.ids import Ids
from holdfast.testing.clocks import START, FakeClock, FakeIds


def test_a_fake_clock_stands_still_until_it_ticks() -> None:
    clock = FakeClock()
    port: Clock = clock
    assert port.now() == port.now() == START
    assert clock.tick(90) == START + timedelta(seconds=90) == port.now()
    clock.set(START)
    assert clock.tick(-1) < START


def test_fake_ids_are_the_same_in_every_run() -> None:
    ids: Ids = FakeIds()
    assert [ids.new("svc"), ids.new("rel"), ids.new("svc")] == ["svc_000001", "rel_000001", "svc_000002"]
