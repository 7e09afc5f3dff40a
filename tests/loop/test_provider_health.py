"""What mitigations reach outside is asked before it is needed."""

import json
from datetime import datetime

import pytest

from holdfast.errors import ActionError
from holdfast.loop.provider_health import (
    OLD_AFTER,
    TELL_AFTER,
    ProviderHealth,
    Watched,
    ask_all,
    find_outage,
    list_health,
    record_health,
)
from holdfast.model.plan import Coverage, Plan, Step
from holdfast.model.target import Target
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock

ORG = "org_a"


def target(name: str = "unleash", environment: str | None = "production", section: str = "flags") -> Target:
    return Target(section, name, name, environment, None, (), "targets.yaml:3")


def look(store: Store, clock: FakeClock, *found: tuple[Target, str | None]) -> list[ProviderHealth]:
    with store.write(ORG, clock.now()) as tx:
        return record_health(tx, found, clock.now())


def kinds(store: Store) -> list[str]:
    with store.read(ORG) as tx:
        return [entry.kind for entry in tx.journal.read(0)]


def told(store: Store, clock: FakeClock) -> list[str]:
    with store.read(ORG) as tx:
        return [json.loads(message.body)["title"] for message in tx.outbox.due(clock.now())]


def problem(
    store: Store,
    environment: str = "production",
    *,
    action: str = "flag.off",
    service: str = "shop",
    now: datetime = START,
) -> str | None:
    """Say what keeps a plan of one action from being used."""
    plan = Plan("p", "true", 1, 1, (Step(action, ()),), Coverage.FULL, (), ())
    with store.read(ORG) as tx:
        return find_outage(list_health(tx), plan, environment, service, now)


def test_every_one_is_asked_and_one_that_fails_stops_no_other() -> None:
    def fail() -> str | None:
        raise ActionError("no answer from Unleash")

    watched = [Watched(target("a"), fail), Watched(target("b"), lambda: None), Watched(target("c"), lambda: "too old")]
    assert [problem for _, problem in ask_all(watched)] == ["no answer from Unleash", None, "too old"]


def test_what_is_fine_from_the_beginning_is_not_journaled(store: Store) -> None:
    clock = FakeClock()
    assert look(store, clock, (target(), None)) == []
    assert kinds(store) == []
    assert problem(store) is None


def test_outage_is_known_at_once_and_journaled_once(store: Store) -> None:
    clock = FakeClock()
    look(store, clock, (target(), None))
    clock.tick(30)
    (down,) = look(store, clock, (target(), "no answer from Unleash"))
    clock.tick(30)
    assert look(store, clock, (target(), "no answer from Unleash")) == []
    assert kinds(store) == ["provider.down"]
    assert down.since == down.asked_at
    assert "the flag system `unleash` can't be used since" in (problem(store) or "")
    assert "no answer from Unleash" in (problem(store) or "")


def test_coming_back_is_journaled_and_nothing_is_held_against_it(store: Store) -> None:
    clock = FakeClock()
    look(store, clock, (target(), "down"))
    clock.tick(30)
    look(store, clock, (target(), None))
    assert kinds(store) == ["provider.down", "provider.up"]
    assert problem(store) is None


def test_hiccup_wakes_nobody_and_an_outage_tells_once(store: Store) -> None:
    """Down at 0 s, told at 30 s, not again at 60 s; back at 90 s, told."""
    clock = FakeClock()
    look(store, clock, (target(), "down"))
    assert told(store, clock) == []
    clock.tick(TELL_AFTER.total_seconds() + 10)
    look(store, clock, (target(), "down"))
    assert told(store, clock) == ["the flag system `unleash` can't be used"]
    clock.tick(30)
    look(store, clock, (target(), "still down"))
    assert len(told(store, clock)) == 1
    clock.tick(30)
    look(store, clock, (target(), None))
    assert told(store, clock)[1:] == ["the flag system `unleash` can be used again"]


def test_hiccup_that_was_never_told_is_not_taken_back_either(store: Store) -> None:
    clock = FakeClock()
    look(store, clock, (target(), "down"))
    clock.tick(5)
    look(store, clock, (target(), None))
    assert told(store, clock) == []


@pytest.mark.parametrize(("environment", "expected"), [("production", True), ("staging", False), ("qa", True)])
def test_entry_that_names_the_environment_decides(store: Store, environment: str, expected: bool) -> None:
    clock = FakeClock()
    found = [(target("everywhere", None), "down"), (target("staging", "staging"), None), (target("proxy"), "down")]
    look(store, clock, *found)
    assert (problem(store, environment) is not None) is expected


def test_other_sections_are_no_flag_systems(store: Store) -> None:
    clock = FakeClock()
    look(store, clock, (target("nginx", "production", "proxies"), "down"))
    assert problem(store) is None
    assert "the proxy `nginx`" in (problem(store, action="edge.block") or "")


def test_what_another_service_has_is_no_concern(store: Store) -> None:
    clock = FakeClock()
    mine = Target("proxies", "nginx", "nginx", "production", "shop", (), "targets.yaml:5")
    look(store, clock, (mine, "down"))
    assert problem(store, action="edge.block", service="shop") is not None
    assert problem(store, action="edge.block", service="blog") is None


def test_old_look_is_no_opinion(store: Store) -> None:
    clock = FakeClock()
    look(store, clock, (target(), "down"))
    assert problem(store, now=clock.now() + OLD_AFTER) is not None
    assert problem(store, now=clock.now() + OLD_AFTER * 2) is None


def test_entry_that_the_operator_took_away_is_forgotten(store: Store) -> None:
    clock = FakeClock()
    look(store, clock, (target(), "down"))
    look(store, clock)
    with store.read(ORG) as tx:
        assert list_health(tx) == ()


@pytest.mark.parametrize(("action", "expected"), [("flag.off", True), ("deploy.rollback", False), ("wait", False)])
def test_plan_is_only_concerned_by_what_it_reaches(store: Store, action: str, expected: bool) -> None:
    clock = FakeClock()
    look(store, clock, (target(), "down"))
    assert (problem(store, action=action) is not None) is expected
