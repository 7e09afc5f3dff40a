"""Where runs, flags, overlays and drills are kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from holdfast.model.drill import DrillEvidence
from holdfast.model.flag import FlagClient, FlagDefinition, Overlay
from holdfast.model.guard import AtWork, Use
from holdfast.model.run import Lease, Message, Run, RunState, Signal, Timer


class Runs(Protocol):
    """Runs with their steps."""

    def save(self, run: Run) -> None:
        """Create or change a run and all its steps."""
        ...

    def get(self, run_id: str) -> Run:
        """Return by id. Raises: NotFoundError."""
        ...

    def of_exposures(self, exposure_ids: Sequence[str]) -> Sequence[Run]:
        """Return the runs of these exposures, oldest first."""
        ...

    def unfinished(self) -> Sequence[Run]:
        """Return what an engine must go on with: approved, acting, verifying, undoing; released ones not yet undone."""
        ...

    def ready(self, owner: str, now: datetime) -> Sequence[Run]:
        """Return the unfinished runs that a worker may go on with now, oldest first.

        Left out are those that another worker holds, those that wait for a look or a try that is not due (unless they
        are to be taken back), and those that can't be read.
        """
        ...

    def at_work(self) -> Sequence[AtWork]:
        """Return the runs that change something now (acting, verifying, undoing) or wait half done for a person.

        Those of drills are left out: nothing real waits for a rehearsal.
        """
        ...

    def uses(self, since: datetime) -> Sequence[Use]:
        """Return the uses of actions that were touched at `since` or later, oldest first; those of drills too."""
        ...

    def acting_on(self, target: str) -> Sequence[str]:
        """Return the ids of the runs that have a step at work (intent, undoing) on a target."""
        ...

    def list(
        self,
        after: str | None = None,
        limit: int = 100,
        *,
        states: Sequence[RunState] = (),
        since: datetime | None = None,
        drills: bool = False,
    ) -> Sequence[Run]:
        """Return runs with an id below `after`, newest first; of these states, begun to exist at `since` or later.

        Those of drills are left out unless `drills` asks for them.
        """
        ...

    def count(self, states: Sequence[RunState], *, drills: bool = False) -> Mapping[RunState, int]:
        """Return how many runs are in each of these states that any is in; those of drills where `drills` asks."""
        ...


class Leases(Protocol):
    """Who drives which run. The fence rises with every claim and never falls."""

    def claim(self, run_id: str, owner: str, now: datetime, until: datetime) -> Lease | None:
        """Take a run that nobody holds at `now`, or that `owner` holds; `None` when another worker does."""
        ...

    def keep(self, lease: Lease, until: datetime) -> Lease:
        """Hold it longer, inside the transaction that relies on it. Raises: FencedError: another has it by now."""
        ...

    def give(self, lease: Lease) -> None:
        """Let it go; does nothing when another has it by now."""
        ...

    def of(self, run_id: str) -> Lease | None:
        """Return who holds or held it last."""
        ...


class Signals(Protocol):
    """What came in, kept once by id."""

    def add(self, signals: Sequence[Signal]) -> Sequence[str]:
        """Keep them; returns the ids of those that were not there yet."""
        ...

    def of_run(self, run_id: str) -> Sequence[Signal]:
        """Return a run's, oldest first."""
        ...

    def of_exposure(self, exposure_id: str, after: str | None = None, limit: int = 100) -> Sequence[Signal]:
        """Return an exposure's with an id below `after`, newest id first."""
        ...

    def count(self, exposure_id: str) -> int:
        """Return how many there are of an exposure."""
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """Drop the oldest ones of before whose exposure and run are over; returns how many, at most `limit`.

        What was said by breaking the glass stays: it is what makes merging a spool twice once.
        """
        ...


class Timers(Protocol):
    """What is due later; one of each (run, step, kind)."""

    def set(self, timer: Timer) -> None:
        """Create or move."""
        ...

    def clear(self, run_id: str, step: int | None = None, kind: str | None = None) -> None:
        """Remove a run's, all or those of a step, of a kind."""
        ...

    def due(self, now: datetime, limit: int = 1000, *, kind: str | None = None) -> Sequence[Timer]:
        """Return what is due, of one kind or of all, earliest first."""
        ...

    def next_at(self) -> datetime | None:
        """Return when the earliest is due."""
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """Drop those due before whose run is over, or is not there; returns how many, at most `limit`."""
        ...


