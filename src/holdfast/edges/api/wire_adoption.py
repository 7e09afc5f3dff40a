"""Wire types of adoption: what services inherit, the modes of groups, and what the next step would hold."""

from typing import Annotated

import msgspec
from msgspec import Meta

from holdfast.edges.api.wire import Answer, Instant, Question
from holdfast.model.build import Answer as Verdict
from holdfast.model.build import Mode


class InheritedIn(Question, frozen=True):
    """What a service is made of now, to be accepted as what it inherits; what was accepted stays unless `replace`."""

    sbom: msgspec.Raw
    replace: bool = False


class InheritedFindingOut(Answer, frozen=True):
    """One finding that was accepted: since when, by when it is to be repaired, since when it was known in production.

    The term counts from the acceptance, measures from when it was known; `due_at` is `null` without a date.
    """

    kind: str
    id: str
    purl: str | None
    since: Instant
    due_at: Instant | None
    known_since: Instant


class InheritedOut(Answer, frozen=True):
    """What a service inherits; `accepted` says that this very request recorded it."""

    service: str
    service_id: str
    sbom: str
    accepted_at: Instant
    accepted_by: str
    accepted: bool
    findings: list[InheritedFindingOut]
    gaps: list[str]
    overdue: int


class GroupModeIn(Question, frozen=True):
    """How strict the gate is to a group's services now, and what comes next, and when."""

    mode: Mode
    next: Mode | None = None
    from_: Annotated[Instant | None, Meta(description="When the next mode begins.")] = msgspec.field(
        default=None, name="from"
    )


class GroupModeOut(Answer, frozen=True):
    """A group's mode as its own policy says it, and as it counts under the policies above it, with what is refused."""

    group: str
    mode: Mode
    next: Mode | None
    from_: Instant | None = msgspec.field(name="from")
    counts: Mode
    changed: bool
    refused: list[str]


class WouldHoldOut(Answer, frozen=True):
    """One build that passed, and would be held in mode `block`."""

    build: str
    service: str
    at: Instant
    would_be: Verdict
    commit: str | None
    reasons: list[str]


class AdoptionGroupOut(Answer, frozen=True):
    """A group's way into the gate; `group` is empty for services whose team is in no group.

    `next` is the mode that comes, `from` when; both `null` where none is planned. `would_hold` is how many of the
    `builds` passed only because of the mode, `held` how many were held. Of what was inherited, `overdue` is past its
    date.
    """

    group: str
    mode: Mode
    next: Mode | None
    from_: Instant | None = msgspec.field(name="from")
    services: int
    accepted: int
    builds: int
    held: int
    would_hold: int
    services_that_would_hold: int
    inherited: int
    overdue: int
    rules: dict[str, int]
    top: list[WouldHoldOut]


class AdoptionPage(Answer, frozen=True):
    """Every group by name, all in one page; `more` says that there were more builds than are looked through."""

    items: list[AdoptionGroupOut]
    next: str | None
    since: Instant
    more: bool
