"""The store: transactions over one org's state.

A write transaction is atomic: state, its journal entries and their hashes are committed together or not at all. Journal
entries appended in it are numbered and hashed at commit, when the head row is locked last. Nothing of another org is
reachable from a transaction; public advisories (`model.tenancy.PUBLIC`) can be read from all.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from holdfast.model.tenancy import Group, Org, Team, Token
from holdfast.ports.adoption import InheritedBaselines
from holdfast.ports.advisories import Advisories, Clusters, Enrichments, Feeds
from holdfast.ports.clock import Clock
from holdfast.ports.facts import Deployments, Environments, Hosts, Releases, Sboms, Services
from holdfast.ports.findings import Exposures, Spans
from holdfast.ports.gate import Builds, Policies, Waivers
from holdfast.ports.journal import Journal
from holdfast.ports.mitigations import Drills, FlagClients, Flags, Leases, Outbox, Overlays, Runs, Signals, Timers
from holdfast.ports.oidc import Trusts
from holdfast.ports.queries import Queries
from holdfast.ports.vex import VexDocuments


class Settings(Protocol):
    """Small named values of an org: the pause switch, feed ages, idempotency answers."""

    def get(self, name: str) -> str | None:
        """Return a value, `None` when it was never set."""
        ...

    def set(self, name: str, value: str | None) -> None:
        """Keep a value; `None` removes it."""
        ...

    def remember(self, key: str, request: str, answer: str, at: datetime) -> None:
        """Keep the answer to an idempotent request: `key` per token and route, `request` the digest of its body."""
        ...

    def recall(self, key: str) -> tuple[str, str] | None:
        """Return (request digest, answer) of an earlier idempotent request."""
        ...

    def forget(self, before: datetime) -> int:
        """Drop idempotency answers older than `before`; returns how many."""
        ...


class Teams(Protocol):
    """Groups and teams of an org."""

    def save_group(self, group: Group) -> None:
        """Create or rename; its parent must exist."""
        ...

    def save_team(self, team: Team) -> None:
        """Create or move."""
        ...

    def find_team(self, name: str) -> Team | None:
        """Return the team of that name."""
        ...

    def teams(self) -> Sequence[Team]:
        """Return all teams by name."""
        ...

    def groups(self) -> Sequence[Group]:
        """Return all groups by name."""
        ...


class Transaction(Protocol):
    """What one org's transaction reaches, a port a role."""

    org: str
    settings: Settings
    teams: Teams
    services: Services
    releases: Releases
    sboms: Sboms
    environments: Environments
    deployments: Deployments
    hosts: Hosts
    advisories: Advisories
    clusters: Clusters
    enrichments: Enrichments
    feeds: Feeds
    spans: Spans
    exposures: Exposures
    runs: Runs
    flags: Flags
    overlays: Overlays
    flag_clients: FlagClients
    leases: Leases
    signals: Signals
    timers: Timers
    outbox: Outbox
    drills: Drills
    policies: Policies
    waivers: Waivers
    builds: Builds
    trusts: Trusts
    vex: VexDocuments
    inherited: InheritedBaselines
    journal: Journal
    queries: Queries


class Tenants(Protocol):
    """Orgs and tokens: the only things that are looked up before the org is known."""

    def save_org(self, org: Org) -> None:
        """Create an org. Its id is never reused."""
        ...

    def orgs(self) -> Sequence[Org]:
        """Return all orgs by id."""
        ...

    def save_token(self, token: Token) -> None:
        """Create or revoke (with `revoked_at`)."""
        ...

    def find_token(self, token_id: str) -> Token | None:
        """Return a token by its public id."""
        ...

    def tokens(self, org: str) -> Sequence[Token]:
        """Return an org's tokens, oldest first."""
        ...

    def forget_bound(self, org: str, before: datetime) -> int:
        """Drop tokens of pipelines that expired before; returns how many. The journal keeps that they were there."""
        ...


class Store(Protocol):
    """Gives transactions."""

    tenants: Tenants

    def write(self, org: str, now: datetime) -> AbstractContextManager[Transaction]:
        """Open a write transaction; commits at the end, rolls back on any exception. `now` stamps its entries."""
        ...

    def write_now(self, org: str, clock: Clock) -> AbstractContextManager[tuple[Transaction, datetime]]:
        """The same, with `now` taken once the turn to write has come.

        What waits must not judge by an instant before what was written meanwhile: that would not have begun yet, and
        nobody looks again.
        """
        ...

    def read(self, org: str) -> AbstractContextManager[Transaction]:
        """Open a consistent read-only view."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
