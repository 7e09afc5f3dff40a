"""`wait`: it goes on when the time has passed, also for a worker that took over."""

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.worlds import MemoryWorld


@contextmanager
def _memory() -> Iterator[Scene]:
    call = make_call("wait", {"for": "10m"})
    yield Scene(call, MemoryWorld, effect=lambda: None, arrive=lambda scene: scene.tick(300), changes=False)


SPEC = ActionCases("wait", (Case("memory", _memory),))
