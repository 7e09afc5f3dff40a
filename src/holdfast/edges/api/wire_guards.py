"""Wire types of guards, alerts, and of breaking the glass on a flag."""

from typing import Annotated

import msgspec
from msgspec import Meta, field

from holdfast.edges.api.wire import LINE, Answer, Identifier, Instant, Name, Question


class FlagGlassIn(Question, frozen=True):
    """Which variant of a flag is forced past every guard, and why."""

    environment: Identifier
    flag: Identifier
    variant: Identifier
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class FreezeIn(Question, frozen=True):
    """A time in which nothing acts by itself; without `starts_at` from now on, without `environments` everywhere."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    ends_at: Instant
    starts_at: Instant | None = None
    environments: Annotated[list[Identifier], Meta(max_length=100)] = field(default_factory=list)


class FreezeOut(Answer, frozen=True):
    """A time in which nothing acts by itself; no `environments` are all of them."""

    id: str
    reason: str
    starts_at: Instant
    ends_at: Instant
    environments: list[str]


class GuardsIn(Question, frozen=True):
    """Limits for what acts by itself; what is not named stays as it is."""

    max_share: Annotated[float, Meta(ge=0, le=1)] | None = None
    services_per_hour: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    flags_per_hour: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    cooldown_s: Annotated[float, Meta(ge=0, le=31_622_400)] | None = None
    max_drill_age_s: Annotated[float, Meta(ge=0, le=31_622_400)] | None = None


class GuardsOut(Answer, frozen=True):
    """Limits for what acts by itself; people and reverts are held by none of them."""

    max_share: float
    services_per_hour: int
    flags_per_hour: int
    cooldown_s: float
    max_drill_age_s: float
    freezes: list[FreezeOut]


class AlertIn(Question, frozen=True):
    """What another tool says of an exposure; it is named by its id, or by service, environment and advisory."""

    id: Annotated[str, Meta(min_length=1, max_length=200, pattern=LINE)]
    source: Name
    at: Instant
    firing: bool = True
    exposure: Identifier | None = None
    service: Name | None = None
    environment: Name | None = None
    advisory: Identifier | None = None
    detail: Annotated[str, Meta(max_length=2000)] = ""
    labels: Annotated[dict[str, Annotated[str, Meta(max_length=1000)]], Meta(max_length=50)] = field(
        default_factory=dict
    )


class AlertsOut(Answer, frozen=True):
    """What a batch of alerts did; `unmatched` are the signals that fit no exposure, which are kept all the same."""

    received: int
    new: int
    matched: int
    unmatched: list[str]
    exposures: list[str]
    runs: list[str]


class SignalOut(Answer, frozen=True):
    """Something that came in about an exposure or a run: a person's word, or an alert."""

    id: str
    kind: str
    by: str
    at: Instant
    exposure: str | None
    run: str | None
    outcome: str
    body: msgspec.Raw


class SignalPage(Answer, frozen=True):
    """Signals by id, downwards; `count` is how many there are in all."""

    items: list[SignalOut]
    next: str | None
    count: int
