"""An invented estate, built by the use cases themselves: three services, three environments, a host, one incident.

Timeline: ten days of releases; watching since day 0; at 14:02 an advisory hits `orders-api` in two environments. The
plan acts by itself in production-us and is read back; in production-eu it asks for approval.
"""

import shutil
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from holdfast.edges.stores import open_store
from holdfast.facts.manifest import parse_manifest
from holdfast.loop.advise import push_advisory
from holdfast.loop.declare import declare_environment
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.flags import define_flag
from holdfast.loop.intake import record_host, register_release
from holdfast.loop.requests import DeploymentRequest, EnvironmentRequest, HostRequest, ReleaseRequest
from holdfast.loop.respond_engine import Engine
from holdfast.loop.tokens import issue_token, login_code
from holdfast.loop.turn import Turn
from holdfast.model.advisory import Snapshot
from holdfast.model.component import Component, Location, Occurrence, Sbom, Unparsed
from holdfast.model.inventory import HostFacts, Reach
from holdfast.model.plan import ServiceManifest
from holdfast.model.tenancy import PUBLIC, Org, Permission, Token
from holdfast.ports.store import Store
from holdfast.testing.clocks import FakeClock, FakeIds
from holdfast.testing.drills import rehearse
from holdfast.testing.http import FakeHttp, Reply
from tests.fresh_store import fresh_store

