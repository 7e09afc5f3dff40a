"""The engine and what the operator configured, together: a real nginx, a real command, a receiver, people, time."""

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.app.settings import ORG as INSTALL_ORG
from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.operator_file import parse_targets
from holdfast.edges.providers.secret_references import read_reference
from holdfast.edges.providers.target_spec import Tools
from holdfast.edges.providers.targets import ConfiguredReceivers, ConfiguredTargets, OpenTargets
from holdfast.loop.drills_inputs import note_configured
from holdfast.loop.outbox import Outbox
from holdfast.loop.respond import approve, request_run, undo
from holdfast.loop.respond_begun import approve_step
from holdfast.loop.respond_engine import Engine
from holdfast.model.exposure import State
from holdfast.model.plan import Plan, Probe, Step
from holdfast.model.run import RunState
from holdfast.testing.drills import rehearse
from tests.edges.providers.listening import Listener, listening
from tests.edges.providers.nginx_server import NginxServer, running_nginx
from tests.edges.providers.proxies.test_nginx import get
from tests.loop.shop import ORG, Shop, make_exposure, make_plan, open_shop

FILE = """\
proxies:
  - {{name: edge, kind: nginx, folder: {folder}/holdfast, config: {folder}/nginx.conf, url: "{url}", org: org_1}}
commands:
  - name: mark
    kind: process
    apply: [/usr/bin/touch, "{folder}/{{name_}}"]
    probe: [/usr/bin/test, -e, "{folder}/{{name_}}"]
    undo: [/bin/rm, -f, "{folder}/{{name_}}"]
    arguments: {{name_: "[a-z]+"}}
    org: org_1
http:
  - {{name: orders, kind: signed, url: "{hook}/orders", secret: "env:SECRET", org: org_1}}
notify:
  - {{name: oncall, kind: webhook, url: "{hook}/oncall", org: org_1}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[NginxServer]:
    with running_nginx() as started:
        yield started


@pytest.fixture
def hook() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def http() -> Iterator[HttpxHttp]:
    client = HttpxHttp()
    yield client
    client.close()


def outside(server: NginxServer, hook: Listener, http: HttpxHttp, shop: Shop) -> OpenTargets:
    """Open the operator's file, and note its entries as a server does at its start."""
    entries = parse_targets(
        FILE.format(folder=server.folder, url=server.url, hook=hook.url).encode(), file="targets.yaml"
    )
    with shop.write() as tx:
        note_configured(tx, entries)
    secrets = {"SECRET": "s3cr3t"}
    tools = Tools(http, shop.clock, Path("/nonexistent"), lambda reference: read_reference(reference, secrets))
    return OpenTargets(entries, tools)


def engine_of(shop: Shop, http: HttpxHttp, opened: OpenTargets) -> Engine:
    targets, receivers = ConfiguredTargets(opened, INSTALL_ORG), ConfiguredReceivers(opened, INSTALL_ORG)
    return Engine(shop.store, shop.clock, shop.ids, http, targets=targets, receivers=receivers)


def drive(engine: Engine, shop: Shop, seconds: float = 2.0, rounds: int = 10) -> None:
    for _ in range(rounds):
        engine.step(ORG)
        shop.clock.tick(seconds / rounds)


def plan_of(server: NginxServer, *steps: Step, path: str = "/admin") -> Plan:
    look = Probe("http", f"{server.url}{path}", expect_status=503, expect_text="Closed", interval_s=0.1)
    return make_plan(id="close", steps=steps, verify=(look,))


BLOCK = Step("edge.block", (("message", "Closed"), ("path", "/admin")))


def test_route_is_closed_told_and_opened_again(server: NginxServer, hook: Listener, http: HttpxHttp) -> None:
    told = Step("notify", (("text", "the admin pages are closed"), ("to", "oncall")))
    marked = Step("command", (("name", "mark"), ("name_", "closed")))
    with open_shop(plan_of(server, told, BLOCK, marked)) as shop:
        opened = outside(server, hook, http, shop)
        with shop.write() as tx:
            rehearse(tx, plan_of(server, told, BLOCK, marked), "svc_1", "production", shop.clock.now())
        (run,) = shop.expose(make_exposure())
        engine = engine_of(shop, http, opened)
        drive(engine, shop)
        done = shop.run(run.id)
        assert (done.state, [step.state.value for step in done.steps]) == (RunState.EFFECTIVE, ["done"] * 3), done.held
        assert (get(server.url, "/admin").status_code, get(server.url, "/").status_code) == (503, 200)
        assert shop.exposure().state is State.MITIGATED
        assert stat.S_ISREG((server.folder / "closed").stat().st_mode)
        outbox = Outbox(shop.store, shop.clock, ConfiguredReceivers(opened, INSTALL_ORG))
        assert outbox.dispatch(ORG) >= 1
        assert any(b"the admin pages are closed" in got.body for got in hook.got)
        with shop.write() as tx:
            undo(tx, run.id, "per_1", shop.clock.now())
        drive(engine, shop)
        assert shop.run(run.id).state is RunState.UNDONE
        assert get(server.url, "/admin").status_code == 200
        assert not (server.folder / "closed").exists()


def test_people_and_time_stand_between_two_steps(server: NginxServer, hook: Listener, http: HttpxHttp) -> None:
    gates = (Step("wait", (("for", "10m"),)), Step("approve", (("people", "2"),)))
    with open_shop(plan_of(server, *gates, BLOCK)) as shop:
        opened = outside(server, hook, http, shop)
        with shop.write() as tx:
            rehearse(tx, plan_of(server, *gates, BLOCK), "svc_1", "production", shop.clock.now())
        (run,) = shop.expose(make_exposure())
        drive(engine_of(shop, http, opened), shop)
        assert [step.state.value for step in shop.run(run.id).steps] == ["intent", "pending", "pending"]
        shop.clock.tick(600)
        drive(engine_of(shop, http, opened), shop)  # another worker, after a restart
        assert [step.state.value for step in shop.run(run.id).steps] == ["done", "intent", "pending"]
        for who in ("per_1", "per_2"):
            assert get(server.url, "/admin").status_code == 200
            with shop.write() as tx:
                approve_step(tx, run.id, 2, who, shop.clock.now())
            drive(engine_of(shop, http, opened), shop, 20)
        assert shop.run(run.id).state is RunState.EFFECTIVE, shop.run(run.id).held
        assert get(server.url, "/admin").status_code == 503
        with shop.write() as tx:
            undo(tx, run.id, "per_1", shop.clock.now())
        drive(engine_of(shop, http, opened), shop)
        assert get(server.url, "/admin").status_code == 200


def test_request_whose_answer_was_lost_goes_to_a_person(server: NginxServer, hook: Listener, http: HttpxHttp) -> None:
    sent = Step("http", (("target", "orders"),))
    plan = replace(plan_of(server, sent), autonomy=())
    with open_shop(plan) as shop:
        opened = outside(server, hook, http, shop)
        shop.expose(make_exposure())
        with shop.write() as tx:
            run = request_run(tx, shop.exposure().id, "close", "per_1", shop.clock.now(), shop.ids)
        with shop.write() as tx:
            run = approve(tx, run.id, "per_2", shop.clock.now())
        hook.respond = lambda got: (200, b"") if got.method == "HEAD" else None
        drive(engine_of(shop, http, opened), shop, 60)
        done = shop.run(run.id)
        assert done.state is RunState.NEEDS_PERSON, (done.state, done.held)
        assert [got.method for got in hook.got if got.method != "HEAD"] == ["POST"], "it was sent once"
