"""What `flag.off`, `flag.on` and `flag.set` share: they force one variant, whatever the flag's own rules say.

Rules:
1. An overlay is laid whose id derives from the step's key, so that doing it twice is doing it once. Undoing lifts that
   overlay alone; the flag returns when no other one is left.
2. Where another system serves the flags, the overlay is laid first and that system is told then. What it served before
   the first overlay of a stack is kept in each of them, and brought back to the bit when the last one comes off.
3. Where active overlays name different variants the oldest decides, whoever serves the flags.
4. Planning asks no other system: it happens inside a transaction. Whether the flag and its variant are there is asked
   by `find_problem`, before a run begins.
5. What the other system was told and does not serve yet is on its way; it is not told again meanwhile.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from holdfast.errors import ActionError, PlanError
from holdfast.mitigations.action import ActionSpec, Argument, Call, Change, ReadBack
from holdfast.mitigations.flags import forced_variant
from holdfast.model.flag import FlagReading, Overlay
from holdfast.model.plan import Feature, Step


def flag_action(
    identifier: str, name: str, about: str, variant_about: str, default: Callable[[Feature | None], str | None]
) -> ActionSpec:
    """Return an action that forces a variant; `default` gives it where a plan names none, for a known feature or not.

    `variant_about` says what the argument `variant` means.
    """
    return ActionSpec(
        id=identifier,
        name=name,
        about=about,
        arguments=(
            Argument("flag", False, "The flag's key; or name the `feature`."),
            Argument("feature", False, "The feature of the manifest whose flag is meant."),
            Argument("variant", False, variant_about),
        ),
        blast_radius="every user of the feature in one environment; nothing else of the service",
        reversible=True,
        idempotent=True,
        resolve=lambda step, features: _resolve(step, features, default),
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


def overlay_id(key: str) -> str:
    """Return the id of the overlay that the step with this idempotency key lays."""
    return f"ovl_{hashlib.sha256(key.encode()).hexdigest()[:26]}"


def _resolve(step: Step, features: Sequence[Feature], default: Callable[[Feature | None], str | None]) -> Step:
    """Write flag and variant out; `feature` or `flag` names which of the manifest's features is meant."""
    arguments = dict(step.arguments)
    feature = next((one for one in features if _is_meant(one, arguments)), None)
    if feature is not None:
        arguments.setdefault("flag", feature.flag)
    variant = default(feature)
    if variant is not None:
        arguments.setdefault("variant", variant)
    return replace(step, arguments=tuple(sorted(arguments.items())))


def _is_meant(feature: Feature, arguments: dict[str, str]) -> bool:
    return arguments.get("feature") == feature.name or arguments.get("flag") == feature.flag


def _target(call: Call) -> str:
    return f"flags:{call.environment}/{call.require('flag')}"


def _read(call: Call) -> FlagReading:
    """Return what the flag's system says of it. Raises: PlanError: it has no such flag or variant; ActionError."""
    flag, variant = call.require("flag"), call.require("variant")
    reading = call.world.flags().read(flag)
    if reading is None:
        raise PlanError(
            f"there is no flag `{flag}` in `{call.environment}`", hint="define it before the release is deployed"
        )
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


def _words(reading: FlagReading) -> str:
    if reading.served is not None:
        return f"variant {reading.served}"
    return "what its rules decide" if reading.by_rules else "code default"


def _plan(call: Call) -> Sequence[Change]:
    provider = call.world.flags()
    before = _words(_read(call)) if provider.own else f"what {provider.name} serves"
    planned = _overlay(call)
    others = [overlay for overlay in call.world.holds.active(planned.flag) if overlay.id != planned.id]
    note = f"{len(others)} other overlay(s) hold it already" if others else ""
    after = forced_variant([*others, planned])
    return (Change(f"flag {planned.flag} in {call.environment}", before, f"variant {after}", note),)


