"""The flags that Holdfast serves itself pass the suite that every flag system passes, on every store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from openfeature.evaluation_context import EvaluationContext

from holdfast.loop.flags import FlagServer, define_flag
from holdfast.loop.world import TxWorld
from holdfast.mitigations.evaluation import Evaluated
from holdfast.ports.store import Store
from holdfast.ports.world import World
from holdfast.testing.clocks import FakeClock
from holdfast.testing.flag_providers import FlagProviderSuite, FlagSystem

ORG, ENVIRONMENT, FLAG = "org_a", "production", "receipts"
DEFINITION = json.dumps(
    {
        "state": "ENABLED",
        "variants": {"full": "pdf", "plain": "text", "none": ""},
        "defaultVariant": "full",
        "targeting": {"if": [{"ends_with": [{"var": "email"}, "@shop.example"]}, "plain", "full"]},
    },
    indent=1,
)


class TestConformance(FlagProviderSuite):
    @pytest.fixture
    def system(self, store: Store) -> FlagSystem:
        clock, server = FakeClock(), FlagServer(store)
        with store.write(ORG, clock.now()) as tx:
            define_flag(tx, ENVIRONMENT, FLAG, DEFINITION, clock.now())

        @contextmanager
        def open_world() -> Iterator[World]:
            with store.write(ORG, clock.now()) as tx:
                yield TxWorld(tx, ENVIRONMENT)

        def state() -> object:
            with store.read(ORG) as tx:
                return tx.flags.find(ENVIRONMENT, FLAG), list(tx.overlays.active(ENVIRONMENT, FLAG))

        def seen() -> str | None:
            staff = EvaluationContext(attributes={"email": "q@shop.example"})
            out = server.evaluate_one(ORG, ENVIRONMENT, FLAG, staff)
            return out.variant if isinstance(out, Evaluated) else None

        return FlagSystem(FLAG, "none", "plain", open_world, state, seen)
