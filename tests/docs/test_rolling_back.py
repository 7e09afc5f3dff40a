"""What the guide of rolling back shows can be read, and says all that there is."""

import re
from pathlib import Path

import pytest

from holdfast.edges.providers.deployers.command import SPEC as COMMAND
from holdfast.edges.providers.deployers.directories import SPEC as DIRECTORIES
from holdfast.edges.providers.operator_file import parse_targets
from holdfast.edges.providers.target_spec import TargetSpec
from holdfast.facts.manifest import parse_manifest

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "rolling-back.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.S)


def test_its_entries_are_entries_of_the_operators_file() -> None:
    entries = [block for block in BLOCKS if block.startswith("deployers:")]
    kinds = [target.kind for block in entries for target in parse_targets(block.encode(), file="targets.yaml")]
    assert kinds == ["directories", "command"]


def test_its_plan_is_a_plan() -> None:
    (plan,) = [block for block in BLOCKS if block.startswith("plans:")]
    indented = "".join(f"    {line}\n" for line in plan.splitlines())
    text = f"version: 1\nservices:\n  - name: shop\n    paths: ['.']\n{indented}"
    (service,) = parse_manifest(text.encode(), file="holdfast.yaml").services
    assert [step.action for step in service.plans[0].steps] == ["deploy.rollback"]


@pytest.mark.parametrize("spec", [DIRECTORIES, COMMAND], ids=lambda spec: spec.id)
def test_every_option_is_named(spec: TargetSpec) -> None:
    text = GUIDE.read_text()
    assert [one.name for one in spec.options if f"`{one.name}`" not in text and f"{one.name}:" not in text] == []
