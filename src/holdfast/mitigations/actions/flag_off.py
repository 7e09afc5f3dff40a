"""`flag.off`: serve a feature's declared safe variant, whatever the flag's own rules say.

It lays an overlay whose id derives from the step's key, so that doing it twice is doing it once. Undoing lifts that
overlay alone; the flag returns when no other one is left.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from openfeature.evaluation_context import EvaluationContext

from holdfast.errors import PlanError
from holdfast.mitigations.action import ActionSpec, Argument, Call, Change, ReadBack
from holdfast.mitigations.evaluation import Evaluated, Evaluators, FlagSet
from holdfast.mitigations.flags import forced_variant, parse_flag
from holdfast.model.plan import Feature, FlagDefinition, Overlay, Step


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


@cache
def _evaluators() -> Evaluators:
    return Evaluators(limit=2048)


def _served(definition: FlagDefinition, overlays: Sequence[Overlay]) -> str:
    """What an unknown user gets, in words."""
    out = FlagSet([definition], overlays, _evaluators()).evaluate(definition.key, EvaluationContext())
    if isinstance(out, Evaluated):
        return f"variant {out.variant} ({out.reason})" if out.variant else f"code default ({out.reason})"
    return f"error {out.code}"


def _get_definition(call: Call) -> FlagDefinition:
    flag = call.require("flag")
    definition = call.flags.find(flag)
    if definition is None:
        raise PlanError(
            f"there is no flag `{flag}` in `{call.environment}`", hint="define it before the release is deployed"
        )
    variant = call.require("variant")
    if variant not in parse_flag(flag, definition.definition).variants:
        raise PlanError(f"flag `{flag}` in `{call.environment}` has no variant `{variant}`", hint="it must be declared")
    return definition


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
    )


def _plan(call: Call) -> Sequence[Change]:
    definition = _get_definition(call)
    before = call.flags.active(definition.key)
    planned = _overlay(call)
    others = [overlay for overlay in before if overlay.id != planned.id]
    note = f"{len(others)} other overlay(s) hold it already" if others else ""
    what = f"flag {definition.key} in {call.environment}"
    return (Change(what, _served(definition, before), _served(definition, [*others, planned]), note),)


def _apply(call: Call) -> str:
    definition = _get_definition(call)
    call.flags.force(_overlay(call))
    return f"overlay {overlay_id(call.key)} forces `{definition.key}` to `{call.require('variant')}`"


def _read_back(call: Call) -> ReadBack:
    flag, variant = call.require("flag"), call.require("variant")
    active = call.flags.active(flag)
    if overlay_id(call.key) not in {overlay.id for overlay in active}:
        return ReadBack(False, f"no overlay of this step holds `{flag}`")
    decided = forced_variant(active)
    if decided != variant:  # the older one stays; this step's probe will tell whether that is safe as well
        return ReadBack(True, f"`{flag}` is held at `{decided}` by an older overlay, not at `{variant}`")
    return ReadBack(True, f"`{flag}` is served as `{variant}`")


def _undo(call: Call) -> str:
    mine = overlay_id(call.key)
    if mine not in {overlay.id for overlay in call.flags.held(call.run)}:  # it was intended, and never done
        return f"there is no overlay {mine}"
    call.flags.lift(mine, call.at)
    return f"overlay {mine} is lifted"


def _read_undone(call: Call) -> ReadBack:
    flag = call.require("flag")
    active = call.flags.active(flag)
    if overlay_id(call.key) in {overlay.id for overlay in active}:
        return ReadBack(False, f"the overlay still holds `{flag}`")
    if active:
        return ReadBack(True, f"`{flag}` is still held by {len(active)} other overlay(s)")
    definition = call.flags.find(flag)
    return ReadBack(True, f"`{flag}` is served as defined: {_served(definition, ())}" if definition else "no such flag")


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
)
