"""`flag.set`: serve one variant of a flag to everybody. The plan must name it: there is no default."""

from holdfast.mitigations.actions._flag import flag_action

SPEC = flag_action(
    "flag_set",
    "flag.set",
    "Serve a named variant of a flag to everybody.",
    "The variant to serve. Required.",
    lambda _: None,
)