ORG = "acme"
INCIDENT = datetime(2026, 3, 9, 14, 2, 0, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script>'

MANIFEST = """version: 1
services:
  - name: orders-api
    team: payments
    tier: 1
    exposure: internet
    paths: ["."]
    features:
      - {name: receipts, flag: orders.receipts, safe: "off", covers: ["pkg:pypi/acme-pdf", "src/receipts"]}
    plans:
      - id: receipts-off
        when: component.name.startsWith("acme-")
        do: [{action: flag.off, flag: orders.receipts}]
        coverage: full
        verify:
          - http: {url: "http://orders.example/receipts/1", expect: {status: 200}, interval: 100ms, deadline: 30s}
        autonomy: {default: observe, production-eu: approve-1, production-us: auto, staging: auto}
  - {name: catalog, team: shop, tier: 2, exposure: internet, paths: ["catalog"]}
  - {name: mailer, team: platform, tier: 3, exposure: internal, paths: ["mailer"]}
"""
FLAG = (
    '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on",'
    ' "metadata": {"about": "receipts"}}'
)


def advisory(
    name: str = "HF-2026-0117", package: str = "acme-pdf", fixed: str = "1.4.2", **more: Any
) -> dict[str, Any]:
    """Return an OSV record that affects everything below `fixed`."""
    affected = {
        "package": {"ecosystem": "PyPI", "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
    }
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"
    return {
        "id": name,
        "modified": "2026-03-09T14:02:00Z",
        "published": "2026-03-09T14:02:00Z",
        "summary": "Rendering a crafted receipt runs code",
        "severity": [{"type": "CVSS_V3", "score": vector}],
        "affected": [affected],
    } | more


def sbom(*packages: tuple[str, str], unparsed: tuple[Unparsed, ...] = ()) -> Sbom:
    """Return a composition of PyPI packages, each at a line of `requirements.txt`."""
    found = tuple(
        Occurrence(Component("PyPI", name, version), (Location("requirements.txt", line),), direct=True)
        for line, (name, version) in enumerate(packages, 1)
    )
    return Sbom(found, (("requirements.txt", "requirements_txt", len(found)),), unparsed)


@dataclass
class Estate:
    """A store with a clock that can be moved, and the hands that change it."""

    store: Store = field(default_factory=fresh_store)
    clock: FakeClock = field(default_factory=lambda: FakeClock(INCIDENT - timedelta(days=10)))
    ids: FakeIds = field(default_factory=FakeIds)
    http: FakeHttp = field(default_factory=FakeHttp)
    path: Path | None = None

    def __post_init__(self) -> None:
        if not self.store.tenants.orgs():
            self.store.tenants.save_org(Org(ORG, "Acme", self.clock.now()))

    def copy(self, source: Path, target: Path) -> "Estate":
        """Return an estate on a copy of this one's file, which nobody writes any more."""
        shutil.copy(source, target)
        return Estate(open_store(target), FakeClock(self.clock.now()), deepcopy(self.ids), self.http, target)

    def turn(self, deed: Any, *arguments: Any, token: Token | None = None) -> Any:
        """Do one use case in a transaction of its own."""
        now = self.clock.now()
        with self.store.write(ORG, now) as tx:
            return deed(Turn(tx, now, self.ids, token), *arguments)

    def token(self, *permissions: Permission) -> Token:
        """Return a new token."""
        wanted = permissions or (Permission.ADMIN,)
        now = self.clock.now()
        return issue_token(self.store, ORG, "a token", wanted, now=now, ids=self.ids, person="somebody")[0]

    def code(self, token: Token | None = None) -> str:
        """Return a login code."""
        code: str = self.turn(login_code, token=token or self.token())
        return code

    def environments(self) -> None:
        """Declare the three environments, and their flags."""
        for name, tier, reach in (
            ("production-eu", 1, Reach.INTERNET),
            ("production-us", 1, Reach.INTERNET),
            ("staging", 3, Reach.INTERNAL),
        ):
            self.turn(declare_environment, EnvironmentRequest(name, tier, reach))
            self.turn(lambda turn, where: define_flag(turn.tx, where, "orders.receipts", FLAG, turn.now), name)

    def release(self, service: str, version: str, made_of: Sbom | None) -> None:
        """Register a release with its declaration."""
        named: ServiceManifest = next(
            one for one in parse_manifest(MANIFEST.encode(), file="holdfast.yaml").services if one.name == service
        )
        self.turn(register_release, ReleaseRequest(service, version, sbom=made_of, manifest=named))

    def deploy(self, service: str, version: str, environment: str, ago: timedelta, target: str = "default") -> None:
        """Deploy a release that began to run some time before the incident."""
        at = INCIDENT - ago
        self.clock.set(max(self.clock.now(), at))
        request = DeploymentRequest(environment, service, version=version, target=target, started_at=at)
        self.turn(record_deployment, request)

    def feed(self, ecosystem: str, ago: timedelta) -> None:
        """Say that a feed was synced some time before the incident."""
        at = INCIDENT - ago
        with self.store.write(PUBLIC, at) as tx:
            tx.feeds.save(Snapshot(ecosystem, "fixture", at, at, 1200))

    def rehearse(self, environment: str) -> None:
        """Keep a drill of the plan that passed just now, so that `auto` is earned there."""
        (declared, *_) = parse_manifest(MANIFEST.encode(), file="holdfast.yaml").services
        now = self.clock.now()
        with self.store.write(ORG, now) as tx:
            service = tx.services.find(declared.name)
            assert service is not None
            for plan in declared.plans:
                rehearse(tx, plan, service.id, environment, now)

    def engine(self) -> Engine:
        """Return an engine whose probes see what `http` answers."""
        return Engine(self.store, self.clock, self.ids, self.http)

    def push(self, record: dict[str, Any]) -> None:
        """Push an advisory."""
        self.turn(push_advisory, record)


def services(estate: Estate) -> None:
    """Release and deploy what runs before the incident."""
    affected = sbom(("acme-pdf", "1.4.0"), ("flask", "3.0.3"), ("requests", "2.32.3"))
    estate.environments()
    for version, made_of in (("2.14.0", affected), ("2.14.2", sbom(("acme-pdf", "1.4.2"), ("flask", "3.0.3")))):
        estate.release("orders-api", version, made_of)
    for version in ("8.1.3", "8.2.0"):
        estate.release("catalog", version, sbom(("flask", "3.0.3"), ("jinja2", "3.1.6")))
    estate.release("mailer", "1.0.7", None)
    estate.release("mailer", "1.1.0", sbom(("aiosmtplib", "3.0.1")))
    day = timedelta(days=1)
    for service, version, environment, ago in (
        ("orders-api", "2.14.0", "production-eu", 9 * day),
        ("orders-api", "2.14.0", "production-us", 9 * day),
        ("mailer", "1.0.7", "production-eu", 8 * day),
        ("mailer", "1.1.0", "production-us", 6 * day),
        ("catalog", "8.1.3", "production-eu", 4 * day),
        ("catalog", "8.1.3", "production-us", 4 * day),
    ):
        estate.deploy(service, version, environment, ago)


def newest(estate: Estate) -> None:
    """Deploy what came to staging shortly before the incident."""
    estate.deploy("orders-api", "2.14.2", "staging", timedelta(hours=2))
    estate.deploy("catalog", "8.2.0", "staging", timedelta(minutes=35))


def history(estate: Estate) -> None:
    """Play earlier incidents of `orders-api` in staging, so that clocks have something to be compared with."""
    estate.http.answer("GET", "http://orders.example/receipts/1", Reply(200, b"ok"))
    engine = estate.engine()
    place = (Location("src/receipts/requirements.txt", 1),)
    for number in range(8):
        estate.clock.set(INCIDENT - timedelta(days=5) + timedelta(hours=number))
        found = Occurrence(Component("PyPI", f"acme-old-{number}", "1.0"), place, direct=True)
        estate.release("orders-api", f"1.{number}.0", Sbom((found,)))
        estate.turn(record_deployment, DeploymentRequest("staging", "orders-api", version=f"1.{number}.0"))
        estate.rehearse("staging")
        estate.clock.tick(60)
        published = estate.clock.now() - timedelta(seconds=20 + 5 * number)
        text = f"{published:%Y-%m-%dT%H:%M:%SZ}"
        estate.push(advisory(f"HF-2026-00{number}0", f"acme-old-{number}", "2.0", published=text, modified=text))
        for _ in range(4):
            estate.clock.tick(3.0 ** (number / 2))
            engine.step(ORG)
        estate.clock.tick(1200 * (number + 1))
        estate.release("orders-api", f"1.{number}.1", sbom((f"acme-old-{number}", "2.0")))
        estate.turn(record_deployment, DeploymentRequest("staging", "orders-api", version=f"1.{number}.1"))
        engine.step(ORG)


def incident(estate: Estate) -> None:
    """Let the advisory arrive 41 s after it was published, and the plan act where it may."""
    estate.rehearse("production-us")
    estate.clock.set(INCIDENT + timedelta(seconds=41))
    estate.push(advisory(aliases=["CVE-2026-0117"]))
    engine = estate.engine()
    for _ in range(6):
        estate.clock.tick(1)
        engine.step(ORG)
    estate.clock.set(INCIDENT + timedelta(seconds=192))


def host(estate: Estate) -> None:
    """Let one machine report."""
    packages = tuple(
        Occurrence(Component("Debian:12", name, "1.0-1"), (Location("/var/lib/dpkg/status", line),), direct=None)
        for line, name in enumerate(("openssl", "zlib", "bash", "curl"), 1)
    )
    facts = HostFacts("builder-1", "machine-1", "Debian:12", "6.1.0-18-amd64", "x86_64")
    estate.turn(record_host, HostRequest(facts, Sbom(packages), lease_s=10_000_000))


def full_estate(path: Path | None = None) -> Estate:
    """Return everything: the estate three minutes into its incident; in a file, or in memory."""
    estate = Estate(fresh_store(str(path or ":memory:")))
    estate.feed("PyPI", timedelta(minutes=4))
    with estate.store.write(PUBLIC, estate.clock.now()) as tx:
        tx.enrichments.save("kev", {"CVE-2026-0117": {}}, estate.clock.now(), "fixture")
    services(estate)
    history(estate)
    newest(estate)
    estate.clock.set(INCIDENT - timedelta(minutes=10))
    host(estate)
    incident(estate)
    return estate
