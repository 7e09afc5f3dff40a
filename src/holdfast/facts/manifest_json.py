"""Declarations as JSON and back, without loss: what stores and releases keep.

Rules:
1. What an older version wrote is read: a key that is missing has its default.
2. Of what came later only that is written which differs from its default, so that a plan that uses none of it keeps the
   JSON, and with it the digest, that its drills and runs were recorded under.
"""

from collections.abc import Mapping
from typing import Any

from holdfast.errors import ManifestError
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

Json = dict[str, Any]
HEALTH_FOR_S = 60.0
"""How long a service's health is watched where a plan says nothing."""


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
        "drills": [
            {"plan": one.plan, "every": one.every, "level": one.level, **_given(environment=one.environment)}
            for one in service.drills
        ],
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
            tuple(_drill_from_json(one) for one in document["drills"]),
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
        "steps": [_step_to_json(step) for step in plan.steps],
        "coverage": plan.coverage.value if plan.coverage else None,
        "verify": [_probe_to_json(probe) for probe in plan.verify],
        "autonomy": [[environment, rung.value] for environment, rung in plan.autonomy],
        **_rest_of_plan(plan),
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
            tuple(_step_from_json(step) for step in document["steps"]),
            Coverage(document["coverage"]) if document["coverage"] is not None else None,
            tuple(_probe_from_json(probe) for probe in document["verify"]),
            tuple((environment, Autonomy(rung)) for environment, rung in document["autonomy"]),
            otherwise=document.get("otherwise"),
            on_failure=OnFailure(document.get("on_failure", OnFailure.UNDO)),
            expires_s=_number(document, "expires_s"),
            on_expiry=OnExpiry(document.get("on_expiry", OnExpiry.CONFIRM)),
            health=tuple(_probe_from_json(probe) for probe in document.get("health", ())),
            health_for_s=_number(document, "health_for_s") or HEALTH_FOR_S,
            max_share=_number(document, "max_share"),
            cooldown_s=_number(document, "cooldown_s"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestError(f"a stored plan that cannot be read: {error!r}") from None


def _pairs(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)


def _number(document: Mapping[str, Any], key: str) -> float | None:
    """A store may give `3600` for `3600.0`, and a digest must not tell them apart."""
    value = document.get(key)
    return None if value is None else float(value)


def _given(**values: object) -> Json:
    """Return those of the values that say something; `None` is what every one of them is by default."""
    return {name: value for name, value in values.items() if value is not None}


def _rest_of_plan(plan: Plan) -> Json:
    return _given(
        otherwise=plan.otherwise,
        on_failure=plan.on_failure.value if plan.on_failure is not OnFailure.UNDO else None,
        expires_s=plan.expires_s,
        on_expiry=plan.on_expiry.value if plan.on_expiry is not OnExpiry.CONFIRM else None,
        health=[_probe_to_json(probe) for probe in plan.health] or None,
        health_for_s=plan.health_for_s if plan.health_for_s != HEALTH_FOR_S else None,
        max_share=plan.max_share,
        cooldown_s=plan.cooldown_s,
    )


def _step_to_json(step: Step) -> Json:
    return {
        "action": step.action,
        "arguments": [list(pair) for pair in step.arguments],
        **_given(
            id=step.id or None,
            after=list(step.after) if step.after is not None else None,
            attempts=step.attempts,
            backoff_s=step.backoff_s,
            deadline_s=step.deadline_s,
        ),
    }


def _step_from_json(document: Mapping[str, Any]) -> Step:
    after = document.get("after")
    return Step(
        document["action"],
        _pairs(document["arguments"]),
        document.get("id", ""),
        tuple(after) if after is not None else None,
        document.get("attempts"),
        _number(document, "backoff_s"),
        _number(document, "deadline_s"),
    )


def _drill_from_json(document: Mapping[str, Any]) -> Drill:
    level = document["level"]
    if level == "L3":  # a level of old, which no drill ever reached: L2 is the highest there is, and acts on less
        level = "L2"
    return Drill(document["plan"], document["every"], level, document.get("environment"))


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
        **_given(arguments=[list(pair) for pair in probe.arguments] or None),
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
        _pairs(document.get("arguments", [])),
    )
