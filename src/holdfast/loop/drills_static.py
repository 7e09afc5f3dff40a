"""L0: what can be said of a plan by looking at it, and at what it would touch. At every release.

Rules:
1. The plan compiles, every flag, feature and action it names is there, its safe variant is one and changes something.
2. What it acts on can be used now: reachable, credentials accepted.
3. Before a drill acts (`L2`): every target that it would use is the test environment's own, by the operator's file.
4. A release to go back to is known where it goes back, and is not worse: planning chooses it by proof.
Nothing outside the store is asked while a transaction is open, and nothing is changed anywhere.
"""

from functools import partial

from holdfast.errors import ActionError, PlanError
from holdfast.loop.drills_bound import find_unbound
from holdfast.loop.drills_inputs import load_seen, probe_hosts_in
from holdfast.loop.drills_stage import Piece, Rehearsal
from holdfast.mitigations.action import Call
from holdfast.mitigations.actions import action_names, get_action
from holdfast.mitigations.plan import check_plan
from holdfast.mitigations.probe_hosts import HINT, find_refused_in
from holdfast.model.drill import DrillLevel
from holdfast.model.flag import FlagDefinition
from holdfast.ports.flag_provider import FlagProvider

_CHOOSING = frozenset({"deploy.rollback", "deploy.forward"})


def rehearse_static(rehearsal: Rehearsal) -> None:
    """Look at the plan, then at everything it would touch."""
    rehearsal.log.look("plan", partial(_see_plan, rehearsal))
    if rehearsal.log.evidence.level is DrillLevel.L2:
        rehearsal.log.look("targets", partial(_see_bound, rehearsal))
    for call in rehearsal.calls():
        rehearsal.log.look(f"target of step {call.number}", partial(_see_target, call))


def _see_plan(rehearsal: Rehearsal) -> str:
    piece, flags = rehearsal.piece, rehearsal.world().flags()
    known: dict[str, FlagDefinition] = {}
    with rehearsal.stage.store.read(rehearsal.org) as tx:
        hosts = probe_hosts_in(load_seen(tx))
        if flags.own:
            known = {flag.key: flag for flag in tx.flags.list(rehearsal.environment)}
    refused = list(find_refused_in(piece.plan, hosts))
    if refused:
        raise PlanError("; ".join(refused), hint=HINT)
    found = check_plan(piece.manifest, {rehearsal.environment: known}, action_names())
    problems = [one for one in found if one.plan == piece.plan.id]
    # another system's flags are not in our store: they are asked for below
    wrong = [one for one in problems if one.severity == "error" and (flags.own or "flag `" not in one.message)]
    if wrong:
        raise PlanError("; ".join(one.message for one in wrong), hint=wrong[0].hint)
    count = len(piece.plan.steps)
    said = [f"it compiles, with {count} step{'s' * (count != 1)}"]
    if not flags.own:
        said += _see_foreign(piece, flags)
    said += [f"to mind: {one.message}" for one in problems if one.severity != "error"]
    return "; ".join(said)


def _see_foreign(piece: Piece, flags: FlagProvider) -> list[str]:
    """Look at the safe variants in another flag system. Raises: PlanError, ActionError."""
    seen = []
    for step in piece.steps:
        key, variant = step.argument("flag"), step.argument("variant")
        if not step.action.startswith("flag.") or not key:
            continue
        reading = flags.read(key)
        if reading is None:
            raise PlanError(f"{flags.name} has no flag `{key}`", hint="define it before the release")
        if variant and variant not in reading.variants:
            known = ", ".join(reading.variants)
            raise PlanError(f"flag `{key}` of {flags.name} has no variant `{variant}`", hint=f"its variants: {known}")
        seen.append(f"{flags.name} serves `{key}` as `{reading.served}`")
    return seen


def _see_bound(rehearsal: Rehearsal) -> str:
    piece, entries = rehearsal.piece, rehearsal.stage.entries(rehearsal.org)
    found = list(find_unbound(piece.manifest, piece.plan, rehearsal.environment, entries))
    if found:
        raise PlanError("; ".join(problem for problem, _ in found), hint=found[0][1])
    return f"it acts on nothing but `{rehearsal.environment}`'s own"


def _see_target(call: Call) -> str:
    spec = get_action(call.step.action)
    problem = spec.find_problem(call)
    if problem is not None:
        raise ActionError(problem)
    said = [f"`{spec.name}`: what it acts on can be used"]
    if spec.name in _CHOOSING:
        said += [f"{one.what}: {one.before} → {one.after} {one.note}".strip() for one in spec.plan(call)]
    return "; ".join(said)