def _capture(call: Call) -> str:
    """What another system served before the first of the overlays that are active; nothing for our own flags."""
    if call.world.flags().own:
        return ""
    reading = _read(call)
    held = (overlay.before for overlay in call.world.holds.active(reading.flag) if overlay.before is not None)
    return next(held, reading.definition)


def _apply(call: Call) -> str:
    """Lay the overlay, and tell the system. Of another system `capture` has seen flag and variant already."""
    provider, overlay = call.world.flags(), _overlay(call)
    if provider.own:
        _read(call)
    call.world.holds.lay(overlay)
    provider.force(overlay.flag, forced_variant(call.world.holds.active(overlay.flag)) or overlay.variant)
    return f"overlay {overlay.id} forces `{overlay.flag}` to `{overlay.variant}`"


def _read_back(call: Call) -> ReadBack:
    flag, variant = call.require("flag"), call.require("variant")
    active = call.world.holds.active(flag)
    if overlay_id(call.key) not in {overlay.id for overlay in active}:
        return ReadBack(False, f"no overlay of this step holds `{flag}`")
    decided = forced_variant(active)
    reading, provider = _read(call), call.world.flags()
    if not provider.own and reading.held != decided:
        return ReadBack(False, f"{provider.name} does not force `{flag}` to `{decided}`")
    if reading.served != decided:
        detail = f"`{flag}` is served as {_words(reading)}, and should be `{decided}`"
        return ReadBack(False, detail, pending=not provider.own)
    if decided != variant:  # the older one stays; this step's probe will tell whether that is safe as well
        return ReadBack(True, f"`{flag}` is held at `{decided}` by an older overlay, not at `{variant}`")
    return ReadBack(True, f"`{flag}` is served as `{variant}`")


def _laid(call: Call) -> Overlay | None:
    mine = overlay_id(call.key)
    return next((overlay for overlay in call.world.holds.of_run(call.run) if overlay.id == mine), None)


def _undo(call: Call) -> str:
    laid, provider = _laid(call), call.world.flags()
    if laid is None:  # it was intended, and never done
        return f"there is no overlay {overlay_id(call.key)}"
    call.world.holds.lift(laid.id, call.at)
    if not provider.own and provider.read(laid.flag) is None:
        return f"overlay {laid.id} is lifted; {provider.name} has no flag `{laid.flag}` any more"
    decided = forced_variant(call.world.holds.active(laid.flag))
    if decided is not None:
        provider.force(laid.flag, decided)
    elif laid.before is not None:
        provider.restore(laid.flag, laid.before)
    return f"overlay {laid.id} is lifted"


def _read_undone(call: Call) -> ReadBack:
    flag, laid, provider = call.require("flag"), _laid(call), call.world.flags()
    if laid is not None and laid.lifted_at is None:
        return ReadBack(False, f"the overlay still holds `{flag}`")
    active = call.world.holds.active(flag)
    reading = provider.read(flag)
    if reading is None:
        return ReadBack(True, "no such flag")
    if active:
        decided = forced_variant(active)
        if not provider.own and reading.held != decided:
            return ReadBack(False, f"{provider.name} does not force `{flag}` to `{decided}`, as the others want")
        return ReadBack(True, f"`{flag}` is still held by {len(active)} other overlay(s)")
    if laid is None or laid.before is None or laid.before == reading.definition:
        return ReadBack(True, f"`{flag}` is served as defined: {_words(reading)}")
    if reading.held is not None:
        return ReadBack(False, f"`{flag}` is not back as it was")
    return ReadBack(True, f"nothing of ours holds `{flag}`; somebody changed it meanwhile, and that stays")


def _own(call: Call) -> bool:
    return call.world.flags().own


def _find_problem(call: Call) -> str | None:
    """Say why it can't be done: the system does not answer, or lacks the flag or the variant."""
    problem = call.world.flags().find_problem()
    if problem is not None:
        return problem
    try:
        _read(call)
    except (ActionError, PlanError) as error:
        return error.message
    return None
