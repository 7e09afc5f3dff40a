"""One turn of the loop: a transaction, one instant, one identity."""

from datetime import datetime, timedelta

from holdfast.errors import ForbiddenError
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Binding, Permission, Token
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction
from holdfast.ports.world import Targets


@frozen
class Turn:
    """What every use case gets. `token` is who asks; `None` is Holdfast itself (schedule, engine, collector).

    Facts of a feed that was last synced longer ago than `feed_max_age` are not acted on by itself; `None` where no
    feed's age is judged. `targets` are what the operator lets plans reach; without, Holdfast serves all flags itself.
    """

    tx: Transaction
    now: datetime
    ids: Ids
    token: Token | None = None
    feed_max_age: timedelta | None = None
    targets: Targets | None = None

    @property
    def actor(self) -> str:
        """The opaque id that the journal names."""
        return self.token.id if self.token else "holdfast"

    @property
    def identity(self) -> str:
        """Who acts: the person, or the machine's token; all tokens of a person are one."""
        return self.token.identity if self.token else "holdfast"

    def require(self, permission: Permission, *, bound: bool = False) -> None:
        """Refuse a token that lacks the permission; one that is bound to a repository too, unless `bound`.

        `bound` is for what holds such a token to its binding by itself (`require_bound`). Its trust must be there,
        as it was when the token was given: who takes a trust away, or narrows it, does not wait for tokens to end.

        Raises:
            ForbiddenError: names the permission.
        """
        require_permission(self.token, permission, bound=bound)
        if self.token is not None and self.token.binding is not None:
            _require_trusted(self.tx, self.token, self.token.binding)


def _require_trusted(tx: Transaction, token: Token, binding: Binding) -> None:
    trust = tx.trusts.find(token.name)
    if trust is None or trust.id != binding.trust or trust.changed_at > token.created_at:
        raise ForbiddenError(
            "the trust that this token was given by was changed or taken away", hint="log in again, if it still may"
        )


def require_permission(token: Token | None, permission: Permission, *, bound: bool = False) -> None:
    """Refuse a token that lacks the permission; `None` is Holdfast itself.

    Raises:
        ForbiddenError: names the permission.
    """
    if token is not None and token.binding is not None and not bound:
        raise ForbiddenError(
            "a token of a pipeline's identity may not do this",
            hint="it reports builds, releases and deployments of its own repository",
        )
    if token is not None and not token.allows(permission):
        raise ForbiddenError(f"this token lacks `{permission.value}`", hint="ask for a token with that permission")
