"""`flag.set` on the flags that Holdfast serves, and on a system that others brought."""

from holdfast.testing.action_cases.flag_off import flag_cases

SPEC = flag_cases("flag_set", "flag.set", "off")
