"""`flag.off` on the flags that Holdfast serves, and on a system that others brought."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from holdfast.loop.world import read_flag
from holdfast.model.flag import FlagDefinition, FlagReading
from holdfast.ports.world import World
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.clocks import START
from holdfast.testing.worlds import MemoryFlags, MemoryHolds, MemoryWorld

_ON_OFF = json.dumps({"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"})


def tax_flag() -> FlagDefinition:
    """Return the flag that the cases turn off."""
    return FlagDefinition("org_a", "production", "tax", _ON_OFF, 1, START)


@dataclass
class OutsideFlags:
    """A flag system of somebody else's: it keeps a definition, and knows nothing of overlays."""

    definitions: dict[str, FlagDefinition] = field(default_factory=dict)
    name: str = "outside"
    own: bool = False

    def find_problem(self) -> str | None:
        """Say nothing against it."""
        return None

    def read(self, flag: str) -> FlagReading | None:
        """Return what it serves."""
        return read_flag(self.definitions.get(flag), ())

    def force(self, flag: str, variant: str) -> None:
        """Let its default be the variant."""
        document = json.loads(self.definitions[flag].definition) | {"defaultVariant": variant}
        self.definitions[flag] = replace(self.definitions[flag], definition=json.dumps(document))

    def restore(self, flag: str, definition: str) -> None:
        """Put the definition back."""
        self.definitions[flag] = replace(self.definitions[flag], definition=definition)


@contextmanager
def _own() -> Iterator[Scene]:
    holds = MemoryHolds()
    flags = MemoryFlags(holds, {"tax": tax_flag()})

    def effect() -> object:
        return flags.definitions["tax"].definition, flags.read("tax")

    def open_world() -> World:
        return MemoryWorld(holds, flags)

    yield Scene(make_call("flag.off", flag="tax", variant="off"), open_world, effect)


@contextmanager
def _elsewhere() -> Iterator[Scene]:
    holds, flags = MemoryHolds(), OutsideFlags({"tax": tax_flag()})

    def open_world() -> World:
        return MemoryWorld(holds, flags)

    yield Scene(
        make_call("flag.off", flag="tax", variant="off"), open_world, lambda: flags.definitions["tax"].definition
    )


SPEC = ActionCases("flag_off", (Case("own", _own), Case("elsewhere", _elsewhere)))
