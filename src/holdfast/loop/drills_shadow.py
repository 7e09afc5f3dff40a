"""L1: a plan simulated where it would act, safe in production.

Rules:
1. Every step is planned and its undo captured; nothing is carried out, no flag of anybody is touched.
2. The plan's own probe is sent: it must answer, and must not hold yet, or its holding would prove nothing later.
3. A flag of Holdfast's own, `holdfast.canary`, is flipped under an overlay and lifted again; how long the change takes
   to be delivered, fetched and effective through the real serving path is measured by a reader of its own.
4. Whatever happens, the canary's overlay is lifted; one that a crash left behind is lifted by the schedule.
"""

import json
from datetime import datetime
from functools import partial

from holdfast.errors import ActionError, PlanError
from holdfast.loop.drills_stage import Rehearsal, Stage
from holdfast.loop.flags import define_flag
from holdfast.mitigations.action import Call
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.drill import seconds_words
from holdfast.model.flag import Overlay
from holdfast.ports.canary import CanaryWatch, Propagation
from holdfast.ports.flag_provider import FlagProvider

CANARY = "holdfast.canary"
CANARY_DEFINITION = json.dumps(
    {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}, separators=(",", ":")
)
CANARY_WAIT_S = 15.0


def rehearse_shadow(rehearsal: Rehearsal) -> None:
    """Look at every step, at the probe, and measure the canary."""
    for call in rehearsal.calls():
        rehearsal.log.look(f"dry run of step {call.number}", partial(_see_step, call))
    rehearsal.log.look("probe before", partial(see_probe_before, rehearsal))
    if rehearsal.piece.flags:
        rehearsal.log.look("canary", partial(_see_canary, rehearsal))


def _see_step(call: Call) -> str:
    spec = get_action(call.step.action)
    changes = [f"{one.what}: {one.before} → {one.after}" for one in spec.plan(call)]
    captured = spec.capture(call)
    kept = f"its undo needs {len(captured)} characters" if captured else "its undo needs nothing else"
    if not spec.reversible:
        kept = "it can't be taken back"
    return f"`{spec.name}` would change {', '.join(changes) or 'nothing'}; {kept}; it reaches {spec.blast_radius}"


def see_probe_before(rehearsal: Rehearsal) -> str:
    """Say what the plan's probes answer before anything was done.

    Raises:
        ActionError: nobody answers, or they hold already although nothing holds the flags.
    """
    plan = rehearsal.piece.plan
    if not plan.verify:
        raise PlanError("the plan has no probe: that it works would never be seen", hint="verify: [{http: …}]")
    outcomes = [rehearsal.look(probe) for probe in plan.verify]
    silent = next((one for one in outcomes if "no answer from" in one.detail), None)
    if silent is not None:
        raise ActionError(f"whether the plan works could not be seen: {silent.detail}")
    missed = next((one for one in outcomes if not one.holds), None)
    if missed is not None:
        return f"it answers, and does not hold yet: {missed.detail}"
    with rehearsal.stage.store.read(rehearsal.org) as tx:
        held = [one.id for key in rehearsal.piece.flags for one in tx.overlays.active(rehearsal.environment, key)]
    if held:
        return f"it holds already, under overlay {held[0]}: it is mitigated at the moment"
    raise ActionError(
        f"it holds before anything is done, so that it would prove nothing: {outcomes[0].detail}",
        hint="expect what only the safe variant gives",
    )


def _see_canary(rehearsal: Rehearsal) -> str:
    stage, org, environment = rehearsal.stage, rehearsal.org, rehearsal.environment
    provider = rehearsal.world().flags()
    if not provider.own:
        return _see_foreign_canary(rehearsal, provider)
    if stage.canary is None:
        raise ActionError("nothing here serves flags, so that no propagation can be measured", hint="`holdfast up`")
    with stage.store.write_now(org, stage.clock) as (tx, now):
        define_flag(tx, environment, CANARY, CANARY_DEFINITION, now, actor="holdfast")
    stage.on_flags(org, environment)
    with stage.canary.watch(org, environment, CANARY) as watch:
        if watch.wait("on", stage.clock.now(), CANARY_WAIT_S).effective_at is None:
            raise ActionError(
                f"`{CANARY}` is not served as `on`", hint="is it held by an overlay that was left behind?"
            )
        if "stream-cut" in rehearsal.log.evidence.faults:
            watch.cut()
        return _flip(rehearsal, watch)


