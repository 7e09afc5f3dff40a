"""`flag.off`: serve a feature's declared safe variant, whatever the flag's own rules say.

It lays an overlay whose id derives from the step's key, so that doing it twice is doing it once. Undoing lifts that
overlay alone; the flag returns when no other one is left. Where another system serves the flags, the overlay is laid
first and that system is told then; what it served before the first overlay of a stack is kept in each of them, and
brought back to the bit when the last one comes off.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from holdfast.errors import PlanError
from holdfast.mitigations.action import ActionSpec, Argument, Call, Change, ReadBack
from holdfast.mitigations.flags import forced_variant
from holdfast.model.flag import FlagReading, Overlay
from holdfast.model.plan import Feature, Step


def overlay_id(key: str) -> str:
    """Return the id of the overlay that the step with this idempotency key lays."""
    return f"ovl_{hashlib.sha256(key.encode()).hexdigest()[:26]}"


def _resolve(step: Step, features: Sequence[Feature]) -> Step:
    """Write flag and variant out; `feature` or `flag` names which of the manifest's features is meant."""
    arguments = dict(step.arguments)
    for feature in features:
        if arguments.get("feature") == feature.name or arguments.get("flag") == feature.flag:
            arguments.setdefault("flag", feature.flag)
            arguments.setdefault("variant", feature.safe)
            break
    return replace(step, arguments=tuple(sorted(arguments.items())))


def _target(call: Call) -> str:
    return f"flags:{call.environment}/{call.require('flag')}"


def _read(call: Call) -> FlagReading:
    flag = call.require("flag")
    reading = call.world.flags().read(flag)
    if reading is None:
        raise PlanError(
            f"there is no flag `{flag}` in `{call.environment}`", hint="define it before the release is deployed"
        )
    variant = call.require("variant")
    if variant not in reading.variants:
        raise PlanError(f"flag `{flag}` in `{call.environment}` has no variant `{variant}`", hint="it must be declared")
    return reading


def _overlay(call: Call) -> Overlay:
    return Overlay(
        org=call.org,
        id=overlay_id(call.key),
        environment=call.environment,
        flag=call.require("flag"),
        variant=call.require("variant"),
        reason=call.reason,
        run=call.run,
        created_at=call.at,
        before=call.before or None,
        expires_at=call.expires_at,
    )


def _words(variant: str | None) -> str:
    return f"variant {variant}" if variant else "code default"


def _plan(call: Call) -> Sequence[Change]:
    reading = _read(call)
    planned = _overlay(call)
    others = [overlay for overlay in call.world.holds.active(reading.flag) if overlay.id != planned.id]
    note = f"{len(others)} other overlay(s) hold it already" if others else ""
    after = forced_variant([*others, planned])
    return (Change(f"flag {reading.flag} in {call.environment}", _words(reading.served), _words(after), note),)


def _capture(call: Call) -> str:
    """What another system served before the first of the overlays that are active; nothing for our own flags."""
    if call.world.flags().own:
        return ""
    reading = _read(call)
    held = (overlay.before for overlay in call.world.holds.active(reading.flag) if overlay.before is not None)
    return next(held, reading.definition)


def _apply(call: Call) -> str:
    provider = call.world.flags()
    reading = _read(call)
    call.world.holds.lay(_overlay(call))
    decided = forced_variant(call.world.holds.active(reading.flag)) or call.require("variant")
    provider.force(reading.flag, decided)
    return f"overlay {overlay_id(call.key)} forces `{reading.flag}` to `{call.require('variant')}`"


def _read_back(call: Call) -> ReadBack:
    flag, variant = call.require("flag"), call.require("variant")
    active = call.world.holds.active(flag)
    if overlay_id(call.key) not in {overlay.id for overlay in active}:
        return ReadBack(False, f"no overlay of this step holds `{flag}`")
    decided = forced_variant(active)
    served = _read(call).served
    if served != decided:
        return ReadBack(False, f"`{flag}` is served as {_words(served)}, and should be `{decided}`")
    if decided != variant:  # the older one stays; this step's probe will tell whether that is safe as well
        return ReadBack(True, f"`{flag}` is held at `{decided}` by an older overlay, not at `{variant}`")
    return ReadBack(True, f"`{flag}` is served as `{variant}`")


def _undo(call: Call) -> str:
    mine, provider = overlay_id(call.key), call.world.flags()
    laid = next((overlay for overlay in call.world.holds.of_run(call.run) if overlay.id == mine), None)
    if laid is None:  # it was intended, and never done
        return f"there is no overlay {mine}"
    call.world.holds.lift(mine, call.at)
    decided = forced_variant(call.world.holds.active(laid.flag))
    if decided is not None:
        provider.force(laid.flag, decided)
    elif laid.before is not None:
        provider.restore(laid.flag, laid.before)
    return f"overlay {mine} is lifted"


def _read_undone(call: Call) -> ReadBack:
    flag, mine = call.require("flag"), overlay_id(call.key)
    active = call.world.holds.active(flag)
    if mine in {overlay.id for overlay in active}:
        return ReadBack(False, f"the overlay still holds `{flag}`")
    if active:
        return ReadBack(True, f"`{flag}` is still held by {len(active)} other overlay(s)")
    reading = call.world.flags().read(flag)
    if reading is None:
        return ReadBack(True, "no such flag")
    laid = next((overlay for overlay in call.world.holds.of_run(call.run) if overlay.id == mine), None)
    if laid is not None and laid.before is not None and laid.before != reading.definition:
        return ReadBack(False, f"`{flag}` is not back as it was")
    return ReadBack(True, f"`{flag}` is served as defined: {_words(reading.served)}")


def _own(call: Call) -> bool:
    return call.world.flags().own


def _find_problem(call: Call) -> str | None:
    return call.world.flags().find_problem()


SPEC = ActionSpec(
    id="flag_off",
    name="flag.off",
    about="Serve a feature's safe variant.",
    arguments=(
        Argument("flag", False, "The flag's key; or name the `feature`."),
        Argument("feature", False, "The feature of the manifest whose flag is meant."),
        Argument("variant", False, "The variant to serve; the feature's safe one by default."),
    ),
    blast_radius="every user of the feature in one environment; nothing else of the service",
    reversible=True,
    idempotent=True,
    resolve=_resolve,
    plan=_plan,
    apply=_apply,
    read_back=_read_back,
    undo=_undo,
    read_undone=_read_undone,
    target=_target,
    capture=_capture,
    within=_own,
    find_problem=_find_problem,
)
