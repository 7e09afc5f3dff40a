"""`flag.off`: serve a feature's declared safe variant, whatever the flag's own rules say."""

from holdfast.mitigations.actions._flag import flag_action, overlay_id

__all__ = ["SPEC", "overlay_id"]

SPEC = flag_action(
    "flag_off",
    "flag.off",
    "Serve a feature's safe variant.",
    "The variant to serve; the feature's safe one by default.",
    lambda feature: feature.safe if feature is not None else None,
)
