"""What a build on the server is compared with.

Rules:

1. A change is compared with the composition of its merge base, which the pipeline sends.
2. A release is compared with everything that runs where it is bound for: hosts in the middle of a rollout and canaries
   run several releases at once. What one of them lacks the new release would bring to it, so only what all of them have
   was there before. Several runs of one release are one.
3. With neither, it is compared with what was accepted as inherited; without that, with nothing.
4. What runs without a known composition can't be compared, and is told.
"""

from collections.abc import Sequence
from datetime import datetime

from holdfast.loop.inherited import basis_notes
from holdfast.model.build import Basis
from holdfast.model.component import Sbom
from holdfast.model.frozen import frozen
from holdfast.model.inherited import Inherited
from holdfast.model.inventory import Release, Service
from holdfast.ports.store import Transaction

MOST_RUNNING = 20
"""How many releases that run at once are compared with; what runs longest first, so that none starts a new count."""
_SHOWN = 5


@frozen
class Compared:
    """One composition that a build is compared with, and the release that it is of where it runs."""

    sbom: Sbom
    release: Release | None = None


@frozen
class Bases:
    """All that a build is compared with, and what is to be told of it."""

    basis: Basis
    compared: tuple[Compared, ...] = ()
    notes: tuple[str, ...] = ()


def find_bases(
    tx: Transaction,
    service: Service,
    sent: Sbom | None,
    environment: str,
    *,
    inherited: Inherited | None,
    now: datetime,
) -> Bases:
    """Return what a build is compared with; `sent` is the composition of its merge base, `None` where there is none."""
    if sent is not None:
        return Bases(Basis.CHANGE, (Compared(sent),))
    running, notes = _running(tx, service, environment, now) if environment else ([], ())
    if running:
        return Bases(Basis.RELEASE, tuple(running), notes)
    basis = Basis.INHERITED if inherited else Basis.NOTHING
    compared = (Compared(tx.sboms.load(inherited.sbom)),) if inherited else ()
    return Bases(basis, compared, (*notes, *basis_notes(inherited, basis)))


def _running(
    tx: Transaction, service: Service, environment: str, now: datetime
) -> tuple[list[Compared], tuple[str, ...]]:
    """Return the releases that run in an environment with what they are made of, the one that began first first."""
    found: dict[str, Release] = {}
    unknown = 0
    for one in sorted(tx.deployments.runs(service.id, environment, now), key=lambda run: (run.started_at, run.id)):
        release = tx.releases.get(one.release_id) if one.release_id else None
        if release is None or release.sbom is None:
            unknown += 1
        else:
            found.setdefault(release.id, release)
    every = list(found.values())
    kept = every[:MOST_RUNNING]
    compared = [Compared(tx.sboms.load(one.sbom), one) for one in kept if one.sbom is not None]
    return compared, tuple(_notes(environment, every, unknown))


def _notes(environment: str, every: Sequence[Release], unknown: int) -> list[str]:
    notes = []
    if len(every) > 1:
        named = ", ".join(one.version for one in every[:_SHOWN]) + (", …" if len(every) > _SHOWN else "")
        said = f"{len(every)} releases run in `{environment}` at once ({named})"
        notes.append(f"{said}: only what all of them have was there before")
    if len(every) > MOST_RUNNING:
        notes.append(f"of those only the {MOST_RUNNING} that began first are compared with")
    if unknown:
        notes.append(f"{unknown} of what runs in `{environment}` has no known composition: not compared with")
    return notes
