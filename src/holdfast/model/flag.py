"""Flags as Holdfast keeps them: definitions, and the overlays that force a variant."""

from datetime import datetime

from holdfast.model.frozen import frozen


@frozen
class FlagDefinition:
    """A flag in flagd's JSON model; `definition` is the JSON text of the flag, kept to the bit."""

    org: str
    environment: str
    key: str
    definition: str
    version: int
    updated_at: datetime


@frozen
class Overlay:
    """Forces one variant of a flag while it is not lifted. Overlays stack; a flag returns when all are lifted.

    `before` is what another flag system served before the first of a stack was laid, as that system's provider wrote
    it down; `None` for flags that Holdfast serves, whose definitions an overlay never touches.
    `expires_at` is when a person must confirm it again or the run is taken back.
    """

    org: str
    id: str
    environment: str
    flag: str
    variant: str
    reason: str
    run: str | None
    created_at: datetime
    lifted_at: datetime | None = None
    before: str | None = None
    expires_at: datetime | None = None


@frozen
class FlagReading:
    """What a flag system says of one flag: its variants, which one it serves to nobody in particular, its text.

    `served` is `None` when the caller's code default is served, or when not everybody gets the same: `by_rules` tells
    that. `definition` is all that `restore` needs, canonical. `held` is the variant that is forced there in the way
    that `force` does it, empty when something of ours is there and does not hold, `None` when nothing is; what
    applications are given may follow a moment later. Flags that Holdfast serves are held by overlays alone.
    """

    flag: str
    variants: tuple[str, ...]
    served: str | None
    definition: str
    held: str | None = None
    by_rules: bool = False


@frozen
class FlagClient:
    """A client of the flags that Holdfast serves, and what is proven of it.

    `kind` is `server`, `browser` or `relay`; `target` the deployment target that it says it runs on. `delivered` is the
    newest revision that was written to its stream, `fetched` the newest at which it was given the whole set of flags,
    `effective` the newest at which its application was seen to use it; each `None` until it happened. `effects` is
    (flag, revision) of what its application reported without saying of which revision, `asked` (flag, revision) of the
    flags that it asked for one by one, the newest of each. `seen_at` is its last sign of life.
    """

    org: str
    environment: str
    id: str
    kind: str
    service: str | None
    target: str | None
    delivered: int | None
    fetched: int | None
    effective: int | None
    connected: bool
    seen_at: datetime
    effects: tuple[tuple[str, int], ...] = ()
    asked: tuple[tuple[str, int], ...] = ()
