"""`approve`: two people; who asked for the run consents first, and does not count."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from holdfast.model.run import Approval
from holdfast.ports.world import World
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.worlds import MemoryWorld


@contextmanager
def _memory() -> Iterator[Scene]:
    consents: dict[tuple[str, int], list[Approval]] = {}
    call = replace(make_call("approve", people="2"), requested_by="per_0")

    def open_world() -> World:
        return MemoryWorld(consents=consents)

    def arrive(scene: Scene) -> None:
        given = consents.setdefault((call.run, call.number), [])
        given.append(Approval(f"per_{len(given)}", scene.now))

    yield Scene(call, open_world, effect=lambda: None, arrive=arrive, changes=False)


SPEC = ActionCases("approve", (Case("memory", _memory),))