def _flip(rehearsal: Rehearsal, watch: CanaryWatch) -> str:
    stage, org, environment, drill = rehearsal.stage, rehearsal.org, rehearsal.environment, rehearsal.log.evidence.id
    overlay_id = f"ovl_{drill.removeprefix('drl_')}_canary"
    reason = f"drill {drill} measures how long a change takes"
    with stage.store.write_now(org, stage.clock) as (tx, laid_at):
        tx.overlays.save(Overlay(org, overlay_id, environment, CANARY, "off", reason, drill, laid_at))
        body: dict[str, object] = {"id": drill, "overlay": overlay_id, "environment": environment}
        tx.journal.append("drill.canary", body | {"phase": "laid"})
    stage.on_flags(org, environment)
    try:
        seen = watch.wait("off", laid_at, CANARY_WAIT_S)
    finally:
        lift_canary(stage, org, drill)
    back = watch.wait("on", stage.clock.now(), CANARY_WAIT_S)
    if seen.effective_at is None:
        raise ActionError(f"`{CANARY}` did not become `off` within {CANARY_WAIT_S:g} s; {_times(seen, laid_at)}")
    if back.effective_at is None:
        raise ActionError(f"`{CANARY}` did not come back within {CANARY_WAIT_S:g} s")
    rehearsal.log.change(propagation_s=(seen.effective_at - laid_at).total_seconds())
    return f"{_times(seen, laid_at)}; and back again"


def _times(seen: Propagation, laid_at: datetime) -> str:
    named = (("delivered", seen.delivered_at), ("fetched", seen.fetched_at), ("effective", seen.effective_at))
    parts = [
        f"{name} after {seconds_words((at - laid_at).total_seconds())}" if at is not None else f"not {name}"
        for name, at in named
    ]
    return f"the change of `{CANARY}` was {', '.join(parts)}"


def lift_canary(stage: Stage, org: str, drill_id: str) -> int:
    """Lift what a drill laid on the canary; returns how many overlays that were."""
    with stage.store.write_now(org, stage.clock) as (tx, now):
        laid = [one for one in tx.overlays.of_run(drill_id) if one.lifted_at is None]
        for overlay in laid:
            tx.overlays.lift(overlay.id, now)
            body: dict[str, object] = {"id": drill_id, "overlay": overlay.id, "environment": overlay.environment}
            tx.journal.append("drill.canary", body | {"phase": "lifted"})
    for environment in sorted({one.environment for one in laid}):
        stage.on_flags(org, environment)
    return len(laid)


def _see_foreign_canary(rehearsal: Rehearsal, provider: FlagProvider) -> str:
    """Measure how long another flag system takes to answer; flip its canary, where somebody defined one."""
    clock, log = rehearsal.stage.clock, rehearsal.log
    began_at = clock.now()
    canary = provider.read(CANARY)
    read_s = (clock.now() - began_at).total_seconds()
    if canary is None or "off" not in canary.variants:
        log.change(propagation_s=read_s)
        said = f"{provider.name} answers in {seconds_words(read_s)}"
        return f"{said}; it has no `{CANARY}`, so that a change is not measured"
    began_at = clock.now()
    try:
        provider.force(CANARY, "off")
        served = provider.read(CANARY)
        took_s = (clock.now() - began_at).total_seconds()
    finally:
        provider.restore(CANARY, canary.definition)
    back = provider.read(CANARY)
    if served is None or served.served != "off":
        raise ActionError(f"{provider.name} took the change of `{CANARY}` and does not serve it")
    if back is None or back.definition != canary.definition:
        raise ActionError(f"`{CANARY}` of {provider.name} is not back as it was")
    log.change(propagation_s=took_s)
    return (
        f"{provider.name} read back the change of `{CANARY}` after {seconds_words(took_s)}, and its return to the bit"
    )
