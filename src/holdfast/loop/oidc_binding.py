"""What a token may speak of that was given for a pipeline's identity.

Rules:
1. Where its trust names services, it speaks of those alone.
2. Where it names none, a service belongs to the repository whose pipeline reported it first, by the repository's
   number: a repository that took over a name is another one. A trust that names the service hands it over.
3. It speaks of an environment only where its job ran in that one.
4. A run for a change under review takes no service over: it may ask about one that is nobody's, and that stays so.
"""

import json

from holdfast.errors import ForbiddenError
from holdfast.loop.turn import Turn
from holdfast.model.inventory import Service
from holdfast.model.tenancy import Binding


def require_bound(turn: Turn, service: Service, environment: str = "") -> None:
    """Hold a token to its binding; one without is not held. An empty environment is none.

    Raises:
        ForbiddenError: it is another repository's service, or another environment.
    """
    binding = turn.token.binding if turn.token else None
    if binding is None:
        return
    if environment and environment != binding.environment:
        ran = f"it ran in `{binding.environment}`" if binding.environment else "its job ran in no environment"
        raise ForbiddenError(
            f"this token does not speak of `{environment[:80]}`: {ran}",
            hint="let the job that deploys name its environment, or map it: `holdfast trust set … --environment NAME`",
        )
    if binding.services and service.id not in binding.services:
        raise ForbiddenError(
            f"this token does not speak of `{service.name}`", hint="its trust names other services: see `trust list`"
        )
    _belong(turn, service, binding)


def _belong(turn: Turn, service: Service, binding: Binding) -> None:
    """Let a service belong to the repository that reports it first, or that its trust names it for."""
    name = f"repository:{service.id}"
    mine = json.dumps([binding.issuer, binding.repository_id, binding.owner_id])
    known = turn.tx.settings.get(name)
    if known == mine:
        return
    if known is not None and not binding.services:
        raise ForbiddenError(
            f"`{service.name}` belongs to another repository",
            hint=f"an administrator hands it over: `holdfast trust set … --service {service.name}`",
        )
    if binding.is_for_change:
        return
    turn.tx.settings.set(name, mine)
    body = {"id": service.id, "trust": binding.trust, "about": [service.id], "by": turn.actor}
    turn.tx.journal.append("service.bound", body)
