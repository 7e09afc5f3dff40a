"""The engine on a bad night: what is in doubt, broken or held is neither lost, nor done again, nor silent."""

from collections.abc import Iterator

import pytest

from holdfast.loop.respond import undo
from holdfast.loop.respond_begun import resolve
from holdfast.loop.respond_engine import Engine
from holdfast.model.plan import Step
from holdfast.model.run import RunState, StepState
from holdfast.testing.http import Reply
from holdfast.testing.targets import MemoryHttpTarget, Receiver
from tests.loop.elsewhere import WithReceiver
from tests.loop.shop import ORG, URL, Shop, make_exposure, make_plan, open_shop

HOOK = Step("http", (("target", "hook"), ("undo", "back")))


@pytest.fixture
def hooked() -> Iterator[tuple[Shop, MemoryHttpTarget, Engine]]:
    """A shop whose plan asks a receiver that can't tell later what became of a key."""
    with open_shop(make_plan(steps=(HOOK,))) as shop:
        target = MemoryHttpTarget(Receiver(), idempotent=False, tells=False)
        shop.http.answer_by("GET", URL, lambda: Reply(body=b'{"tax": "flat"}'))
        yield shop, target, shop.engine(targets=WithReceiver(target))  # type: ignore[arg-type]  # another fake of it


def go(shop: Shop, engine: Engine, rounds: int = 5) -> None:
    for _ in range(rounds):
        engine.step(ORG)
        shop.clock.tick(1)


# What can't be looked up.


def test_what_cannot_be_looked_up_is_taken_back_by_its_undo(hooked: tuple[Shop, MemoryHttpTarget, Engine]) -> None:
    shop, target, engine = hooked
    (run,) = shop.expose(make_exposure())
    go(shop, engine)
    with shop.write() as tx:
        undo(tx, run.id, "per_1", shop.clock.now())
    go(shop, engine)
    assert (shop.run(run.id).state, shop.run(run.id).held) == (RunState.UNDONE, "a person asked for it")
    assert list(target.receiver.done) == [f"{run.id}/1", f"{run.id}/1/undo"]


@pytest.mark.parametrize("happened", [True, False])
def test_a_person_tells_whether_it_was_taken_back(
    hooked: tuple[Shop, MemoryHttpTarget, Engine], happened: bool
) -> None:
    """The undo is answered with an error: the run asks, is told, and goes on; said not to have happened it is sent."""
    shop, target, engine = hooked
    (run,) = shop.expose(make_exposure())
    go(shop, engine)
    with shop.write() as tx:
        undo(tx, run.id, "per_1", shop.clock.now())
    target.failing = [500]
    go(shop, engine)
    asked = shop.run(run.id)
    assert (asked.state, asked.steps[0].state) == (RunState.NEEDS_PERSON, StepState.UNKNOWN)
    with shop.write() as tx:
        resolve(tx, run.id, 1, happened, "per_1", shop.clock.now())
    go(shop, engine)
    assert shop.run(run.id).state is RunState.UNDONE
    assert (f"{run.id}/1/undo" in target.receiver.done) is not happened


def test_an_idempotent_receiver_is_sent_its_undo_again(hooked: tuple[Shop, MemoryHttpTarget, Engine]) -> None:
    shop, target, engine = hooked
    target.idempotent = True
    (run,) = shop.expose(make_exposure())
    go(shop, engine)
    with shop.write() as tx:
        undo(tx, run.id, "per_1", shop.clock.now())
    target.failing = [500]
    go(shop, engine)
    assert shop.run(run.id).state is RunState.UNDONE
    assert target.receiver.arrived == 2
