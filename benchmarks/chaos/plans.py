"""The plans of the sweep, each another way to be interrupted, and what must be left of each in the end.

Keys of steps are `RUN/NUMBER`, those of their undoing `RUN/NUMBER/undo`. `done` are the numbers of the steps whose
effect the target must have seen exactly once, and seen taken back exactly once; `flags` how many overlays must have
been laid, and lifted. `elsewhere` says that another system serves the flags: its file must be as it was, to the bit.
"""

from holdfast.model.frozen import frozen
from holdfast.model.plan import Coverage, OnFailure, Plan, Probe, Step

ENVIRONMENT = "production"
FLAGS = ("one", "two", "three", "four")


@frozen
class Sweep:
    """A plan with what it must come to: `ends` is the run's last state."""

    plan: Plan
    done: tuple[int, ...]
    flags: int
    ends: str
    elsewhere: bool = False


def _http(lane: str, name: str = "", after: tuple[str, ...] | None = None) -> Step:
    return Step("http", (("target", lane), ("undo", "undo")), name, after, attempts=5, backoff_s=0.02)


def _flag(number: int, name: str = "", after: tuple[str, ...] | None = None) -> Step:
    return Step("flag.off", (("flag", FLAGS[number]), ("variant", "off")), name, after)


def _plan(name: str, port: int, *steps: Step, on_failure: OnFailure = OnFailure.UNDO) -> Plan:
    verify = (Probe("http", f"http://127.0.0.1:{port}/here", interval_s=0.05, deadline_s=20.0),)
    return Plan(name, "true", 1, 1, steps, Coverage.FULL, verify, (), on_failure=on_failure)


def sweeps(port: int) -> tuple[Sweep, ...]:
    """Return every plan, its probes at the target's port."""
    diamond = (
        _http("plain", "first"),
        _http("plain", "left", ("first",)),
        _flag(0, "right", ("first",)),
        _http("plain", "last", ("left", "right")),
    )
    return (
        Sweep(_plan("flags", port, *(_flag(number) for number in range(4))), (), 4, "undone"),
        Sweep(_plan("elsewhere", port, *(_flag(number) for number in range(4))), (), 4, "undone", elsewhere=True),
        Sweep(_plan("three_flags", port, *(_flag(number) for number in range(3))), (), 3, "undone"),
        Sweep(_plan("three_requests", port, *(_http(f"plain{n}") for n in range(3))), (1, 2, 3), 0, "undone"),
        Sweep(_plan("requests", port, *(_http("plain") for _ in range(6))), (1, 2, 3, 4, 5, 6), 0, "undone"),
        Sweep(_plan("diamond", port, *diamond), (1, 2, 4), 1, "undone"),
        Sweep(
            _plan("mixed", port, _flag(0), _http("plain"), _flag(1), _http("plain"), _flag(2), _http("plain")),
            (2, 4, 6),
            3,
            "undone",
        ),
        Sweep(_plan("retries", port, _http("flaky"), _http("plain"), _http("flaky")), (1, 2, 3), 0, "undone"),
        Sweep(
            _plan("compensated", port, _http("plain"), _flag(0), _http("plain"), _http("broken")),
            (1, 3),
            1,
            "failed",
        ),
        Sweep(
            _plan("wide", port, *(_http("plain", f"s{n}", ()) for n in range(1, 9))), tuple(range(1, 9)), 0, "undone"
        ),
        Sweep(_plan("long", port, *(_http("plain") for _ in range(10))), tuple(range(1, 11)), 0, "undone"),
    )
