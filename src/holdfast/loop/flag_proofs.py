"""What is proven of a flag's overlays, client by client, and who is not proven yet.

Rules:
1. Proven is what a client did at the revision of the overlay or after it: *delivered*, *fetched*, *effective*.
2. What counts are live server-side clients: seen within 90 seconds, and given all flags or having asked for this one. A
   browser tab that sleeps holds nothing open, one that is awake is shown. A relay must have fetched; its own clients
   count for themselves.
3. Whoever is not proven is named. Nobody to prove is no proof: the black-box probe decides then.
4. A run's clock waits for every live server-side client to fetch what it forces, or to be gone. Who says that it is
   another declared service holds nothing open: the exposure is not there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from holdfast.model.flag import FlagClient, Overlay
from holdfast.model.frozen import frozen
from holdfast.model.run import Run
from holdfast.ports.store import Transaction

LIVE = timedelta(seconds=90)
SHOWN = timedelta(hours=24)


@frozen
class ClientProof:
    """What is proven of one client. `counts` is whether it holds the proof of the whole open."""

    client: FlagClient
    delivered: bool
    fetched: bool
    effective: bool
    counts: bool

    @property
    def is_proven(self) -> bool:
        """Whether it is as far as it must be."""
        return self.fetched if self.client.kind == "relay" else self.effective


@frozen
class OverlayProof:
    """An overlay, the revision at which it took hold, and what is proven of it."""

    overlay: Overlay
    revision: int
    clients: tuple[ClientProof, ...]

    @property
    def unproven(self) -> tuple[str, ...]:
        """The ids of the clients that count and are not proven."""
        return tuple(one.client.id for one in self.clients if one.counts and not one.is_proven)


def _reads(client: FlagClient, flag: str) -> bool:
    """Whether a client may hold a value of a flag: a relay, who was given all flags, who asked for it, who used it."""
    told = (client.fetched, client.effective, dict(client.asked).get(flag), dict(client.effects).get(flag))
    return client.kind == "relay" or any(at is not None for at in told)


def prove_client(client: FlagClient, flag: str, revision: int, now: datetime) -> ClientProof:
    """Return what is proven of a client for a change of a flag at a revision."""
    effects, asked = dict(client.effects), dict(client.asked)
    effective = _reached(client.effective, revision) or _reached(effects.get(flag), revision)
    return ClientProof(
        client,
        _reached(client.delivered, revision),
        _reached(client.fetched, revision) or _reached(asked.get(flag), revision),
        effective,
        client.kind != "browser" and now - client.seen_at <= LIVE and _reads(client, flag),
    )


def _reached(number: int | None, revision: int) -> bool:
    return number is not None and number >= revision


def find_behind(tx: Transaction, run: Run, now: datetime, limit: int = 100) -> Sequence[FlagClient]:
    """Return the live server-side clients that did not fetch what a run forces yet, the first `limit` by id."""
    forced = tx.overlays.held_by(run.id)
    late: list[FlagClient] = []
    after: str | None = "" if forced else None
    while after is not None and len(late) < limit:  # a thousand that are on their way must not all be read at each look
        page = tx.flag_clients.behind(run.environment, now - LIVE, max(forced.values()), after=after)
        late += _of_service(tx, run, [one for one in page if _is_behind(one, forced, now)])
        after = page[-1].id if page else None
    return late[:limit]


def _of_service(tx: Transaction, run: Run, clients: Sequence[FlagClient]) -> Sequence[FlagClient]:
    named = {one.service for one in clients if one.service is not None and one.service != run.service}
    others = {name for name in named if tx.services.find(name) is not None}
    return [one for one in clients if one.service not in others]


def _is_behind(client: FlagClient, forced: Mapping[str, int], now: datetime) -> bool:
    proofs = (prove_client(client, flag, revision, now) for flag, revision in forced.items())
    return any(one.counts and not one.fetched and not one.effective for one in proofs)


def prove_overlays(tx: Transaction, environment: str, flag: str, now: datetime) -> Sequence[OverlayProof]:
    """Return what is proven of each overlay in force, oldest first, with every client of the last day."""
    clients = tx.flag_clients.list(environment, now - SHOWN)
    revisions = tx.overlays.revisions(environment, flag)
    out = []
    for overlay in tx.overlays.active(environment, flag):
        revision = revisions.get(overlay.id, 0)
        proofs = tuple(prove_client(one, flag, revision, now) for one in clients)
        out.append(OverlayProof(overlay, revision, proofs))
    return out
