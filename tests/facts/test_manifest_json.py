"""Declarations go through JSON without loss."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import ManifestError
from holdfast.facts.manifest import manifest_from_json, manifest_to_json, parse_manifest, plan_from_json, plan_to_json
from holdfast.model.plan import Autonomy, Coverage, Drill, Feature, Plan, Probe, ServiceManifest, Step
from tests.facts.manifest_texts import GOOD

_TEXT = st.text(max_size=6)
_PAIRS = st.dictionaries(_TEXT, _TEXT, max_size=3).map(lambda found: tuple(sorted(found.items())))
_PROBES = st.builds(Probe, st.just("http"), _TEXT, _TEXT, st.integers(100, 599), _PAIRS, st.none() | _TEXT)
_PLANS = st.builds(
    Plan,
    _TEXT,
    _TEXT,
    st.integers(1, 99),
    st.integers(1, 99),
    st.lists(st.builds(Step, _TEXT, _PAIRS), max_size=2).map(tuple),
    st.none() | st.sampled_from(Coverage),
    st.lists(_PROBES, max_size=2).map(tuple),
    st.lists(st.tuples(_TEXT, st.sampled_from(Autonomy)), max_size=2).map(tuple),
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
    st.lists(st.builds(Drill, _TEXT, _TEXT, _TEXT), max_size=2).map(tuple),
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


def test_parsed_manifest_comes_back_as_it_was() -> None:
    service = parse_manifest(GOOD.encode(), file="f").services[0]
    assert manifest_from_json(manifest_to_json(service)) == service


@pytest.mark.parametrize("document", [{}, {"name": "x"}, {"name": "x", "paths": 1}])
def test_foreign_json_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ManifestError, match="a stored declaration that cannot be read"):
        manifest_from_json(document)


def test_plan_with_an_unknown_rung_is_refused() -> None:
    document = plan_to_json(parse_manifest(GOOD.encode(), file="f").services[0].plans[0])
    with pytest.raises(ManifestError, match="a stored plan that cannot be read"):
        plan_from_json({**document, "autonomy": [["production", "whatever"]]})