class Outbox(Protocol):
    """What is to be told to others, in the transaction that gave the reason for it."""

    def add(self, message: Message) -> None:
        """Keep it; does nothing when its id is there already."""
        ...

    def save(self, message: Message) -> None:
        """Change a message after a try."""
        ...

    def due(self, now: datetime, limit: int = 100, *, to: str | None = None) -> Sequence[Message]:
        """Return what was not sent and is due, oldest first; to one receiver, or to any."""
        ...

    def receivers(self, now: datetime) -> Sequence[str]:
        """Return the receivers for whom something is due, by name."""
        ...

    def is_behind(self, message: Message, now: datetime, tries: int) -> bool:
        """Whether an older one to the same receiver is under way, or waits after fewer than `tries` tries."""
        ...

    def given_up(self, after: str | None = None, limit: int = 100) -> Sequence[Message]:
        """Return what was given up with an id below `after`, newest id first."""
        ...

    def count_given_up(self) -> int:
        """Return how many reached nobody."""
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """Drop those that were taken before and whose run is over; returns how many, at most `limit`."""
        ...

    def get(self, message_id: str) -> Message:
        """Return by id. Raises: NotFoundError."""
        ...


class Drills(Protocol):
    """Evidence of rehearsals."""

    def save(self, evidence: DrillEvidence) -> None:
        """Create, or change while it runs."""
        ...

    def get(self, drill_id: str) -> DrillEvidence:
        """Return by id. Raises: NotFoundError."""
        ...

    def of_plan(
        self, service_id: str, plan: str, environment: str | None = None, limit: int = 50
    ) -> Sequence[DrillEvidence]:
        """Return a plan's drills, newest first."""
        ...

    def newest(self) -> Sequence[DrillEvidence]:
        """Return the newest ended drill of every (service, plan, environment, level)."""
        ...

    def list(self, after: str | None = None, limit: int = 100) -> Sequence[DrillEvidence]:
        """Return drills with an id below `after`, newest first."""
        ...


class Flags(Protocol):
    """Flag definitions per environment."""

    def save(self, definition: FlagDefinition) -> None:
        """Create or replace."""
        ...

    def find(self, environment: str, key: str) -> FlagDefinition | None:
        """Return one."""
        ...

    def list(self, environment: str) -> Sequence[FlagDefinition]:
        """Return all of an environment, by key."""
        ...

    def history(self, environment: str, key: str) -> Sequence[FlagDefinition]:
        """Return every version of a definition that was saved, oldest first."""
        ...

    def remove(self, environment: str, key: str) -> None:
        """Take a definition away; its history stays."""
        ...

    def revision(self, environment: str) -> int:
        """Return a number that rises with every change of a definition or an overlay."""
        ...


class Overlays(Protocol):
    """Overlays that force a variant."""

    def save(self, overlay: Overlay) -> None:
        """Create; does nothing when the id is there already."""
        ...

    def get(self, overlay_id: str) -> Overlay:
        """Return by id, a lifted one too. Raises: NotFoundError."""
        ...

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Lift; does nothing when it is lifted already."""
        ...

    def active(self, environment: str, flag: str | None = None) -> Sequence[Overlay]:
        """Return those that are not lifted, oldest first."""
        ...

    def revisions(self, environment: str, flag: str) -> Mapping[str, int]:
        """Return overlay id → the environment's revision at which it took hold, of those that are not lifted."""
        ...

    def held_by(self, run_id: str) -> Mapping[str, int]:
        """Return flag → the revision at which a run's overlay took hold: of those that hold, and are served here."""
        ...

    def of_run(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        ...


class FlagClients(Protocol):
    """Clients of the flags that are served, with what is proven of each. Telemetry: not journaled, pruned by age."""

    def save(self, clients: Sequence[FlagClient]) -> None:
        """Create or replace."""
        ...

    def list(self, environment: str, since: datetime) -> Sequence[FlagClient]:
        """Return an environment's clients that were seen at `since` or later."""
        ...

    def behind(
        self, environment: str, since: datetime, revision: int, *, after: str = "", limit: int = 100
    ) -> Sequence[FlagClient]:
        """Return server-side clients seen at `since` or later that were not given the whole set at a revision, by id.

        Those with an id above `after`, at most `limit`.
        """
        ...

    def forget(self, before: datetime) -> int:
        """Drop those not seen since; returns how many."""
        ...
