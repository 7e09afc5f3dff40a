"""A plan's `when`: which exposures it is for.

Rules:
1. `when` is CEL over `PLAN_SCHEMA`. What is not known of an exposure is missing there: the answer is `Unknown` where it
   hangs on it, and `Unknown` never counts as "applies".
2. A plan that does not look at `finding.kind` is for holes in what runs: a deployment that no verdict allowed is none.
3. An exposure with several affected versions is one that a plan is for as soon as it is for one of them.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from holdfast.controls.cel import (
    BOOL,
    DOUBLE,
    STRING,
    Program,
    Type,
    compile_expression,
    list_of,
    object_of,
    parse_expression,
)
from holdfast.controls.vocabulary import ENVIRONMENT, SERVICE
from holdfast.errors import ExpressionError, FactError
from holdfast.model.advisory import Enrichment
from holdfast.model.component import Component
from holdfast.model.exposure import DEPLOYMENT, Exposure
from holdfast.model.inventory import Environment, Reach, Service
from holdfast.model.plan import Plan
from holdfast.model.verdict import Fail, Pass, Unknown, Verdict

DEFAULT_FILE = "holdfast.yaml"
_LOOKS_AT_KIND = re.compile(r"\bfinding\s*\.\s*kind\b")

PLAN_SCHEMA: Mapping[str, Type] = {
    "finding": object_of(
        "finding",
        {
            "id": STRING,
            "kind": STRING,
            "aliases": list_of(STRING),
            "severity": DOUBLE,
            "known_exploited": BOOL,
            "epss": DOUBLE,
            "ssvc_exploitation": STRING,
            "ssvc_automatable": STRING,
            "ssvc_technical_impact": STRING,
            "summary": STRING,
            "fix_available": BOOL,
            "fix_version": STRING,
        },
    ),
    "component": object_of(
        "component",
        {
            "ecosystem": STRING,
            "name": STRING,
            "version": STRING,
            "purl": STRING,
            "direct": BOOL,
            "scope": STRING,
        },
    ),
    "service": SERVICE,
    "environment": ENVIRONMENT,
}
"""What a plan's `when` can read. `finding.fix_available` says whether a fixed version is known."""


def compile_when(plan: Plan, *, file: str = DEFAULT_FILE) -> Program:
    """Return the program of a plan's `when`.

    Raises:
        ExpressionError: it does not parse or type-check; `where` is its line and column in the manifest `file`.
    """
    return _compile(plan.when, file, plan.when_line, plan.when_column)


@lru_cache(maxsize=4096)
def _compile(text: str, file: str, line: int, column: int) -> Program:
    return compile_expression(parse_expression(text, file=file, line=line, column=column), PLAN_SCHEMA)


def matches_plan(
    plan: Plan,
    exposure: Exposure,
    service: Service | None,
    environment: Environment | None,
    *,
    now: datetime,
    enrichment: Enrichment | None = None,
) -> Verdict:
    """Return `Pass` when the plan is for the exposure, `Fail` when not, `Unknown` when it could not be told.

    `service` is `None` for a host's exposure. `enrichment` has what the exposure itself does not hold (SSVC).
    """
    if exposure.kind == DEPLOYMENT and not _LOOKS_AT_KIND.search(plan.when):
        return Fail("it is about the deployment itself, and the plan does not look at `finding.kind`")
    try:
        program = compile_when(plan)
    except ExpressionError as error:  # it was checked when it was registered, by a version that may have been older
        return Unknown(f"the plan's `when` does not compile: {error.message}")
    verdicts = [
        program.decide(activation_of(exposure, version, service, environment, enrichment), now=now)
        for version in exposure.versions or ("",)
    ]
    for kind in (Pass, Unknown, Fail):
        found = next((verdict for verdict in verdicts if isinstance(verdict, kind)), None)
        if found is not None:
            return found
    return Unknown("nothing to decide about")


def activation_of(
    exposure: Exposure,
    version: str,
    service: Service | None,
    environment: Environment | None,
    enrichment: Enrichment | None = None,
) -> dict[str, object]:
    """Return the variables of `PLAN_SCHEMA` for one affected version; `None` is not known."""
    return {
        "finding": _finding(exposure, enrichment or Enrichment()),
        "component": {
            "ecosystem": exposure.ecosystem,
            "name": exposure.name,
            "version": version or None,
            "purl": _purl(exposure, version),
            "direct": exposure.direct,
            "scope": None,  # an exposure spans releases, whose scopes may differ
        },
        "service": service
        and {"name": service.name, "team": service.team, "tier": service.tier, "exposure": _reach(service.reach)},
        "environment": environment
        and {"name": environment.name, "tier": environment.tier, "exposure": _reach(environment.reach)},
    }


def _finding(exposure: Exposure, enrichment: Enrichment) -> dict[str, object]:
    risk = exposure.risk
    exploited = risk.known_exploited if risk.known_exploited is not None else enrichment.known_exploited
    return {
        "id": exposure.advisories[0] if exposure.advisories else None,
        "kind": exposure.kind,
        "aliases": list(exposure.advisories),
        "severity": _double(risk.severity),
        "known_exploited": exploited,
        "epss": _double(risk.epss if risk.epss is not None else enrichment.epss),
        "ssvc_exploitation": enrichment.ssvc_exploitation,
        "ssvc_automatable": enrichment.ssvc_automatable,
        "ssvc_technical_impact": enrichment.ssvc_technical_impact,
        "summary": exposure.summary,
        "fix_available": risk.fix_version is not None,
        "fix_version": risk.fix_version,
    }


def _double(value: float | None) -> float | None:
    return None if value is None else float(value)


def _reach(reach: Reach) -> str | None:
    return None if reach is Reach.UNKNOWN else reach.value


def _purl(exposure: Exposure, version: str) -> str | None:
    try:
        return Component(exposure.ecosystem, exposure.name, version).purl if version else None
    except FactError:  # a name that no component could have been read with
        return None
