"""`go.sum` is written by the tool; what raises a module is `go.mod`'s guide."""

from holdfast.remediations.guides._spec import Guide
from holdfast.remediations.guides.go_mod import advise

SPEC = Guide("go_sum", advise)
