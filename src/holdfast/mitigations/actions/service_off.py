"""`service.off`: a maintenance page instead of a service, at the proxy that stands before it."""

from holdfast.mitigations.action import ActionSpec
from holdfast.mitigations.actions import _proxy

SPEC = ActionSpec(
    id="service_off",
    name="service.off",
    about="Show a maintenance page instead of the whole service.",
    arguments=_proxy.ARGUMENTS,
    blast_radius="every user of the service in one environment",
    reversible=True,
    idempotent=True,
    resolve=_proxy.write_out,
    plan=_proxy.plan,
    apply=_proxy.apply,
    read_back=_proxy.read_back,
    undo=_proxy.undo,
    read_undone=_proxy.read_undone,
    target=_proxy.target_of,
    find_problem=_proxy.find_problem,
)
