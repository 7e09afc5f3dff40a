"""Every plan of the guide is read and checked as a server would, and has nothing wrong."""

import json
import re
from pathlib import Path

import pytest

from holdfast.facts.manifest import manifest_from_json, manifest_to_json, parse_manifest
from holdfast.mitigations.actions import action_names
from holdfast.mitigations.plan import check_plan
from holdfast.model.flag import FlagDefinition
from holdfast.model.plan import Autonomy, OnExpiry, ServiceManifest
from holdfast.model.target import Target
from tests.mitigations.exposures import NOW

PAGE = (Path(__file__).parents[2] / "docs/guides/plans.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
SWITCH = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}


def service(number: int) -> ServiceManifest:
    return parse_manifest(BLOCKS[number].encode(), file="holdfast.yaml").services[0]


@pytest.fixture
def flags() -> dict[str, dict[str, FlagDefinition]]:
    definition = FlagDefinition("o", "production", "shop.receipts", json.dumps(SWITCH), 1, NOW)
    return {"production": {"shop.receipts": definition}}


TARGETS = [Target(section, "main", "any", None, None, (), "f:1:1") for section in ("deployers", "proxies", "metrics")]


def test_guide_has_three_plans_in_full() -> None:
    assert [service(number).name for number in range(len(BLOCKS))] == ["shop", "pay", "portal"]


@pytest.mark.parametrize("number", range(3))
def test_plan_of_the_guide_keeps_what_it_promises(number: int, flags: dict[str, dict[str, FlagDefinition]]) -> None:
    assert check_plan(service(number), flags, action_names(), targets=TARGETS) == []


@pytest.mark.parametrize("number", range(3))
def test_plan_of_the_guide_is_stored_without_loss(number: int) -> None:
    found = service(number)
    assert manifest_from_json(json.loads(json.dumps(manifest_to_json(found)))) == found


def test_plans_of_the_guide_say_what_the_text_says() -> None:
    shop, pay, portal = (service(number).plans for number in range(3))
    assert [plan.otherwise for plan in shop] == ["closed", None]
    assert (pay[0].expires_s, pay[0].on_expiry, pay[0].health_for_s) == (86400.0, OnExpiry.CONFIRM, 300.0)
    assert portal[0].level("production") is Autonomy.APPROVE_2
    assert [step.after for step in portal[0].steps] == [(), (), ("tell", "block")]
