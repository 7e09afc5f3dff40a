"""Inside a transaction the operator's targets are names: which flags are elsewhere is known, and nothing is asked."""

from collections.abc import Iterator

import pytest

from holdfast.errors import PlanError
from holdfast.loop.drills_inputs import note_configured
from holdfast.loop.world import SnapshotWorld, TxWorld
from holdfast.mitigations.actions import get_action
from holdfast.model.run import RunState
from holdfast.model.target import Target
from holdfast.testing.drills import rehearse
from tests.loop.shop import ENVIRONMENT, ORG, T0, Shop, make_exposure, make_plan, open_shop


def entry(section: str, name: str, environment: str | None = None) -> Target:
    return Target(section, name, "x", environment, None, (), "t.yaml:1:1")


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


def note(shop: Shop, *entries: Target) -> None:
    with shop.write() as tx:
        note_configured(tx, entries)


@pytest.mark.parametrize("kind", [TxWorld, SnapshotWorld])
def test_flags_of_another_system_are_not_ours(shop: Shop, kind: type[TxWorld]) -> None:
    note(shop, entry("flags", "unleash", ENVIRONMENT))
    with shop.write() as tx:
        assert (kind(tx, ENVIRONMENT).flags().own, kind(tx, "staging").flags().own) == (False, True)
        with pytest.raises(PlanError, match="flag `tax` of unleash is asked when no transaction is open"):
            kind(tx, ENVIRONMENT).flags().read("tax")


def test_plan_on_flags_elsewhere_still_acts_by_itself(shop: Shop) -> None:
    """What another system has can't be simulated in a transaction: that is no reason to fall back to a person."""
    note(shop, entry("flags", "unleash"))
    with shop.write() as tx:
        tx.flags.remove(ENVIRONMENT, "tax")
        rehearse(tx, make_plan(), "svc_1", ENVIRONMENT, T0)  # the drill before it was of other targets
    (run,) = shop.expose(make_exposure())
    assert (run.state, run.held) == (RunState.APPROVED, None)


def test_receivers_are_known_by_name(shop: Shop) -> None:
    note(shop, entry("notify", "oncall"), entry("http", "orders"))
    with shop.write() as tx:
        world = TxWorld(tx, ENVIRONMENT)
        assert list(world.receivers.of(ORG).notifiers()) == ["oncall"]
        for ask in (
            lambda: world.receivers.notifier("oncall"),
            world.receivers.metrics,
            lambda: world.targets.of(ORG).http("orders"),
            lambda: world.targets.command("x"),
            lambda: world.targets.proxy(ENVIRONMENT, "shop"),
            lambda: world.targets.deployer(ENVIRONMENT, "shop"),
        ):
            with pytest.raises(PlanError, match="is asked when no transaction is open"):
                ask()


def test_every_action_is_there() -> None:
    names = ("service.off", "edge.block", "http", "command", "notify", "wait", "approve", "probe")
    assert [get_action(name).name for name in names] == list(names)
