"""`command` with a probe, with none and twice being once, and with neither."""

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.ports.world import World
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.targets import Machine, MemoryCommand, MemoryTargets
from holdfast.testing.worlds import MemoryWorld


@contextmanager
def _memory(*, idempotent: bool, probes: bool, undoes: bool = True) -> Iterator[Scene]:
    machine = Machine()

    def open_world() -> World:  # how a command ended is gone with the process
        command = MemoryCommand(machine, idempotent=idempotent, probes=probes, undoes=undoes)
        return MemoryWorld(targets=MemoryTargets(commands={"switch": command}))

    yield Scene(
        make_call("command", name="switch", what="drain"),
        open_world,
        effect=lambda: frozenset(machine.on),
        times=lambda: machine.runs,
        provable=idempotent or probes,
    )


SPEC = ActionCases(
    "command",
    (
        Case("probes", lambda: _memory(idempotent=False, probes=True)),
        Case("idempotent", lambda: _memory(idempotent=True, probes=False)),
        Case("neither", lambda: _memory(idempotent=False, probes=False)),
        Case("for good", lambda: _memory(idempotent=False, probes=True, undoes=False)),
    ),
)
