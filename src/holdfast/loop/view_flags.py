"""Flags: what is defined, what holds them, and how far each change is proven at whom.

Rules:
1. *Delivered*, *fetched* and *effective* are never mixed: each client shows the farthest that is proven of it.
2. A browser that sleeps holds nothing open; it is listed, and not counted among the unproven.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from holdfast.errors import NotFoundError
from holdfast.loop.flags import FlagView, find_flag, list_flags
from holdfast.mitigations.evaluation import Evaluated
from holdfast.mitigations.flags import parse_flag
from holdfast.model.flag import FlagClient, FlagDefinition, Overlay
from holdfast.model.frozen import frozen
from holdfast.ports.store import Transaction

SEEN = timedelta(minutes=15)
"""A client that gave no sign of life for longer is not listed."""


@frozen
class FlagRow:
    """A flag in a list: what an unknown user is served, and why; `state` is `mitigated` while it is held."""

    key: str
    environment: str
    state: str
    served: str
    reason: str
    variants: tuple[str, ...]
    version: int
    updated_at: datetime
    overlays: tuple[Overlay, ...]


@frozen
class FlagsView:
    """The flags of one environment. `revision` rises with every change; `held` are under an overlay."""

    environment: str
    environments: tuple[str, ...]
    rows: tuple[FlagRow, ...]
    held: int
    revision: int
    clients: tuple["ClientRow", ...]


@frozen
class ClientRow:
    """A client: `proof` is `effective`, `fetched`, `delivered` or `none` for the newest revision."""

    id: str
    kind: str
    service: str | None
    target: str | None
    proof: str
    revision: int | None
    connected: bool
    seen_at: datetime
    counts: bool


@frozen
class OneFlagView:
    """One flag with its versions, newest first, and the clients of its environment."""

    row: FlagRow
    definition: str
    history: tuple[FlagDefinition, ...]
    clients: tuple[ClientRow, ...]
    revision: int


def flags_view(tx: Transaction, environment: str | None, now: datetime) -> FlagsView:
    """Return the flags of an environment, by default of the first that has any."""
    names = tuple(one.name for one in tx.environments.list())
    chosen = environment or next((name for name in names if tx.flags.list(name)), names[0] if names else "")
    rows = tuple(_row(one) for one in list_flags(tx, chosen)) if chosen else ()
    revision = tx.flags.revision(chosen) if chosen else 0
    clients = client_rows(tx.flag_clients.list(chosen, now - SEEN), revision) if chosen else ()
    return FlagsView(chosen, names, rows, sum(bool(row.overlays) for row in rows), revision, clients)


def flag_view(tx: Transaction, environment: str, key: str, now: datetime) -> OneFlagView:
    """Return one flag.

    Raises:
        NotFoundError: there is none of that key in the environment.
    """
    found = find_flag(tx, environment, key)
    if found is None:
        raise NotFoundError(
            f"there is no flag `{key[:128]}` in `{environment[:80]}`", hint="define it, or look elsewhere"
        )
    revision = tx.flags.revision(environment)
    return OneFlagView(
        _row(found),
        found.definition.definition,
        tuple(reversed(tx.flags.history(environment, key))),
        client_rows(tx.flag_clients.list(environment, now - SEEN), revision, key),
        revision,
    )


def _row(view: FlagView) -> FlagRow:
    served = view.served
    if isinstance(served, Evaluated):
        words, reason = served.variant or "the caller's default", served.reason
    else:
        words, reason = "error", served.details
    return FlagRow(
        view.definition.key,
        view.definition.environment,
        "mitigated" if view.overlays else "fine" if isinstance(served, Evaluated) else "unknown",
        words,
        reason.lower() if isinstance(served, Evaluated) else reason,
        tuple(_variants(view.definition)),
        view.definition.version,
        view.definition.updated_at,
        view.overlays,
    )


def _variants(definition: FlagDefinition) -> Sequence[str]:
    return tuple(parse_flag(definition.key, definition.definition).variants)


def client_rows(clients: Sequence[FlagClient], revision: int, flag: str | None = None) -> tuple[ClientRow, ...]:
    """Return clients with what is proven of each, of one flag or of any; the unproven ones that count come first."""
    rows = [_client_row(one, revision, flag) for one in clients]
    order = {"none": 0, "delivered": 1, "fetched": 2, "effective": 3}
    return tuple(sorted(rows, key=lambda row: (not row.counts, order[row.proof], row.id)))


def _client_row(client: FlagClient, revision: int, flag: str | None) -> ClientRow:
    asked = [at for key, at in client.asked if flag in {None, key}]
    fetched = max((at for at in (client.fetched, *asked) if at is not None), default=None)
    degrees = (("effective", client.effective), ("fetched", fetched), ("delivered", client.delivered))
    proof = next((name for name, at in degrees if at is not None and at >= revision), "none")
    newest = max((at for _, at in degrees if at is not None), default=None)
    counts = client.kind == "server"
    return ClientRow(
        client.id,
        client.kind,
        client.service,
        client.target,
        proof,
        newest,
        client.connected,
        client.seen_at,
        counts,
    )
