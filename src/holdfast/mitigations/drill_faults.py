"""The faults that a drill can inject: what a bad night brings. A drill with faults must end well, or it failed."""

from collections.abc import Sequence

from holdfast.errors import UsageError
from holdfast.model.drill import DrillLevel
from holdfast.model.frozen import frozen

_L1, _L2 = DrillLevel.L1, DrillLevel.L2


@frozen
class Fault:
    """A fault by name, what it does in words, and at which levels it makes sense."""

    name: str
    about: str
    levels: frozenset[DrillLevel]


FAULTS = {
    one.name: one
    for one in (
        Fault("engine-killed", "the engine is killed at a random step; another one takes over", frozenset({_L2})),
        Fault("stream-cut", "the stream of flag changes is cut just before the change", frozenset({_L1, _L2})),
        Fault("database-restarted", "the engine's store is away for a while, connections and all", frozenset({_L2})),
        Fault("token-expired", "targets answer 401 at first", frozenset({_L2})),
        Fault("target-429", "targets and the application answer 429 at first", frozenset({_L2})),
        Fault("target-500", "targets and the application answer 500 at first", frozenset({_L2})),
        Fault("target-silent", "targets and the application do not answer at first", frozenset({_L2})),
    )
}


def check_faults(names: Sequence[str], level: DrillLevel) -> None:
    """Raises: UsageError: an unknown fault, or one that makes no sense at that level."""
    for name in names:
        fault = FAULTS.get(name)
        if fault is None:
            raise UsageError(
                f"there is no fault `{name[:60]}`", hint=f"one of {', '.join(f'`{one}`' for one in FAULTS)}"
            )
        if level not in fault.levels:
            wanted = " or ".join(sorted(one.value for one in fault.levels))
            raise UsageError(f"the fault `{name}` makes no sense at {level}", hint=f"hold the drill at {wanted}")
