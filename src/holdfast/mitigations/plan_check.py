"""What a plan cannot keep, found when a release is registered and not at three in the morning.

Errors stop the registration, warnings are shown. What the manifest's text alone tells (circles, limits at odds with
each other) was found when it was read; here it is held against the server: its actions, its flags, what it may reach.
"""

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches

from holdfast.errors import ExpressionError, PlanError
from holdfast.mitigations.action import ActionSpec
from holdfast.mitigations.plan_check_flags import Flags, KnownFlags, check_definitions, check_flag
from holdfast.mitigations.plan_found import Found
from holdfast.mitigations.plan_when import DEFAULT_FILE, compile_when
from holdfast.mitigations.probe_hosts import HINT, find_refused_in, hosts_of
from holdfast.model.frozen import frozen
from holdfast.model.plan import Autonomy, Coverage, Plan, Probe, ServiceManifest, Step
from holdfast.model.target import Target

_REACH = {Coverage.CLIENT_ONLY: 0, Coverage.PARTIAL: 1, Coverage.FULL: 2}
_SECTIONS = {
    "deploy": ("deployers", "deploys"),
    "edge": ("proxies", "stands as a proxy before"),
    "service": ("proxies", "stands as a proxy before"),
}
"""The part of an action's name before the dot → the operator's section that it needs, and what that does."""
_PROBES = {"command": ("commands", "name", "command"), "prometheus": ("metrics", "source", "source of metrics")}
"""Kind of probe → the operator's section that it needs, the argument with the entry's name, what an entry is called."""
_ONE_OF = {"edge.block": ("path", "host"), "probe": ("url", "address", "command", "flag", "query")}
"""Action → arguments of which it needs one, though each by itself may be left out."""
_TOLD_BY_OPERATOR = frozenset({"http", "command"})
"""Actions of which the operator's file says, target by target, whether doing them twice is doing them once."""


@frozen
class PlanProblem:
    """One thing a plan cannot keep. `severity` is `error` or `warning`; `where` its place in the manifest."""

    plan: str
    message: str
    where: str
    hint: str | None
    severity: str


@frozen
class _Surroundings:
    manifest: ServiceManifest
    flags: KnownFlags
    actions: Collection[str]
    targets: Sequence[Target] | None


def check_plan(
    manifest: ServiceManifest,
    flags: Flags,
    actions: Collection[str],
    *,
    file: str = DEFAULT_FILE,
    targets: Sequence[Target] | None = None,
) -> list[PlanProblem]:
    """Return what is wrong with each of a service's plans; empty when they can keep what they promise.

    `flags` are the definitions of every environment, `actions` the names a step may use, `file` the manifest's name.
    `targets` is what the operator lets this server reach; `None` where nobody knows, and then nothing is said of it.
    """
    reachable = [target for target in targets or () if target.service in {None, manifest.name}]
    elsewhere = [name for name in flags if any(one.section == "flags" and one.covers(name) for one in reachable)]
    around = _Surroundings(
        manifest, KnownFlags(flags, elsewhere), actions, None if targets is None else tuple(reachable)
    )
    return [
        PlanProblem(
            plan.id,
            found.message,
            found.where or f"{file}:{plan.when_line}:{plan.when_column}",
            found.hint,
            found.severity,
        )
        for plan in manifest.plans
        for found in dict.fromkeys(_check(plan, around, file))  # two steps may have one thing wrong
    ]


def _check(plan: Plan, around: _Surroundings, file: str) -> Iterator[Found]:
    try:
        compile_when(plan, file=file)
    except ExpressionError as error:
        yield Found(f"its `when` does not compile: {error.message}", error.hint, where=error.where)
    yield from _check_proof(plan)
    if not plan.steps:
        yield Found("no step: it does nothing", "name an action in `do`")
    specs: list[ActionSpec] = []
    for step in plan.steps:
        spec = _find_action(step.action) if step.action in around.actions else None
        if spec is not None:
            specs.append(spec)
            yield from _check_step(plan, step, spec, around)
        elif step.action not in around.actions:
            yield _unknown_action(step.action, around.actions)
    if plan.steps and len(specs) == len(plan.steps):
        yield from _check_reach(plan, specs)
    for probe in (*plan.verify, *plan.health):
        yield from _check_probe(plan, probe, around)
    for refusal in find_refused_in(plan, hosts_of(around.targets or ())):
        yield Found(refusal, HINT)
    yield from _check_rehearsal(plan, around.manifest)


def _find_action(name: str) -> ActionSpec | None:
    """Return an action's spec; `None` for one of another program, of which nothing is known here."""
    from holdfast.mitigations.actions import get_action  # the room is loaded when it is first used

    try:
        return get_action(name)
    except PlanError:
        return None


def _unknown_action(name: str, actions: Collection[str]) -> Found:
    close = get_close_matches(name, sorted(actions), 1) or sorted(actions)
    hint = f"{'did you mean' if len(close) == 1 else 'one of'} {', '.join(f'`{one}`' for one in close)}"
    return Found(f"there is no action `{name[:60]}`", hint if close else None)


