"""A shop with one feature behind a flag, a plan, and an exposure: what tests of the response play with."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from openfeature.evaluation_context import EvaluationContext

from holdfast.edges.stores.store import open_sql_store
from holdfast.facts.manifest_json import manifest_to_json
from holdfast.loop.flags import FlagServer, define_flag
from holdfast.loop.respond import respond
from holdfast.loop.respond_engine import Engine
from holdfast.mitigations.evaluation import Evaluated
from holdfast.model.exposure import Clocks, Exposure, Risk, State, Subject
from holdfast.model.inventory import Environment, Reach, Release, Service
from holdfast.model.plan import Autonomy, Coverage, Feature, Plan, Probe, ServiceManifest, Step
from holdfast.model.run import Run
from holdfast.model.tenancy import Org
from holdfast.ports.store import Store, Transaction
from holdfast.testing.drills import rehearse
from holdfast.testing.http import FakeHttp, Reply

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
ORG = "org_1"
ENVIRONMENT = "production"
URL = "http://shop.example/checkout"
ON_OFF = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'


@dataclass
class FakeClock:
    """Stands still until it is moved."""

    at: datetime = T0

    def now(self) -> datetime:
        """Return the present instant."""
        return self.at

    def tick(self, seconds: float) -> None:
        """Move it."""
        self.at += timedelta(seconds=seconds)


@dataclass
class FakeIds:
    """Counts."""

    made: int = 0

    def new(self, prefix: str) -> str:
        """Return `<prefix>_<number>`."""
        self.made += 1
        return f"{prefix}_{self.made:06}"


def make_plan(level: str = "auto", **fields: Any) -> Plan:
    """Return a plan that turns the tax feature off and looks at the checkout."""
    plan = Plan(
        id="tax-off",
        when="true",
        when_line=3,
        when_column=11,
        steps=(Step("flag.off", (("feature", "tax"),)),),
        coverage=Coverage.FULL,
        verify=(Probe("http", URL, expect_json=(("/tax", '"flat"'),), interval_s=1.0, deadline_s=30.0),),
        autonomy=(("default", Autonomy(level)),),
    )
    return replace(plan, **fields)


def make_exposure(number: int = 1, service: str = "svc_1", **fields: Any) -> Exposure:
    """Return an open exposure of the service to a hole in `taxlib`."""
    clocks = Clocks(T0 - timedelta(days=2), None, T0, T0, T0 - timedelta(days=9))
    exposure = Exposure(
        org=ORG,
        id=f"exp_{number:06}",
        fingerprint=f"1:{number}",
        episode=1,
        subject=Subject("service", service, "shop"),
        environment=ENVIRONMENT,
        ecosystem="PyPI",
        name="taxlib",
        cluster=f"clu_{number}",
        advisories=(f"EX-{number}",),
        versions=("1.0",),
        state=State.OPEN,
        clocks=clocks,
        risk=Risk(9.8),
        backlog=False,
        releases=("rel_1",),
    )
    return replace(exposure, **fields)


@dataclass
class Shop:
    """A store with the shop in it, a fake application, a clock."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    ids: FakeIds = field(default_factory=FakeIds)
    http: FakeHttp = field(default_factory=FakeHttp)

    def __post_init__(self) -> None:
        self.server = FlagServer(self.store)
        self.http.answer_by("GET", URL, self.checkout)

    def checkout(self) -> Reply:
        """Answer as the application does, which asks for its flag every time."""
        value = self.served()
        return Reply(body=json.dumps({"tax": "exact" if value == "on" else "flat"}).encode())

    def served(self, flag: str = "tax") -> str | None:
        """Return the variant that the flag is served as."""
        out = self.server.evaluate_one(ORG, ENVIRONMENT, flag, EvaluationContext())
        assert isinstance(out, Evaluated)
        return out.variant

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a write transaction now."""
        with self.store.write(ORG, self.clock.now()) as tx:
            yield tx

    def engine(self, **options: Any) -> Engine:
        """Return an engine that knows nothing yet, as after a start."""
        return Engine(self.store, self.clock, self.ids, self.http, **options)

    def expose(self, *exposures: Exposure) -> list[Run]:
        """Store exposures and let the plans answer."""
        with self.write() as tx:
            tx.exposures.save(exposures)
            return respond(tx, exposures, self.clock.now(), self.ids)

    def run(self, run_id: str) -> Run:
        """Return a run as it is stored."""
        with self.store.read(ORG) as tx:
            return tx.runs.get(run_id)

    def exposure(self, number: int = 1) -> Exposure:
        """Return an exposure as it is stored."""
        with self.store.read(ORG) as tx:
            return tx.exposures.get(f"exp_{number:06}")

    def kinds(self) -> list[str]:
        """Return the kinds of all journal entries."""
        with self.store.read(ORG) as tx:
            return [entry.kind for entry in tx.journal.read()]


def declare(tx: Transaction, number: int, flag: str, *plans: Plan, rehearsed: bool = True) -> None:
    """Put a service with its feature, release and plans into the store."""
    name = "shop" if number == 1 else f"shop-{number}"
    feature = Feature("tax", flag, "off", ("pkg:pypi/taxlib",))
    manifest = ServiceManifest(name, (), None, 1, "internet", (feature,), plans, (), 1)
    document = manifest_to_json(manifest)
    tx.services.save(
        Service(ORG, f"svc_{number}", name, None, 1, Reach.INTERNET, claimed=True, declared_at=T0), document
    )
    release = Release(ORG, f"rel_{number}", f"svc_{number}", name, "1.0", None, None, T0, None)
    tx.releases.save(release, f"identity-{number}", document)
    if rehearsed:
        for plan in plans:
            rehearse(tx, plan, f"svc_{number}", ENVIRONMENT, T0)


@contextmanager
def open_shop(*plans: Plan, url: str = ":memory:", rehearsed: bool = True) -> Iterator[Shop]:
    """Open a shop with these plans, by default the automatic one; each with a drill that passed."""
    store = open_sql_store(url)
    try:
        store.tenants.save_org(Org(ORG, "Example", T0))
        shop = Shop(store)
        with shop.write() as tx:
            tx.environments.save(Environment(ORG, "env_1", ENVIRONMENT, 1, Reach.INTERNET))
            declare(tx, 1, "tax", *(plans or (make_plan(),)), rehearsed=False)
            define_flag(tx, ENVIRONMENT, "tax", ON_OFF, T0)
            if rehearsed:
                for plan in plans or (make_plan(),):
                    rehearse(tx, plan, "svc_1", ENVIRONMENT, T0)
        yield shop
    finally:
        store.close()
