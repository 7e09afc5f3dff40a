"""`http` to receivers that can tell what became of a request, do a key once, or neither."""

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.ports.world import World
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.targets import MemoryHttpTarget, MemoryTargets, Receiver
from holdfast.testing.worlds import MemoryWorld


@contextmanager
def _memory(*, idempotent: bool, tells: bool) -> Iterator[Scene]:
    receiver = Receiver()
    call = make_call("http", target="receiver", body='{"close": true}', undo='{"close": false}')

    def open_world() -> World:  # what was answered is gone with the process
        target = MemoryHttpTarget(receiver, idempotent=idempotent, tells=tells)
        return MemoryWorld(targets=MemoryTargets(receivers={"receiver": target}))

    yield Scene(
        call,
        open_world,
        effect=lambda: call.key in receiver.done and f"{call.key}/undo" not in receiver.done,
        times=lambda: receiver.arrived - (f"{call.key}/undo" in receiver.done),
        provable=idempotent or tells,
    )


SPEC = ActionCases(
    "http",
    (
        Case("tells", lambda: _memory(idempotent=False, tells=True)),
        Case("idempotent", lambda: _memory(idempotent=True, tells=False)),
        Case("neither", lambda: _memory(idempotent=False, tells=False)),
    ),
)
