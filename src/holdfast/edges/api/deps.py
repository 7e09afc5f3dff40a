"""What the API is given when it is put together."""

from collections.abc import Callable
from dataclasses import field
from datetime import timedelta

from litestar import Request
from litestar.datastructures import State

from holdfast.edges.api.changes import Changes
from holdfast.edges.api.login_limits import LoginLimits
from holdfast.model.drill import DrillEvidence
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Token
from holdfast.ports.clock import Clock
from holdfast.ports.ids import Ids
from holdfast.ports.oidc import Issuers
from holdfast.ports.store import Store
from holdfast.ports.world import Receivers, Releases, Targets


def _nobody_listens(org: str) -> None:
    """What `on_change` is when nobody needs to be told."""


@frozen
class ApiSettings:
    """`install_org` is the org whose administrators may create other orgs; `None` forbids it.

    A feed that was last synced longer ago than `feed_max_age` makes verdicts unknown.
    """

    install_org: str | None = None
    feed_max_age: timedelta = timedelta(days=2)


@frozen
class ApiDependencies:
    """Everything the API reaches.

    `signing_key` is 32 secret bytes that sign checkpoints. `on_change(org)` is called after every commit of the API, in
    the thread of the request: it wakes the engine. `changes` wakes event streams; whoever else writes tells it too.
    `store_failures` are what the store raises when it is away: answered with 503. `play_drill` plays a drill that has
    begun in the background; `None` where none are played. `targets` are what the operator lets plans reach, `receivers`
    where values are measured and messages go; `releases` opens the choice of releases of an org. `issuers` check the
    identity tokens of pipelines; `None` where none are taken. `login_limits` count logins that failed.
    """

    store: Store
    clock: Clock
    ids: Ids
    signing_key: bytes = field(repr=False)
    settings: ApiSettings = ApiSettings()
    changes: Changes = field(default_factory=Changes)
    on_change: Callable[[str], None] = _nobody_listens
    store_failures: tuple[type[Exception], ...] = (OSError,)
    play_drill: Callable[[DrillEvidence], None] | None = None
    targets: Targets | None = None
    receivers: Receivers | None = None
    releases: Callable[[str], Releases] | None = None
    issuers: Issuers | None = None
    login_limits: LoginLimits = field(default_factory=LoginLimits)


@frozen
class Caller:
    """Who asks. `secret` is what proved it, `by_cookie` that a browser sent it by itself."""

    token: Token
    secret: str = field(repr=False)
    by_cookie: bool


Ask = Request[Token, Caller, State]
"""A request whose identity is known."""


def deps_of(request: Request[Token, Caller, State]) -> ApiDependencies:
    """Return what the app was made with."""
    deps: ApiDependencies = request.app.state["api"]
    return deps