def _check_proof(plan: Plan) -> Iterator[Found]:
    if plan.coverage is None:
        hint = "coverage: full, partial or client-only"
        yield Found("no coverage: nobody knows how much of the hole it closes", hint)
    if not any(probe.kind != "flag" for probe in plan.verify):  # a flag's own store proves nothing of an application
        what = "coverage `full` without a black-box probe" if plan.coverage is Coverage.FULL else "no probe"
        yield Found(f"{what}: that it works would never be seen", "verify: [{http: {url: …, expect: {…}}}]")
    for probe in plan.verify:
        unspecific = not probe.expect_json and probe.expect_text is None and probe.expect_status == 200
        if probe.kind == "http" and unspecific:
            hint = "expect a text or a JSON value that only the safe variant gives"
            yield Found(f"the probe of {probe.url} holds before and after alike", hint, "warning")
    if plan.coverage is Coverage.CLIENT_ONLY:
        yield Found("a flag in a client protects no server: the clock goes on", None, "warning")


def _check_step(plan: Plan, step: Step, action: ActionSpec, around: _Surroundings) -> Iterator[Found]:
    known = {argument.name for argument in action.arguments}
    for name, _ in step.arguments:
        if name not in known and "*" not in known:
            close = get_close_matches(name, known, 1)
            takes = ", ".join(f"`{one}`" for one in sorted(known)) or "none"
            hint = f"did you mean `{close[0]}`?" if close else f"it takes {takes}"
            yield Found(f"`{step.action}` has no argument `{name[:60]}`", hint)
    if (needed := _ONE_OF.get(step.action)) and not any(step.argument(name) for name in needed):
        yield Found(f"`{step.action}` needs one of {', '.join(f'`{name}`' for name in needed)}", action.about)
    for argument in action.arguments:
        if argument.required and not step.argument(argument.name):
            yield Found(f"`{step.action}` needs `{argument.name}`", argument.about)
    if any(rung is Autonomy.AUTO for _, rung in plan.autonomy):
        yield from _check_auto(step, action)
    yield from _check_target(step, around)
    if step.action.startswith("flag."):
        resolved = action.resolve(step, around.manifest.features)
        yield from check_flag(plan, step, resolved, around.manifest, around.flags)


def _check_auto(step: Step, action: ActionSpec) -> Iterator[Found]:
    hint = "let a person approve it: `approve-1`"
    if not action.reversible:
        yield Found(f"`auto` on `{step.action}`, which cannot be undone", hint)
    if not action.idempotent:
        message = f"`auto` on `{step.action}`, which after a crash may neither be repeated nor proved to have happened"
        yield Found(message, hint, "warning" if step.action in _TOLD_BY_OPERATOR else "error")


def _check_target(step: Step, around: _Surroundings) -> Iterator[Found]:
    section, verb = _SECTIONS.get(step.action.partition(".")[0], ("", ""))
    if section and around.targets is not None and not any(one.section == section for one in around.targets):
        message = f"`{step.action}`: nothing that this server knows {verb} `{around.manifest.name}`"
        yield Found(message, f"name it in the operator's file, under `{section}`", "warning")


def _check_reach(plan: Plan, actions: Sequence[ActionSpec]) -> Iterator[Found]:
    given = [action.coverage for action in actions if action.coverage is not None]
    if not given:
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(action.name for action in actions))
        yield Found(f"it mitigates nothing: {names} alone close no hole", "add a step that does, such as `flag.off`")
    elif plan.coverage is not None and _REACH[plan.coverage] > max(_REACH[one] for one in given):
        most = max(given, key=lambda one: _REACH[one])
        message = f"coverage `{plan.coverage}` is claimed, and its actions give `{most}` at most"
        yield Found(message, f"coverage: {most}", "warning")


def _check_probe(plan: Plan, probe: Probe, around: _Surroundings) -> Iterator[Found]:
    if probe.kind == "flag":
        yield from check_definitions(plan, probe.argument("flag") or "", None, around.flags)
    found = _PROBES.get(probe.kind)
    if found is None or around.targets is None:
        return
    section, argument, what = found
    wanted = probe.argument(argument)
    known = sorted(one.name for one in around.targets if one.section == section)
    if wanted not in known and (wanted is not None or not known):
        names = ", ".join(f"`{name}`" for name in known) or "there is none"
        named = f"the {what} `{wanted[:60]}`" if wanted else f"a {what}"
        message = f"a probe needs {named}, which this server does not know"
        yield Found(message, f"under `{section}` in the operator's file: {names}", "warning")


def _check_rehearsal(plan: Plan, manifest: ServiceManifest) -> Iterator[Found]:
    automatic = [environment for environment, rung in plan.autonomy if rung is Autonomy.AUTO]
    if automatic and not any(drill.plan == plan.id for drill in manifest.drills):
        message = f"`auto` in {', '.join(f'`{name}`' for name in automatic)} is never reached without a drill"
        yield Found(message, f"drills: [{{plan: {plan.id}, every: 7d}}]", "warning")
