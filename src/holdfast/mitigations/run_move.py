"""What a run's machine is told and what it answers: the traits of a step, what was seen of it, and the next move."""

from collections.abc import Callable
from datetime import datetime

from holdfast.mitigations.action import Switched
from holdfast.model.frozen import frozen
from holdfast.model.run import RunStep

FIRST_PAUSE_S = 1.0


@frozen
class Traits:
    """What the machine must know of a step's action, the step's own words already weighed in."""

    idempotent: bool = True
    reversible: bool = True
    attempts: int = 3
    backoff_s: float = FIRST_PAUSE_S
    deadline_s: float = 60.0


TraitsOf = Callable[[RunStep], Traits]


@frozen
class Seen:
    """What a step's action did and showed.

    `present` is whether what was wanted is there (the effect, or its absence once taken back), `None` when that can't
    be told; `error` why something could not be done or read. `applied` says that it was carried out just now, and
    `unread` that the world did not even answer whether the effect is there. `facts` are what the inventory learns of it
    when it settles the step.
    """

    present: bool | None
    detail: str
    pending: bool = False
    again_at: datetime | None = None
    applied: bool = False
    error: str | None = None
    unread: bool = False
    facts: tuple[Switched, ...] = ()


@frozen
class Intend:
    """Write down that a step is about to be carried out."""

    number: int


@frozen
class Act:
    """Carry an intended step out, unless its effect is there; `look_only` when it was carried out before."""

    number: int
    look_only: bool


@frozen
class TakeBack:
    """Write down that a step is about to be taken back."""

    number: int


@frozen
class Revert:
    """Take a step back, unless it is gone; `look_only` when it was taken back before."""

    number: int
    look_only: bool


@frozen
class Wait:
    """Nothing to do before that instant."""

    until: datetime


@frozen
class BeginUndo:
    """Begin to take everything back."""


@frozen
class Finish:
    """Every step is done, or everything is taken back."""


@frozen
class Stuck:
    """No step can go on, for that reason."""

    because: str


@frozen
class Rest:
    """Nothing to do for an engine."""


Move = Intend | Act | TakeBack | Revert | Wait | BeginUndo | Finish | Stuck | Rest
