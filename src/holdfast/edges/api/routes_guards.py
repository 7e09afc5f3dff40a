"""Guards: an org's limits for what acts by itself, its freezes; and forcing a flag past all of them."""

from dataclasses import replace

from litestar import Response
from litestar.params import RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.verbs import delete, get, patch, post
from holdfast.edges.api.wire import NameInPath, in_utc, to_wire
from holdfast.edges.api.wire_guards import FlagGlassIn, FreezeIn, FreezeOut, GuardsIn, GuardsOut
from holdfast.edges.api.wire_mitigations import OverlayOut
from holdfast.loop.approvals import require_person
from holdfast.loop.break_glass import force_flag, lift_force
from holdfast.loop.guards import add_freeze, get_guards, lift_freeze, set_guards
from holdfast.loop.turn import Turn
from holdfast.model.guard import Freeze, Guards
from holdfast.model.tenancy import Permission


def guards_out(guards: Guards) -> GuardsOut:
    """Return limits as they are sent."""
    return GuardsOut(
        guards.max_share,
        guards.services_per_hour,
        guards.flags_per_hour,
        guards.cooldown_s,
        guards.max_drill_age_s,
        [_freeze_out(one) for one in guards.freezes],
    )


def _freeze_out(freeze: Freeze) -> FreezeOut:
    return FreezeOut(freeze.id, freeze.reason, freeze.starts_at, freeze.ends_at, list(freeze.environments))


@get("/mitigations/guards", summary="Get the guards")
def get_limits(request: Ask) -> Response[GuardsOut]:
    """Get the limits for what acts by itself, and the freezes."""
    return read(request, lambda turn: guards_out(get_guards(turn.tx)))


@patch("/mitigations/guards", opt=takes(GuardsIn), summary="Change the guards")
def patch_limits(request: Ask, body: RawBody) -> Response[GuardsOut]:
    """Change the limits that are named; only an administrator may."""
    asked = decode_body(request, body, GuardsIn)
    named = {name: value for name in asked.__struct_fields__ if (value := getattr(asked, name)) is not None}

    def act(turn: Turn) -> GuardsOut:
        wanted = replace(get_guards(turn.tx), **named)
        return guards_out(set_guards(turn.tx, wanted, turn.identity, turn.now))

    return write(request, body, act, permission=Permission.ADMIN)


@post("/mitigations/freezes", opt=takes(FreezeIn), summary="Freeze environments")
def post_freeze(request: Ask, body: RawBody) -> Response[FreezeOut]:
    """Let nothing act by itself for a time, in some environments or all."""
    asked = decode_body(request, body, FreezeIn)

    def act(turn: Turn) -> FreezeOut:
        starts_at = in_utc(asked.starts_at, where="$.starts_at") or turn.now
        ends_at = in_utc(asked.ends_at, where="$.ends_at") or turn.now
        freeze = Freeze(turn.ids.new("frz"), asked.reason, starts_at, ends_at, tuple(asked.environments))
        add_freeze(turn.tx, freeze, turn.identity, turn.now)
        return _freeze_out(freeze)

    return write(request, body, act, permission=Permission.MITIGATE, status=201)


@delete("/mitigations/freezes/{freeze:str}", status_code=200, summary="Lift a freeze")
def delete_freeze(request: Ask, freeze: NameInPath) -> Response[GuardsOut]:
    """End a freeze before its time, as a person."""

    def act(turn: Turn) -> GuardsOut:
        return guards_out(lift_freeze(turn.tx, freeze, require_person(turn), turn.now))

    return write(request, b"", act, permission=Permission.MITIGATE)


@post("/break-glass", opt=takes(FlagGlassIn), summary="Force a flag")
def post_flag_glass(request: Ask, body: RawBody) -> Response[OverlayOut]:
    """Force a variant of a flag past every guard and approval, as a person; everybody is told why."""
    asked = decode_body(request, body, FlagGlassIn)

    def act(turn: Turn) -> OverlayOut:
        what = (asked.environment, asked.flag, asked.variant, asked.reason)
        return to_wire(OverlayOut, force_flag(turn.tx, *what, require_person(turn), turn.now, turn.ids))

    return write(request, body, act, permission=Permission.MITIGATE, status=201)


@delete("/break-glass/{overlay:str}", status_code=200, summary="Lift a forced flag")
def delete_flag_glass(request: Ask, overlay: NameInPath) -> Response[OverlayOut]:
    """Lift what breaking the glass laid, as a person; a second time changes nothing."""

    def act(turn: Turn) -> OverlayOut:
        lift_force(turn.tx, overlay, require_person(turn, "lift what breaking the glass laid"), turn.now)
        return to_wire(OverlayOut, turn.tx.overlays.get(overlay))

    return write(request, b"", act, permission=Permission.MITIGATE)


HANDLERS = [get_limits, patch_limits, post_freeze, delete_freeze, post_flag_glass, delete_flag_glass]
