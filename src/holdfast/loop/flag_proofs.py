"""What is proven of a flag's overlays, client by client, and who is not proven yet.

Rules:
1. Proven is what a client did at the revision of the overlay or after it: *delivered*, *fetched*, *effective*.
2. What counts are live server-side clients: seen within 90 seconds. A browser tab that sleeps holds nothing open, one
   that is awake is shown. A relay must have fetched; its own clients count for themselves.
3. Whoever is not proven is named. Nobody to prove is no proof: the black-box probe decides then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from holdfast.model.flag import FlagClient, Overlay
from holdfast.ports.store import Transaction

LIVE = timedelta(seconds=90)
SHOWN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class OverlayProof:
    """An overlay, the revision at which it took hold, and what is proven of it."""

    overlay: Overlay
    revision: int
    clients: tuple[ClientProof, ...]

    @property
    def unproven(self) -> tuple[str, ...]:
        """The ids of the clients that count and are not proven."""
        return tuple(one.client.id for one in self.clients if one.counts and not one.is_proven)


def prove_client(client: FlagClient, flag: str, revision: int, now: datetime) -> ClientProof:
    """Return what is proven of a client for a change of a flag at a revision."""
    effects = dict(client.effects)
    effective = _reached(client.effective, revision) or _reached(effects.get(flag), revision)
    return ClientProof(
        client,
        _reached(client.delivered, revision),
        _reached(client.fetched, revision),
        effective,
        client.kind != "browser" and now - client.seen_at <= LIVE,
    )


def _reached(number: int | None, revision: int) -> bool:
    return number is not None and number >= revision


def find_unproven_clients(
    tx: Transaction, environment: str, flag: str, revision: int, now: datetime
) -> Sequence[FlagClient]:
    """Return the live server-side clients of which a change at `revision` is not proven, by id."""
    clients = tx.flag_clients.list(environment, now - LIVE)
    proofs = [prove_client(one, flag, revision, now) for one in clients]
    return [one.client for one in proofs if one.counts and not one.is_proven]


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
