"""Wire types of flags' versions, and of what is proven at their clients."""

from holdfast.edges.api.wire import Answer, Instant, Question
from holdfast.edges.api.wire_mitigations import FlagOut, OverlayOut


class FlagVersionPage(Answer, frozen=True):
    """Every version of a flag, newest first; what was taken away keeps its versions."""

    items: list[FlagOut]
    next: str | None


class RestoreIn(Question, frozen=True):
    """Which version is to be defined again."""

    version: int


class ClientProofOut(Answer, frozen=True):
    """What is proven of one client for one overlay.

    `delivered`: the change was written to its stream. `fetched`: it asked for values with or after it. `effective`: its
    application reported that it was given the forced variant. `counts` is whether it is a live server-side client, or a
    relay, which holds the proof open; a relay counts as proven once it has fetched.
    """

    id: str
    kind: str
    service: str | None
    target: str | None
    connected: bool
    seen_at: Instant
    delivered: bool
    fetched: bool
    effective: bool
    counts: bool


class OverlayProofOut(Answer, frozen=True):
    """An overlay, the environment's revision at which it took hold, and what is proven of it; `unproven` are ids."""

    overlay: OverlayOut
    revision: int
    clients: list[ClientProofOut]
    unproven: list[str]


class ProofsOut(Answer, frozen=True):
    """What is proven of a flag's overlays, oldest first."""

    environment: str
    flag: str
    items: list[OverlayProofOut]
    next: str | None = None
