"""`flag.on`: let everybody have what a flag switches on: a stricter check, a queue before a door, a degraded mode.

The variant is named in the plan, and `on` where none is named. It is frozen with the plan: what a flag's definition
happens to call its default at the time decides nothing.
"""

from holdfast.mitigations.actions._flag import flag_action

SPEC = flag_action(
    "flag_on",
    "flag.on",
    "Serve a flag's `on` to everybody.",
    "The variant to serve; `on` by default.",
    lambda _: "on",
)
