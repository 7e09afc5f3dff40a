"""Declarations as JSON and back, without loss: what stores and releases keep."""

from collections.abc import Mapping
from typing import Any

from holdfast.errors import ManifestError
from holdfast.model.plan import Autonomy, Coverage, Drill, Feature, Plan, Probe, ServiceManifest, Step

Json = dict[str, Any]


def manifest_to_json(service: ServiceManifest) -> Json:
    """Return a service's declaration as JSON values; pairs stay lists, so that nothing depends on the order of keys."""
    return {
        "schema": "holdfast.service/1",
        "name": service.name,
        "paths": list(service.paths),
        "team": service.team,
        "tier": service.tier,
        "reach": service.reach,
        "features": [
            {"name": one.name, "flag": one.flag, "safe": one.safe, "covers": list(one.covers)}
            for one in service.features
        ],
        "plans": [plan_to_json(plan) for plan in service.plans],
        "drills": [{"plan": one.plan, "every": one.every, "level": one.level} for one in service.drills],
        "line": service.line,
    }


def manifest_from_json(document: Mapping[str, Any]) -> ServiceManifest:
    """Return the declaration that `manifest_to_json` wrote.

    Raises:
        ManifestError: it was written by something else.
    """
    try:
        return ServiceManifest(
            document["name"],
            tuple(document["paths"]),
            document["team"],
            document["tier"],
            document["reach"],
            tuple(Feature(one["name"], one["flag"], one["safe"], tuple(one["covers"])) for one in document["features"]),
            tuple(plan_from_json(plan) for plan in document["plans"]),
            tuple(Drill(one["plan"], one["every"], one["level"]) for one in document["drills"]),
            document["line"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestError(f"a stored declaration that cannot be read: {error!r}") from None


def plan_to_json(plan: Plan) -> Json:
    """Return a plan as JSON values."""
    return {
        "id": plan.id,
        "when": plan.when,
        "when_line": plan.when_line,
        "when_column": plan.when_column,
        "steps": [{"action": step.action, "arguments": [list(pair) for pair in step.arguments]} for step in plan.steps],
        "coverage": plan.coverage.value if plan.coverage else None,
        "verify": [_probe_to_json(probe) for probe in plan.verify],
        "autonomy": [[environment, rung.value] for environment, rung in plan.autonomy],
    }


def plan_from_json(document: Mapping[str, Any]) -> Plan:
    """Return the plan that `plan_to_json` wrote.

    Raises:
        ManifestError: it was written by something else.
    """
    try:
        return Plan(
            document["id"],
            document["when"],
            document["when_line"],
            document["when_column"],
            tuple(Step(step["action"], _pairs(step["arguments"])) for step in document["steps"]),
            Coverage(document["coverage"]) if document["coverage"] is not None else None,
            tuple(_probe_from_json(probe) for probe in document["verify"]),
            tuple((environment, Autonomy(rung)) for environment, rung in document["autonomy"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestError(f"a stored plan that cannot be read: {error!r}") from None


def _pairs(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)


def _probe_to_json(probe: Probe) -> Json:
    return {
        "kind": probe.kind,
        "url": probe.url,
        "method": probe.method,
        "expect_status": probe.expect_status,
        "expect_json": [list(pair) for pair in probe.expect_json],
        "expect_text": probe.expect_text,
        "interval_s": probe.interval_s,
        "deadline_s": probe.deadline_s,
    }


def _probe_from_json(document: Mapping[str, Any]) -> Probe:
    return Probe(
        document["kind"],
        document["url"],
        document["method"],
        document["expect_status"],
        _pairs(document["expect_json"]),
        document["expect_text"],
        document["interval_s"],
        document["deadline_s"],
    )
