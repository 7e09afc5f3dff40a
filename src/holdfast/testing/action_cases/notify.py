"""`notify`: a message in the outbox, once."""

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.model.run import Message
from holdfast.ports.world import World
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.targets import MemoryNotifier, MemoryReceivers
from holdfast.testing.worlds import MemoryWorld


@contextmanager
def _memory() -> Iterator[Scene]:
    messages: dict[str, Message] = {}

    def open_world() -> World:
        return MemoryWorld(receivers=MemoryReceivers(rooms={"room": MemoryNotifier()}), messages=messages)

    call = make_call("notify", to="room", text="The shop is closed.")
    yield Scene(call, open_world, effect=lambda: None, times=lambda: len(messages), changes=False)


SPEC = ActionCases("notify", (Case("memory", _memory),))
