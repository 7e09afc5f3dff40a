"""What an org lets automation do: caps, rests, freezes. People and reverts are never held by any of it."""

from datetime import datetime

from holdfast.model.frozen import frozen


@frozen
class Freeze:
    """A time in which nothing acts by itself. `environments` are names, empty for all."""

    id: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    environments: tuple[str, ...] = ()

    def holds(self, environment: str, now: datetime) -> bool:
        """Whether it holds that environment at that instant."""
        return self.starts_at <= now < self.ends_at and (not self.environments or environment in self.environments)


@frozen
class Guards:
    """An org's limits for what acts by itself.

    `max_share` is the largest share of a service's instances that one run may touch; `services_per_hour` and
    `flags_per_hour` how many different ones may be acted on in any hour; `cooldown_s` how long a service rests from one
    action after a run that used it; `max_drill_age_s` after which a drill is stale where its plan says nothing.
    """

    max_share: float = 1.0
    services_per_hour: int = 1000
    flags_per_hour: int = 2000
    cooldown_s: float = 300.0
    max_drill_age_s: float = 30 * 86400.0
    freezes: tuple[Freeze, ...] = ()


@frozen
class Hold:
    """A guard that holds a run back: its name, and the reason in words that a person can act on.

    `until` is when it ends by itself, `None` when that is not known. `lasting` guards let `auto` fall to `approve-1`;
    the others only make the run wait.
    """

    guard: str
    reason: str
    until: datetime | None = None
    lasting: bool = False


@frozen
class Use:
    """One use of an action by a run, as caps and rests count them.

    `flag` is `environment/key` where the step names one. `automatic` says that nobody asked for it and nobody approved
    it, and that it is no drill. `touched_at` is when it was last acted on, taking back included; `in_place` says that
    its effect is there and is not being taken back.
    """

    run: str
    service_id: str
    action: str
    flag: str | None
    automatic: bool
    intended_at: datetime
    touched_at: datetime
    in_place: bool = False


@frozen
class AtWork:
    """A run that is changing something now, or waits half done for a person."""

    run: str
    service_id: str
    exposure: str
