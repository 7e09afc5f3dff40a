"""What the guide of flag systems shows can be read, and says all that there is."""

import re
from pathlib import Path

import pytest

from holdfast.edges.providers.operator_file import parse_targets
from holdfast.edges.providers.target_spec import TargetSpec
from holdfast.mitigations.actions import action_names
from holdfast.registry import load_room

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "flag-systems.md"
SPECS = load_room("edges.providers.flag_providers")


def test_its_entries_are_entries_of_the_operators_file() -> None:
    blocks = re.findall(r"```yaml\n(flags:.*?)```", GUIDE.read_text(), re.S)
    kinds = {target.kind for block in blocks for target in parse_targets(block.encode(), file="targets.yaml")}
    assert kinds == {spec.id for spec in SPECS}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_every_option_is_named(spec: TargetSpec) -> None:
    text = GUIDE.read_text()
    assert [one.name for one in spec.options if f"`{one.name}`" not in text] == []


@pytest.mark.parametrize("kind", ["LaunchDarkly", "CloudBees"])
def test_what_was_not_tried_says_so(kind: str) -> None:
    section = GUIDE.read_text().split(f"\n## {kind}")[1].split("\n## ")[0]
    assert "not tried against the live service" in section


def test_every_flag_action_is_named() -> None:
    named = {name for name in action_names() if name.startswith("flag.")}
    assert {name for name in named if f"`{name}`" in GUIDE.read_text()} == named
