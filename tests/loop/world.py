"""A store with orgs, a clock and identifiers that do as they are told, and short words for what CI and feeds say."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from holdfast.loop.advise import PushOutcome, push_advisory
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.intake import record_host, register_release
from holdfast.loop.reconcile import reconcile
from holdfast.loop.requests import DeploymentOutcome, DeploymentRequest, HostRequest, ReleaseOutcome, ReleaseRequest
from holdfast.loop.turn import Turn
from holdfast.model.component import Location, Occurrence, Sbom
from holdfast.model.exposure import Exposure
from holdfast.model.inventory import Host, HostFacts
from holdfast.model.purl import parse_purl
from holdfast.model.tenancy import Org, Permission, Token
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock, FakeIds
from tests.fresh_store import fresh_store

ORG, OTHER = "acme", "globex"


def sbom(*purls: str) -> Sbom:
    """Return a composition with these components, one a line."""
    places = [(Location("requirements.txt", line),) for line, _ in enumerate(purls, 1)]
    found = [Occurrence(parse_purl(purl), place, True) for purl, place in zip(purls, places, strict=True)]
    return Sbom(tuple(found), (("requirements.txt", "requirements_txt", len(found)),))


def record(advisory_id: str, *ranges: tuple[str, str | None], name: str = "acme-pdf", **more: Any) -> dict[str, Any]:
    """Return an OSV record of a PyPI package; a range is (introduced, fixed)."""
    events = [
        [{"introduced": lo}, *([{"fixed": hi}] if hi is not None else [])]  # a record's own order of events
        for lo, hi in ranges
    ]
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": one} for one in events],
    }
    return {"id": advisory_id, "modified": "2026-01-01T10:00:00Z", "affected": [affected]} | more


@dataclass
class World:
    """What tests of the loop play in."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    ids: FakeIds = field(default_factory=FakeIds)
    org: str = ORG

    def __post_init__(self) -> None:
        if self.org not in {org.id for org in self.store.tenants.orgs()}:
            self.store.tenants.save_org(Org(self.org, self.org.title(), self.clock.now()))

    @contextmanager
    def turn(self, token: Token | None = None) -> Iterator[Turn]:
        """Give a turn in a write transaction."""
        now = self.clock.now()
        with self.store.write(self.org, now) as tx:
            yield Turn(tx, now, self.ids, token)

    def token(self, *permissions: Permission, team: str | None = None) -> Token:
        """Return a token; by default one that may tell facts."""
        granted = frozenset(permissions or (Permission.FACTS_WRITE,))
        return Token(self.org, "tok_1", "test", "0" * 64, granted, START, None, team)

    def release(self, service: str, version: str, *purls: str, **more: Any) -> ReleaseOutcome:
        """Register a release of these components."""
        with self.turn() as turn:
            return register_release(turn, ReleaseRequest(service, version, sbom=sbom(*purls), **more))

    def deploy(self, service: str, version: str | None = None, **more: Any) -> DeploymentOutcome:
        """Record a deployment to production."""
        with self.turn() as turn:
            return record_deployment(
                turn, DeploymentRequest(**{"environment": "production", "service": service, "version": version, **more})
            )

    def ship(self, service: str, version: str, *purls: str, **more: Any) -> DeploymentOutcome:
        """Register a release and deploy it."""
        self.release(service, version, *purls)
        return self.deploy(service, version, **more)

    def push(self, data: bytes | dict[str, Any]) -> PushOutcome:
        """Push an advisory."""
        with self.turn() as turn:
            return push_advisory(turn, data)

    def report(self, machine: str, *purls: str, environment: str = "hosts", lease_s: float = 900.0) -> Host:
        """Report a host that runs these components."""
        facts = HostFacts(machine, machine, "Debian:12", "6.1", "x86_64")
        with self.turn() as turn:
            return record_host(turn, HostRequest(facts, sbom(*purls), environment, lease_s))

    def exposures(self, *, current: bool = True) -> list[Exposure]:
        """Return the exposures of the org."""
        with self.store.read(self.org) as tx:
            return list(tx.exposures.all(current=current))

    def live(self) -> dict[tuple[str, str], Exposure]:
        """Return what is live, by (name of the service, its advisories)."""
        return {(one.subject.name, "+".join(one.advisories)): one for one in self.exposures() if one.is_live}

    def kinds(self) -> list[str]:
        """Return the kinds of all entries of the journal."""
        with self.store.read(self.org) as tx:
            return [entry.kind for entry in tx.journal.read()]

    def recompute(self) -> Sequence[str]:
        """Judge everything anew; return the kinds of what that changed."""
        with self.turn() as turn:
            return [f"{step.kind} {step.after.id}" for step in reconcile(turn, everything=True)]

    def at(self, hours: float) -> datetime:
        """Return an instant some hours from the beginning."""
        return START + timedelta(hours=hours)


@contextmanager
def open_world() -> Iterator[World]:
    """Give a world in memory."""
    opened = fresh_store()
    try:
        yield World(opened)
    finally:
        opened.close()
