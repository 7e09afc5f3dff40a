"""Flags through time: earlier versions, back again, taken away; and a store that goes away."""

from collections.abc import Iterator

import pytest
from openfeature.evaluation_context import EvaluationContext

from holdfast.errors import ConflictError, HoldfastError, NotFoundError
from holdfast.loop.flags import FlagServer, define_flag, remove_flag, restore_flag
from holdfast.mitigations.evaluation import Evaluated
from tests.flag_stand import ENVIRONMENT, ON_OFF, ORG, T0, FlagStand, open_stand

OFF = ON_OFF.replace('"defaultVariant": "on"', '"defaultVariant": "off"')


@pytest.fixture
def stand() -> Iterator[FlagStand]:
    with open_stand() as opened:
        yield opened


def test_earlier_version_comes_back_as_a_new_one_to_the_bit(stand: FlagStand) -> None:
    stand.define("tax", OFF)
    with stand.store.write(ORG, T0) as tx:
        restored = restore_flag(tx, ENVIRONMENT, "tax", 1, T0, actor="tok_1")
        assert (restored.version, restored.definition) == (3, ON_OFF)
        assert [one.version for one in tx.flags.history(ENVIRONMENT, "tax")] == [1, 2, 3]
    with stand.store.read(ORG) as tx:
        last = list(tx.journal.read())[-1]
    assert last.kind == "flag.defined"


@pytest.mark.parametrize(("key", "version"), [("tax", 2), ("tax", 0), ("nope", 1)])
def test_version_that_never_was_is_refused(stand: FlagStand, key: str, version: int) -> None:
    with stand.store.write(ORG, T0) as tx, pytest.raises(NotFoundError):
        restore_flag(tx, ENVIRONMENT, key, version, T0)


def test_flag_that_is_held_is_not_taken_away(stand: FlagStand) -> None:
    stand.hold()
    with stand.store.write(ORG, T0) as tx, pytest.raises(ConflictError, match="ovl_1"):
        remove_flag(tx, ENVIRONMENT, "tax")
    stand.lift()
    with stand.store.write(ORG, T0) as tx:
        remove_flag(tx, ENVIRONMENT, "tax")
        assert tx.flags.find(ENVIRONMENT, "tax") is None
    with stand.store.write(ORG, T0) as tx, pytest.raises(NotFoundError):
        remove_flag(tx, ENVIRONMENT, "tax")


def test_versions_go_on_after_a_flag_was_taken_away(stand: FlagStand) -> None:
    with stand.store.write(ORG, T0) as tx:
        remove_flag(tx, ENVIRONMENT, "tax")
        assert define_flag(tx, ENVIRONMENT, "tax", OFF, T0).version == 2


def test_snapshot_is_read_anew_exactly_when_something_changed(stand: FlagStand) -> None:
    first = stand.server.snapshot(ORG, ENVIRONMENT)
    assert stand.server.snapshot(ORG, ENVIRONMENT) is first
    stand.hold()
    second = stand.server.snapshot(ORG, ENVIRONMENT)
    assert (second.revision, second.edition) == (first.revision + 1, str(first.revision + 1))


def test_store_that_is_away_leaves_what_was_read_last(stand: FlagStand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed, away, back: off all the time, stale in between."""
    server = FlagServer(stand.store, failures=(HoldfastError,), clock=stand.clock)
    stand.hold()
    assert server.snapshot(ORG, ENVIRONMENT).stale_since is None

    def fail(org: str) -> None:
        raise HoldfastError("away")

    with monkeypatch.context() as away:
        away.setattr(stand.store, "read", fail)
        for _ in range(2):
            stale = server.snapshot(ORG, ENVIRONMENT)
            out = stale.evaluate("tax", EvaluationContext())
            assert isinstance(out, Evaluated)
            assert (out.variant, stale.stale_since) == ("off", T0)
            stand.clock.tick(1)
        with pytest.raises(HoldfastError, match="away"):
            server.snapshot(ORG, "staging")
    assert server.snapshot(ORG, ENVIRONMENT).stale_since is None
