"""`flag.off` on the flags that Holdfast serves, and on a system that others brought."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from holdfast.loop.world import read_flag
from holdfast.model.flag import FlagDefinition, FlagReading
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.clocks import START
from holdfast.testing.worlds import MemoryFlags, MemoryHolds, MemoryWorld


def tax_flag(default: str = "on") -> FlagDefinition:
    """Return the flag that the cases force."""
    text = json.dumps({"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": default})
    return FlagDefinition("org_a", "production", "tax", text, 1, START)


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
        """Return what it serves, which is what it was told: it knows no rules."""
        reading = read_flag(self.definitions.get(flag), ())
        return replace(reading, held=reading.served) if reading is not None else None

    def force(self, flag: str, variant: str) -> None:
        """Let its default be the variant."""
        document = json.loads(self.definitions[flag].definition) | {"defaultVariant": variant}
        self.definitions[flag] = replace(self.definitions[flag], definition=json.dumps(document))

    def restore(self, flag: str, definition: str) -> None:
        """Put the definition back."""
        self.definitions[flag] = replace(self.definitions[flag], definition=definition)


def flag_cases(identifier: str, action: str, variant: str) -> ActionCases:
    """Return the cases of an action that forces a variant of a flag that serves the other one."""
    flag = tax_flag("off" if variant == "on" else "on")
    call = make_call(action, flag="tax", variant=variant)

    @contextmanager
    def own() -> Iterator[Scene]:
        holds = MemoryHolds()
        flags = MemoryFlags(holds, {"tax": flag})
        yield Scene(
            call, lambda: MemoryWorld(holds, flags), lambda: (flags.definitions["tax"].definition, flags.read("tax"))
        )

    @contextmanager
    def elsewhere() -> Iterator[Scene]:
        holds, flags = MemoryHolds(), OutsideFlags({"tax": flag})
        yield Scene(call, lambda: MemoryWorld(holds, flags), lambda: flags.definitions["tax"].definition)

    return ActionCases(identifier, (Case("own", own), Case("elsewhere", elsewhere)))


SPEC = flag_cases("flag_off", "flag.off", "off")
