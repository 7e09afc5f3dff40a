"""All that a plan can say becomes values."""

import pytest

from holdfast.facts.manifest import parse_manifest
from holdfast.model.plan import Autonomy, Drill, OnExpiry, OnFailure, Plan, Probe, Step
from tests.facts.manifest_texts import FULL, GOOD

SERVICE = parse_manifest(FULL.encode(), file="f").services[0]
PLAN = SERVICE.plans[0]


def test_steps_have_names_an_order_and_limits() -> None:
    assert PLAN.steps == (
        Step("notify", (("to", "on-call"),), id="tell"),
        Step("flag.off", (("flag", "shop.receipts"),), "off", (), attempts=5, backoff_s=0.5, deadline_s=120.0),
        Step("edge.block", (("path", "/receipts"),), after=("tell", "off")),
        Step("wait", (("for", "30s"),), after=("off",)),
    )


def test_probe_of_every_kind_becomes_a_value() -> None:
    http, tcp, command, flag, prometheus = PLAN.verify
    assert http == Probe("http", "http://{target}:8000/receipt", expect_status=503)
    assert tcp == Probe("tcp", "{target}:5432", interval_s=1.0, deadline_s=5.0)
    assert command == Probe(
        "command", "", deadline_s=10.0, arguments=(("deep", "true"), ("name", "look"), ("what", "receipts"))
    )
    assert flag == Probe("flag", "", arguments=(("flag", "shop.receipts"), ("variant", "off")))
    assert dict(prometheus.arguments) == {"query": "up == 1", "above": "0.5", "below": "1e3", "source": "main"}


def test_limits_of_a_plan_become_values() -> None:
    assert (PLAN.otherwise, PLAN.on_failure, PLAN.on_expiry) == ("down", OnFailure.KEEP, OnExpiry.REVERT)
    assert (PLAN.expires_s, PLAN.health_for_s, PLAN.cooldown_s, PLAN.max_share) == (43200.0, 300.0, 1800.0, 0.25)
    assert PLAN.health == (Probe("http", "http://127.0.0.1:8000/health", expect_status=204),)
    assert PLAN.level("production") is Autonomy.APPROVE_2


def test_drills_name_level_and_environment() -> None:
    assert SERVICE.drills == (Drill("careful", "1d", "L2", "staging"), Drill("down", "1d", "L0"))


def test_plan_that_says_nothing_of_it_has_the_defaults() -> None:
    plan = parse_manifest(GOOD.encode(), file="f").services[0].plans[0]
    bare = Plan(plan.id, plan.when, 15, 15, plan.steps, plan.coverage, plan.verify, plan.autonomy)
    assert plan == bare


@pytest.mark.parametrize(("text", "share"), [("0.25", 0.25), ("1", 1.0), ("100%", 1.0), ("12.5%", 0.125)])
def test_share_is_a_fraction_or_a_percentage(text: str, share: float) -> None:
    data = FULL.replace("max_share: 25%", f"max_share: {text}").encode()
    assert parse_manifest(data, file="f").services[0].plans[0].max_share == share
