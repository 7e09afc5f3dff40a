"""`edge.block`: turn a route or a host away at the proxy that stands before the service."""

from collections.abc import Callable
from typing import TypeVar

from holdfast.errors import PlanError
from holdfast.mitigations.action import ActionSpec, Argument, Call
from holdfast.mitigations.actions import _proxy

T = TypeVar("T")


def _narrow(deed: Callable[[Call], T]) -> Callable[[Call], T]:
    """Return the deed for calls that name a route or a host; blocking everything has an action of its own."""

    def narrowed(call: Call) -> T:
        if not call.step.argument("path") and not call.step.argument("host"):
            raise PlanError("`edge.block` without `path` or `host`", hint="to block all of it, use `service.off`")
        return deed(call)

    return narrowed


SPEC = ActionSpec(
    id="edge_block",
    name="edge.block",
    about="Turn requests for a route or a host away.",
    arguments=(
        Argument("path", False, "The beginning of the paths that are turned away, like `/admin`; or name the `host`."),
        *_proxy.ARGUMENTS,
    ),
    blast_radius="every user of the route, or of the host; without a host, of every service behind the proxy",
    reversible=True,
    idempotent=True,
    resolve=_proxy.write_out,
    plan=_narrow(_proxy.plan),
    apply=_narrow(_proxy.apply),
    read_back=_narrow(_proxy.read_back),
    undo=_proxy.undo,
    read_undone=_proxy.read_undone,
    target=_proxy.target_of,
    find_problem=_proxy.find_problem,
)
