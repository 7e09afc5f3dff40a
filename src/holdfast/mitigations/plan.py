"""Plans: which exposures they are for, what their features cover, whether they can keep what they promise.

Rules:
1. `when` decides which exposures a plan is for, three-valued (`plan_when`); `check_plan` says at registration what
   would fail at night (`plan_check`).
2. A feature covers an exposure by its package, or when every place the package is named at lies under its paths.
3. A plan that turns features off is for what one of them covers. A step that takes the whole service away, or puts
   another release in its place, is for all of it; what a plan only looks at or tells narrows and widens nothing.
4. A plan's digest covers what it does, not the lines it stands on.
"""

import hashlib
import json
from collections.abc import Sequence
from fnmatch import fnmatchcase

from holdfast.errors import FactError
from holdfast.facts.manifest_json import plan_from_json, plan_to_json
from holdfast.mitigations.plan_check import PlanProblem, check_plan
from holdfast.mitigations.plan_when import PLAN_SCHEMA, activation_of, compile_when, matches_plan
from holdfast.model.exposure import Exposure
from holdfast.model.plan import Feature, Plan
from holdfast.model.purl import parse_purl
from holdfast.model.verdict import Fail, Pass, Unknown, Verdict

__all__ = [
    "PLAN_SCHEMA",
    "PlanProblem",
    "activation_of",
    "check_plan",
    "compile_when",
    "concerns",
    "covers",
    "matches_plan",
    "plan_digest",
    "plan_from_json",
    "plan_to_json",
]

_WHOLE_SERVICE = frozenset({"service.off", "deploy.rollback", "deploy.forward"})


def plan_digest(plan: Plan) -> str:
    """Return `sha256:…` of what a plan says; moving it in its file changes nothing."""
    content = plan_to_json(plan)
    for place in ("when_line", "when_column"):
        del content[place]
    canonical = json.dumps(["holdfast.plan/1", content], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode('utf-8', 'surrogatepass')).hexdigest()}"


def concerns(plan: Plan, exposure: Exposure, features: Sequence[Feature]) -> Verdict:
    """Return `Pass` when what a plan does concerns the exposure, `Fail` when not, `Unknown` when nobody declared it.

    Steps that block a route, send a request or run a command beside flags help them, and don't widen what the plan is
    for: otherwise `when` alone would decide about a plan that names a feature. Without any flag `when` does decide.
    """
    if any(step.action in _WHOLE_SERVICE for step in plan.steps):
        return Pass()
    flags = [step for step in plan.steps if step.action.startswith("flag.")]
    if not flags:
        return Pass()
    keys = {step.argument("flag") for step in flags} - {None}
    names = {step.argument("feature") for step in flags} - {None}
    mine = [feature for feature in features if feature.name in names or feature.flag in keys]
    if any(covers(feature, exposure) for feature in mine):
        return Pass()
    if mine and not any(feature.covers for feature in mine):
        return Unknown(f"feature `{mine[0].name}` does not say what it covers")
    return Fail(f"none of its features covers `{exposure.name}`")


def covers(feature: Feature, exposure: Exposure) -> bool:
    """Whether turning the feature off puts the exposed package out of reach, as the feature declares it.

    A package outside the feature's paths is reached by other ways, so all of the exposure's files must lie under them.
    """
    packages = [cover for cover in feature.covers if cover.startswith("pkg:")]
    if any(_is_package(cover, exposure) for cover in packages):
        return True
    globs = [cover for cover in feature.covers if not cover.startswith("pkg:")]
    files = {location.file for location in exposure.locations}
    return bool(files) and all(any(matches_glob(glob, file) for glob in globs) for file in files)


def _is_package(cover: str, exposure: Exposure) -> bool:
    try:
        component = parse_purl(f"{cover}@0")
    except FactError:
        return False
    mine, theirs = component.ecosystem.partition(":")[0], exposure.ecosystem.partition(":")[0]
    if component.ecosystem.startswith("purl:"):
        mine, theirs = component.ecosystem, exposure.ecosystem
    return mine == theirs and component.name == exposure.name


def matches_glob(glob: str, path: str) -> bool:
    """Whether a path is named by a glob, or lies below it: `*` stays within a folder, `**` goes through any number."""
    wanted = [part for part in glob.split("/") if part not in {"", "."}]
    parts = [part for part in path.split("/") if part not in {"", "."}]
    reached = {0}  # how many parts of the path the glob's parts so far can have taken
    for part in wanted:
        if part == "**":
            reached = set(range(min(reached, default=len(parts) + 1), len(parts) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and fnmatchcase(parts[at], part)}
    return bool(reached)
