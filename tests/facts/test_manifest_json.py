"""Declarations go through JSON without loss."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import ManifestError
from holdfast.facts.manifest import manifest_from_json, manifest_to_json, parse_manifest, plan_from_json, plan_to_json
from holdfast.facts.manifest_json import HEALTH_FOR_S
from holdfast.model.plan import (
    Autonomy,
    Coverage,
    Drill,
    Feature,
    OnExpiry,
    OnFailure,
    Plan,
    Probe,
    ServiceManifest,
    Step,
)
from tests.facts.manifest_texts import FULL, GOOD

_TEXT = st.text(max_size=6)
_PAIRS = st.dictionaries(_TEXT, _TEXT, max_size=3).map(lambda found: tuple(sorted(found.items())))
_SECONDS = st.none() | st.integers(1, 9999).map(lambda tenths: tenths / 10)
_PROBES = st.builds(Probe, _TEXT, _TEXT, _TEXT, st.integers(100, 599), _PAIRS, st.none() | _TEXT, arguments=_PAIRS)
_STEPS = st.builds(
    Step,
    _TEXT,
    _PAIRS,
    _TEXT,
    st.none() | st.lists(_TEXT, max_size=2).map(tuple),
    st.none() | st.integers(1, 20),
    _SECONDS,
    _SECONDS,
)
_PLANS = st.builds(
    Plan,
    _TEXT,
    _TEXT,
    st.integers(1, 99),
    st.integers(1, 99),
    st.lists(_STEPS, max_size=2).map(tuple),
    st.none() | st.sampled_from(Coverage),
    st.lists(_PROBES, max_size=2).map(tuple),
    st.lists(st.tuples(_TEXT, st.sampled_from(Autonomy)), max_size=2).map(tuple),
    st.none() | _TEXT,
    st.sampled_from(OnFailure),
    _SECONDS,
    st.sampled_from(OnExpiry),
    st.lists(_PROBES, max_size=2).map(tuple),
    st.sampled_from([HEALTH_FOR_S, 5.0]),
    st.none() | st.sampled_from([0.25, 1.0]),
    _SECONDS,
)
_SERVICES = st.builds(
    ServiceManifest,
    _TEXT,
    st.lists(_TEXT, max_size=2).map(tuple),
    st.none() | _TEXT,
    st.none() | st.integers(1, 9),
    _TEXT,
    st.lists(st.builds(Feature, _TEXT, _TEXT, _TEXT, st.lists(_TEXT, max_size=2).map(tuple)), max_size=2).map(tuple),
    st.lists(_PLANS, max_size=2).map(tuple),
    st.lists(st.builds(Drill, _TEXT, _TEXT, st.sampled_from(["L0", "L1", "L2"]), st.none() | _TEXT), max_size=2).map(
        tuple
    ),
    st.integers(1, 99),
)


@settings(deadline=None)
@given(_SERVICES)
def test_declaration_comes_back_as_it_was(service: ServiceManifest) -> None:
    assert manifest_from_json(json.loads(json.dumps(manifest_to_json(service), sort_keys=True))) == service


@settings(deadline=None)
@given(_PLANS)
def test_plan_comes_back_as_it_was(plan: Plan) -> None:
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


@pytest.mark.parametrize("text", [GOOD, FULL])
def test_parsed_manifest_comes_back_as_it_was(text: str) -> None:
    service = parse_manifest(text.encode(), file="f").services[0]
    assert manifest_from_json(manifest_to_json(service)) == service


@pytest.mark.parametrize("document", [{}, {"name": "x"}, {"name": "x", "paths": 1}])
def test_foreign_json_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ManifestError, match="a stored declaration that cannot be read"):
        manifest_from_json(document)


def test_plan_with_an_unknown_rung_is_refused() -> None:
    document = plan_to_json(parse_manifest(GOOD.encode(), file="f").services[0].plans[0])
    with pytest.raises(ManifestError, match="a stored plan that cannot be read"):
        plan_from_json({**document, "autonomy": [["production", "whatever"]]})


OLD = """
{"schema": "holdfast.service/1", "name": "shop", "paths": ["."], "team": "storefront", "tier": 1, "reach": "internet",
 "features": [{"name": "receipts", "flag": "shop.receipts", "safe": "off",
  "covers": ["pkg:pypi/acme-pdf", "src/receipts/**"]}],
 "plans": [{"id": "receipts-off", "when": "finding.severity >= 7.0 && component.name == \\"acme-pdf\\"",
  "when_line": 15, "when_column": 15, "steps": [{"action": "flag.off", "arguments": [["flag", "shop.receipts"]]}],
  "coverage": "full",
  "verify": [{"kind": "http", "url": "http://127.0.0.1:8000/receipt", "method": "GET", "expect_status": 200,
   "expect_json": [["/n", "1"], ["/renderer", "\\"plain\\""]], "expect_text": "paid", "interval_s": 0.2,
   "deadline_s": 60.0}],
  "autonomy": [["default", "observe"], ["staging", "auto"], ["production", "approve-1"]]}],
 "drills": [{"plan": "receipts-off", "every": "7d", "level": "L1"}], "line": 3}
"""
"""What the version before plans had rungs, expiry and health wrote of `GOOD`."""


def test_declaration_of_an_older_version_is_read() -> None:
    assert manifest_from_json(json.loads(OLD)) == parse_manifest(GOOD.encode(), file="f").services[0]


def test_plan_that_uses_nothing_new_is_written_as_before() -> None:
    assert manifest_to_json(parse_manifest(GOOD.encode(), file="f").services[0]) == json.loads(OLD)


def test_level_of_old_is_read_as_the_highest_there_is() -> None:
    document = json.loads(OLD.replace('"level": "L1"', '"level": "L3"'))
    assert manifest_from_json(document).drills == (Drill("receipts-off", "7d", "L2"),)


def test_whole_number_of_a_store_gives_the_same_json() -> None:
    plan = parse_manifest(FULL.encode(), file="f").services[0].plans[0]
    document = plan_to_json(plan)
    assert json.dumps(plan_to_json(plan_from_json({**document, "expires_s": 43200}))) == json.dumps(document)


def test_health_is_watched_as_long_as_the_model_says() -> None:
    assert parse_manifest(GOOD.encode(), file="f").services[0].plans[0].health_for_s == HEALTH_FOR_S
    assert Plan("p", "true", 1, 1, (), None, (), ()).health_for_s == HEALTH_FOR_S
