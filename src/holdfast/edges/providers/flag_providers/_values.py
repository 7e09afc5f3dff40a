"""What the values of a flag are called where a flag system gives them no names."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from holdfast.edges.providers.flag_providers._rest import canonical
from holdfast.errors import ActionError

T = TypeVar("T")


def name_value(value: object) -> str:
    """Return what a value is called: `on` and `off` for true and false, a text itself, else its JSON text."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else canonical(value)


def by_name(system: str, flag: str, named: Iterable[tuple[str, T]]) -> Mapping[str, T]:
    """Return what is called by each name. Raises: ActionError: two are called the same."""
    out: dict[str, T] = {}
    for name, one in named:
        if name in out:
            raise ActionError(f"{system}: two variations of `{flag}` are called `{name[:80]}`", hint="name them apart")
        out[name] = one
    return out
