"""A preview asks targets outside what would change, and changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from holdfast.errors import ActionError
from holdfast.loop.drills_world import Surroundings
from holdfast.loop.preview_outside import ask_outside
from holdfast.loop.respond_people import Preview, plan_preview
from holdfast.model.plan import Step
from holdfast.ports.proxy import Block
from holdfast.testing.proxies import MemoryProxy
from holdfast.testing.targets import Machine, MemoryCommand, MemoryTargets
from tests.loop.shop import ORG, T0, Shop, make_exposure, make_plan, open_shop

OFF = Step("service.off", (("host", "shop.example"),))
FLAG = Step("flag.off", (("feature", "tax"),))
SWITCH = Step("command", (("name", "switch"), ("what", "pool")))


@pytest.fixture
def shop(store_url: str) -> Iterator[Shop]:
    plans = (make_plan("suggest", steps=(FLAG, OFF, SWITCH)), make_plan("suggest", id="flag-alone"))
    with open_shop(*plans, url=store_url) as opened:
        with opened.write() as tx:
            tx.exposures.save([make_exposure()])
        yield opened


@dataclass
class Outer:
    """What the operator configured."""

    proxy: MemoryProxy
    machine: Machine

    def targets(self) -> MemoryTargets:
        return MemoryTargets(proxies={"edge": self.proxy}, commands={"switch": MemoryCommand(self.machine)})


@pytest.fixture
def outer() -> Outer:
    return Outer(MemoryProxy("edge"), Machine())


def preview(shop: Shop, targets: MemoryTargets | None, plan: str = "tax-off") -> Preview:
    with shop.store.read(ORG) as tx:
        found = plan_preview(tx, "exp_000001", plan, T0)
    return ask_outside(found, Surroundings(shop.store, targets), T0)


def test_every_step_says_what_it_would_change_in_their_order(shop: Shop, outer: Outer) -> None:
    before = shop.kinds()
    found = preview(shop, outer.targets())
    assert [(one.what, one.before, one.after) for one in found.changes] == [
        ("flag tax in production", "variant on", "variant off"),
        ("all of shop.example at edge", "let through", "turned away with status 503"),
        ("command switch", "not run", "run with what=pool"),
    ]
    assert (found.unasked, found.problem) == ((), None)
    assert (outer.proxy.held, outer.machine.runs, shop.kinds()) == ({}, 0, before)


def test_what_cannot_be_asked_is_told_and_the_rest_is_shown(shop: Shop, outer: Outer) -> None:
    found = preview(shop, MemoryTargets(commands={"switch": MemoryCommand(outer.machine)}))
    assert [one.what for one in found.changes] == ["flag tax in production", "command switch"]
    assert found.unasked == ("step 2 `service.off`: no proxy stands before `shop` in `production`",)


def test_target_that_answers_nothing_is_told(shop: Shop, outer: Outer) -> None:
    class Silent(MemoryProxy):
        def blocks(self) -> Sequence[Block]:
            raise ActionError("no answer from the proxy")

    found = preview(shop, MemoryTargets(proxies={"edge": Silent()}, commands={"switch": MemoryCommand(outer.machine)}))
    assert found.unasked == ("step 2 `service.off`: no answer from the proxy",)


def test_target_that_cannot_be_used_now_is_told_beside_what_it_would_do(shop: Shop, outer: Outer) -> None:
    outer.proxy.problem = "its folder can't be written to"
    found = preview(shop, outer.targets())
    assert len(found.changes) == 3
    assert found.unasked == ("step 2 `service.off` can't be carried out now: its folder can't be written to",)


def test_server_that_reaches_nothing_says_so(shop: Shop) -> None:
    found = preview(shop, None)
    assert [one.split(":")[0] for one in found.unasked] == ["step 2 `service.off`", "step 3 `command`"]


def test_plan_within_the_store_stays_as_it_was_told(shop: Shop) -> None:
    with shop.store.read(ORG) as tx:
        found = plan_preview(tx, "exp_000001", "flag-alone", T0)
    assert ask_outside(found, Surroundings(shop.store), T0) is found
