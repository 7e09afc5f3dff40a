"""What a plan cannot keep, found when a release is registered and not at three in the morning.

Errors stop the registration, warnings are shown. A flag is looked at in every environment that has it: the safe variant
must be one of its variants, and forcing it must change something: a plan that changes nothing mitigates nothing.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from holdfast.errors import ExpressionError, PlanError
from holdfast.mitigations.flags import Flag, parse_flag
from holdfast.mitigations.plan_when import DEFAULT_FILE, compile_when
from holdfast.model.flag import FlagDefinition
from holdfast.model.plan import Autonomy, Coverage, Plan, ServiceManifest, Step

Flags = Mapping[str, Mapping[str, FlagDefinition]]
"""Environment → key → definition."""


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """One thing a plan cannot keep. `severity` is `error` or `warning`; `where` its place in the manifest."""

    plan: str
    message: str
    where: str
    hint: str | None
    severity: str


@dataclass(frozen=True, slots=True)
class _Found:
    message: str
    hint: str | None = None
    severity: str = "error"
    where: str | None = None


def check_plan(
    manifest: ServiceManifest, flags: Flags, actions: Collection[str], *, file: str = DEFAULT_FILE
) -> list[PlanProblem]:
    """Return what is wrong with each of a service's plans; empty when they can keep what they promise.

    `flags` are the definitions of every environment, `actions` the names a step may use, `file` the manifest's name.
    """
    return [
        PlanProblem(
            plan.id,
            found.message,
            found.where or f"{file}:{plan.when_line}:{plan.when_column}",
            found.hint,
            found.severity,
        )
        for plan in manifest.plans
        for found in _check(plan, manifest, flags, actions, file)
    ]


def _check(
    plan: Plan, manifest: ServiceManifest, flags: Flags, actions: Collection[str], file: str
) -> Iterator[_Found]:
    try:
        compile_when(plan, file=file)
    except ExpressionError as error:
        yield _Found(f"its `when` does not compile: {error.message}", error.hint, where=error.where)
    yield from _check_proof(plan)
    if not plan.steps:
        yield _Found("no step: it does nothing", "name an action in `do`")
    for step in plan.steps:
        if step.action in actions:
            yield from _check_step(plan, step, manifest, flags)
        else:
            close = get_close_matches(step.action, sorted(actions), 1) or sorted(actions)
            hint = f"{'did you mean' if len(close) == 1 else 'one of'} {', '.join(f'`{name}`' for name in close)}"
            yield _Found(f"there is no action `{step.action[:60]}`", hint if close else None)


def _check_proof(plan: Plan) -> Iterator[_Found]:
    if plan.coverage is None:
        yield _Found(
            "no coverage: nobody knows how much of the hole it closes", "coverage: full, partial or client-only"
        )
    if not any(probe.kind == "http" for probe in plan.verify):
        what = "coverage `full` without a black-box probe" if plan.coverage is Coverage.FULL else "no probe"
        yield _Found(f"{what}: that it works would never be seen", "verify: [{http: {url: …, expect: {…}}}]")
    for probe in plan.verify:
        if not probe.expect_json and probe.expect_text is None and probe.expect_status == 200:
            hint = "expect a text or a JSON value that only the safe variant gives"
            yield _Found(f"the probe of {probe.url} holds before and after alike", hint, "warning")
    if plan.coverage is Coverage.CLIENT_ONLY:
        yield _Found("a flag in a client protects no server: the clock goes on", None, "warning")


def _check_step(plan: Plan, step: Step, manifest: ServiceManifest, flags: Flags) -> Iterator[_Found]:
    from holdfast.mitigations.actions import get_action  # the room is loaded when it is first used

    try:
        action = get_action(step.action)
    except PlanError:  # an action of another program, whose arguments are not known here
        return
    known = {argument.name for argument in action.arguments}
    for name, _ in step.arguments:
        if name not in known:
            close = get_close_matches(name, known, 1)
            hint = (
                f"did you mean `{close[0]}`?" if close else f"it takes {', '.join(f'`{one}`' for one in sorted(known))}"
            )
            yield _Found(f"`{step.action}` has no argument `{name[:60]}`", hint)
    for argument in action.arguments:
        if argument.required and not step.argument(argument.name):
            yield _Found(f"`{step.action}` needs `{argument.name}`", argument.about)
    if not action.reversible and any(rung is Autonomy.AUTO for _, rung in plan.autonomy):
        yield _Found(f"`auto` on `{step.action}`, which cannot be undone", "let a person approve it: `approve-1`")
    if step.action.startswith("flag."):
        yield from _check_flag(plan, step, action.resolve(step, manifest.features), manifest, flags)


def _check_flag(plan: Plan, step: Step, resolved: Step, manifest: ServiceManifest, flags: Flags) -> Iterator[_Found]:
    named, key, variant = step.argument("feature"), resolved.argument("flag"), resolved.argument("variant")
    if named is not None and named not in {feature.name for feature in manifest.features}:
        yield _Found(f"there is no feature `{named[:60]}`", f"declare it in the `features` of `{manifest.name}`")
    if not key:
        yield _Found(f"`{step.action}` names no flag", "give `flag`, or `feature`")
        return
    feature = next((feature for feature in manifest.features if feature.flag == key), None)
    if feature is None:
        hint = "declare it: its safe variant and what it covers"
        yield _Found(f"the flag `{key[:60]}` is no feature of `{manifest.name}`", hint)
    having = {name: known[key] for name, known in sorted(flags.items()) if key in known}
    if not having:
        environments = f"in {', '.join(f'`{name}`' for name in sorted(flags))}" if flags else "in any environment"
        yield _Found(f"unknown flag `{key[:60]}`: it is not defined {environments}", "define it before the release")
        return
    lacking = [name for name in sorted(flags) if name not in having and flags[name]]
    for name in lacking:
        severity = "error" if name in dict(plan.autonomy) else "warning"
        yield _Found(f"the flag `{key}` is not defined in `{name}`", "define it there as well", severity)
    if variant:
        yield from _check_variant(key, variant, having)


def _check_variant(key: str, variant: str, having: Mapping[str, FlagDefinition]) -> Iterator[_Found]:
    unchanged: dict[str, _Found] = {}
    for environment, definition in having.items():
        try:
            flag = parse_flag(key, definition.definition)
        except PlanError as error:
            yield _Found(f"the flag `{key}` in `{environment}` cannot be read: {error.message}", error.hint)
            continue
        if variant not in flag.variants:
            names = ", ".join(f"`{name}`" for name in list(flag.variants)[:10])
            yield _Found(f"the flag `{key}` in `{environment}` has no variant `{variant}`", f"its variants: {names}")
        elif flag.state == "DISABLED":
            hint = "enable it: a disabled flag serves whatever the caller's code has as default"
            yield _Found(f"the flag `{key}` in `{environment}` is disabled", hint)
        elif found := _without_effect(flag, variant, environment):
            unchanged[environment] = found
    yield from _weighed(list(unchanged.values()), all_of_them=len(unchanged) == len(having))


def _without_effect(flag: Flag, variant: str, environment: str) -> _Found | None:
    """What forcing the variant would not change. A default of `None` is the caller's own, which nobody here knows."""
    if flag.default is None or _canonical(flag.variants[flag.default]) != _canonical(flag.variants[variant]):
        return None
    same = "the default" if flag.default == variant else f"of the same value as the default `{flag.default}`"
    message = f"unsafe safe variant: `{variant}` of `{flag.key}` is {same} in `{environment}`, so forcing it changes "
    hint = "name the variant under which the feature does not run"
    if flag.document["targeting"]:
        return _Found(f"{message}only what its targeting decides", hint, "warning")
    return _Found(f"{message}nothing", hint)


def _weighed(found: Sequence[_Found], *, all_of_them: bool) -> Iterator[_Found]:
    """Where the plan works in another environment, a flag that already serves the safe variant is worth a warning."""
    for one in found:
        yield one if all_of_them else _Found(one.message, one.hint, "warning", one.where)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)
