"""A plan from preview to undo, over the API."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from litestar.testing import TestClient

from holdfast.edges.api.app import create_app
from holdfast.edges.stores.store import SqlStore
from holdfast.ports.proxy import Block
from holdfast.ports.store import Transaction
from holdfast.testing.proxies import MemoryProxy
from holdfast.testing.targets import MemoryTargets
from tests.edges.api.conftest import PURL, RECORD, Caller, composition

MANIFEST = """version: 1
services:
  - name: shop
    team: retail
    features:
      - name: checkout
        flag: checkout
        safe: "off"
        covers: ["pkg:pypi/flaskish"]
    plans:
      - id: checkout-off
        when: "true"
        do:
          - action: flag.off
            flag: checkout
        coverage: full
        verify:
          - http:
              url: http://127.0.0.1:9/checkout
              expect: {status: 200}
        autonomy: {default: suggest}
"""
FLAG = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}


@pytest.fixture
def finding(admin: Caller) -> str:
    admin.put("/environments/production", {"exposure": "internet"})
    admin.put("/flags/production/checkout", FLAG)
    body = {"service": "shop", "version": "1", "manifest": MANIFEST, "sbom": composition(PURL)}
    release = admin.post("/releases", body)["release"]["id"]
    admin.post("/deployments", {"environment": "production", "release": release})
    admin.world.clock.tick(60)
    exposures: list[str] = admin.post("/advisories", RECORD)["exposures"]
    return exposures[0]


def test_a_plan_that_cannot_work_is_refused_when_the_release_is_registered(admin: Caller) -> None:
    admin.put("/environments/production", {})
    problem = admin.post("/releases", {"service": "shop", "version": "1", "manifest": MANIFEST}, 422)
    assert "checkout" in problem["detail"]
    assert admin.get("/services")["items"] == []


def test_a_plan_is_previewed_and_nothing_is_written(admin: Caller, finding: str) -> None:
    head = admin.get("/journal/head")
    preview = admin.post("/mitigations/preview", {"exposure": finding}, 200)
    assert preview["plan"] == "checkout-off"
    assert preview["applies"] == "pass"
    assert preview["changes"]
    assert admin.get("/journal/head") == head


def test_a_suggested_run_is_approved_and_names_who_did_it(admin: Caller, finding: str) -> None:
    run = admin.get("/mitigations")["items"][0]
    assert (run["state"], run["exposure"]) == ("suggested", finding)
    approved = admin.post(f"/mitigations/{run['id']}/approve", status=200)
    assert approved["state"] == "approved"
    assert approved["approved_by"] == admin.get("/me")["token"]["person"]
    assert admin.get(f"/mitigations/{run['id']}") == approved
    assert [one["id"] for one in admin.get(f"/findings/{finding}")["runs"]] == [run["id"]]


def test_a_rejected_run_cannot_be_approved_or_undone(admin: Caller, finding: str) -> None:
    run = admin.get("/mitigations")["items"][0]["id"]
    assert admin.post(f"/mitigations/{run}/reject", status=200)["state"] == "rejected"
    admin.post(f"/mitigations/{run}/approve", status=409)
    admin.post(f"/mitigations/{run}/undo", status=409)


def test_asking_for_a_plan_makes_the_waiting_run_go_on(admin: Caller, finding: str) -> None:
    waiting = admin.get("/mitigations")["items"][0]["id"]
    run = admin.post("/mitigations", {"exposure": finding, "plan": "checkout-off"})
    assert (run["id"], run["state"]) == (waiting, "approved")


@pytest.mark.parametrize("body", [{"exposure": "exp_none"}, {"exposure": "exp_none", "plan": "x"}])
def test_a_plan_for_nothing_is_404(admin: Caller, body: dict[str, Any]) -> None:
    admin.post("/mitigations/preview", body, 404)
    admin.post("/mitigations", body, 404)


def test_preview_asks_outside_when_no_transaction_is_open(
    admin: Caller, monkeypatch: pytest.MonkeyPatch, finding: str
) -> None:
    open_now: list[str] = []
    real = SqlStore.read

    @contextmanager
    def counted(store: SqlStore, org: str) -> Iterator[Transaction]:
        with real(store, org) as tx:
            open_now.append(org)
            try:
                yield tx
            finally:
                open_now.pop()

    class Asked(MemoryProxy):
        def blocks(self) -> Sequence[Block]:
            assert open_now == []
            return super().blocks()

    world = admin.world
    steps = ("action: flag.off\n            flag: checkout", "action: service.off\n            host: shop.example")
    text = MANIFEST.replace(*steps)
    body = {"service": "shop", "version": "2", "manifest": text, "sbom": composition(PURL)}
    release = admin.post("/releases", body)["release"]["id"]
    admin.post("/deployments", {"environment": "production", "release": release})
    monkeypatch.setattr(SqlStore, "read", counted)
    deps = replace(world.deps, targets=MemoryTargets(proxies={"edge": Asked("edge")}))
    with TestClient(create_app(deps), base_url="http://holdfast.test") as client:
        headers = {"Authorization": f"Bearer {admin.token}"}
        answer = client.post("/api/v1/mitigations/preview", json={"exposure": finding}, headers=headers).json()
    assert [(one["what"], one["after"]) for one in answer["changes"]] == [
        ("all of shop.example at edge", "turned away with status 503")
    ]
    assert answer["unasked"] == []
    nothing = admin.post("/mitigations/preview", {"exposure": finding}, 200)
    assert (nothing["changes"], "no proxy stands before" in nothing["unasked"][0]) == ([], True)
