"""A feed that is being synced does not stand in the way of a kill."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from openfeature.evaluation_context import EvaluationContext

from holdfast.edges.providers.osv_open import open_feed
from holdfast.edges.providers.system import SystemClock
from holdfast.edges.stores import open_store
from holdfast.loop.advise import push_advisory
from holdfast.loop.feeds import BATCH_RECORDS, SyncReport, sync
from holdfast.loop.flags import FlagServer, define_flag
from holdfast.loop.respond_engine import Engine
from holdfast.loop.turn import Turn
from holdfast.mitigations.evaluation import Evaluated
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.store import Store
from holdfast.testing.clocks import FakeIds
from holdfast.testing.drills import rehearse
from holdfast.testing.http import FakeHttp, Reply
from tests.e2e.test_killed import MANIFEST, RECORD
from tests.loop.world import ORG, World
from tests.shared import SHARED_DATA, needs_shared

pytestmark = needs_shared

FEEDS = {"sqlite": (["PyPI", "Go", "crates.io", "AlmaLinux"], 13_618), "postgresql": (["PyPI"], 2_661)}
"""Ecosystems and their records, by engine."""
ON_OFF = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'
URL = "http://shop.example"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store that a server would use."""
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else str(tmp_path / "holdfast.db")
    opened = open_store(url)
    yield opened
    opened.close()


def prepare(store: Store, ids: FakeIds) -> World:
    """Deploy the shop with a plan for its receipts."""
    from holdfast.facts.manifest import parse_manifest

    world = World(store, ids=ids)
    world.clock.set(SystemClock().now())
    world.ship("other", "1")
    with world.turn() as turn:
        define_flag(turn.tx, "production", "shop.receipts", ON_OFF, turn.now)
    manifest = parse_manifest(MANIFEST.format(url=URL).encode(), file="holdfast.yaml").services[0]
    world.release("shop", "1", "pkg:pypi/acme-pdf@1.4.0", manifest=manifest)
    world.deploy("shop", "1")
    with world.turn() as turn:
        service = turn.tx.services.find("shop")
        assert service is not None
        for plan in manifest.plans:
            rehearse(turn.tx, plan, service.id, "production", turn.now)
    return world


def served(store: Store) -> str | None:
    out = FlagServer(store).evaluate_one(ORG, "production", "shop.receipts", EvaluationContext())
    assert isinstance(out, Evaluated)
    return out.variant


def test_a_kill_is_through_before_the_sync_is(durable: Store, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    ecosystems, records = FEEDS[request.node.callspec.params["durable"]]
    clock, ids = SystemClock(), FakeIds()
    prepare(durable, ids)
    http = FakeHttp()
    http.answer_by("GET", f"{URL}/", lambda: Reply(body=b'{"renderer": "plain"}'))
    engine = Engine(durable, clock, ids, http)
    begun, over, reports = threading.Event(), threading.Event(), list[SyncReport]()

    def told(_ecosystem: str, read: int, _expected: int | None) -> None:
        if read >= BATCH_RECORDS:
            begun.set()

    def bring() -> None:
        feed = open_feed(str(SHARED_DATA / "osv"), tmp_path / "downloads")
        reports.append(sync(durable, feed, clock, ecosystems=ecosystems, progress=told))
        over.set()

    thread = threading.Thread(target=bring)
    thread.start()
    try:
        assert begun.wait(60)
        assert served(durable) == "on"
        now = clock.now()
        with durable.write(ORG, now) as tx:
            assert push_advisory(Turn(tx, now, ids), RECORD).matched == 1
        while engine.step(ORG) and served(durable) == "on":
            assert not over.is_set()
        assert served(durable) == "off"
        assert not over.is_set()  # thousands of records were still on their way
    finally:
        thread.join()
    (report,) = reports
    assert report.problems == ()
    assert sum(one.records for one in report.snapshots) == records
    with durable.read(PUBLIC) as tx:
        assert sum(len(tx.advisories.known(name)) for name in ecosystems) == records
