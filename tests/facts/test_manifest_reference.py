"""The published reference and the published schema are those of the code."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from holdfast.facts.manifest import parse_manifest
from holdfast.facts.manifest_reference import render_reference
from holdfast.facts.manifest_schema import load_schema

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(load_schema())
    assert load_schema()["$schema"].endswith("2020-12/schema")


def test_published_schema_is_the_codes() -> None:
    assert json.loads((REFERENCE / "manifest.schema.json").read_text(encoding="utf-8")) == load_schema()


def test_reference_is_generated_from_the_schema() -> None:
    assert (REFERENCE / "holdfast.yaml.md").read_text(encoding="utf-8") == render_reference(load_schema())


def test_every_key_is_described() -> None:
    definitions = load_schema()["$defs"]
    for name in ("service", "feature", "plan", "step", "drill"):
        for key, value in definitions[name]["properties"].items():
            assert value.get("description"), f"{name}.{key}"


def test_example_of_the_reference_is_in_order() -> None:
    text = (REFERENCE / "holdfast.yaml.md").read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert parse_manifest(example.encode(), file="example").services[0].name == "shop"
