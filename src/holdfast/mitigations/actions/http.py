"""`http`: a signed request to a receiver that the operator configured.

Rules:
1. The receiver's address and secret are the operator's; a plan names it, and says what is sent.
2. The step's key goes with every try, so that a receiver can do it once.
3. What became of it is asked where the receiver can tell. Where it can't, its answer is the only evidence, and gone
   with the process: then an idempotent receiver is sent the same again, and with any other a person is asked.
"""

import json
from collections.abc import Sequence

from holdfast.errors import PlanError
from holdfast.mitigations.action import ActionSpec, Argument, Call, Change, ReadBack
from holdfast.model.plan import Coverage
from holdfast.ports.outside import HttpTarget, Reply

MAX_BODY = 16 * 1024


def _receiver(call: Call) -> HttpTarget:
    return call.world.targets.http(call.require("target"), call.environment, call.service)


def _body(call: Call, name: str) -> bytes:
    """Return what is sent: what the plan says, or what the step is."""
    given = call.step.argument(name)
    if given is None:
        document = {
            "action": "http",
            "verb": "apply",
            "run": call.run,
            "step": call.number,
            "environment": call.environment,
            "service": call.service,
            "reason": call.reason,
        }
        return json.dumps(document, sort_keys=True).encode()
    if len(given) > MAX_BODY:
        raise PlanError(f"`{name}` of over {MAX_BODY // 1024} KiB")
    return given.encode("utf-8", "replace")


def _undo_key(call: Call) -> str:
    return f"{call.key}/undo"


def _plan(call: Call) -> Sequence[Change]:
    receiver, body = _receiver(call), _body(call, "body")
    note = "" if _can_undo(call) else "it can't be taken back: the plan has no `undo`"
    after = f"sent: {body.decode('utf-8', 'replace')[:200]}"
    return (Change(f"request to {receiver.name}", "not sent", after, note),)


def _apply(call: Call) -> str:
    reply = _receiver(call).send(_body(call, "body"), call.key, call.fence)
    return f"`{call.require('target')}` answered with status {reply.status}"


def _state(reply: Reply | None) -> bool | None:
    """Whether a request was carried out by what is known of its key; `None` when nobody knows."""
    if reply is None:
        return None
    return reply.status != 404


def _read_back(call: Call) -> ReadBack:
    receiver = _receiver(call)
    reply = receiver.look(call.key)
    if reply is not None and reply.status == 202:
        return ReadBack(False, f"`{receiver.name}` took it and is at it", pending=True)
    match _state(reply):
        case True:
            return ReadBack(True, f"`{receiver.name}` carried it out")
        case False:
            return ReadBack(False, f"`{receiver.name}` did not carry it out")
    if call.fresh:
        return ReadBack(False, f"nothing was sent to `{receiver.name}` yet")
    if receiver.idempotent:
        return ReadBack(False, f"whether it reached `{receiver.name}` is not known; the same key again does no harm")
    return ReadBack(None, f"`{receiver.name}` has no way to tell what became of it")


def _undo(call: Call) -> str:
    receiver = _receiver(call)
    if call.step.argument("undo") is None:
        raise PlanError("there is nothing to send that takes it back", hint="give the step an `undo`")
    if _state(receiver.look(call.key)) is False:  # it surely was not carried out: there is nothing to take back
        return f"`{receiver.name}` never carried it out"
    if _state(receiver.look(_undo_key(call))):
        return f"`{receiver.name}` took it back already"
    reply = receiver.send(_body(call, "undo"), _undo_key(call), call.fence)
    return f"`{receiver.name}` answered with status {reply.status}"


def _read_undone(call: Call) -> ReadBack:
    receiver = _receiver(call)
    undone = receiver.look(_undo_key(call))
    if undone is not None and undone.status == 202:
        return ReadBack(False, f"`{receiver.name}` is taking it back", pending=True)
    if _state(undone):
        return ReadBack(True, f"`{receiver.name}` took it back")
    if _state(receiver.look(call.key)) is False:
        return ReadBack(True, f"`{receiver.name}` never carried it out")
    if undone is None and receiver.idempotent:
        return ReadBack(False, f"whether `{receiver.name}` took it back is not known; the same key again does no harm")
    if undone is None:
        return ReadBack(None, f"`{receiver.name}` has no way to tell whether it took it back")
    return ReadBack(False, f"`{receiver.name}` has not taken it back")


def _can_undo(call: Call) -> bool:
    return call.step.argument("undo") is not None


def _target(call: Call) -> str:
    return f"http:{call.require('target')}"


def _find_problem(call: Call) -> str | None:
    return _receiver(call).find_problem()


SPEC = ActionSpec(
    id="http",
    name="http",
    about="Send a signed request to a receiver of the operator's.",
    arguments=(
        Argument("target", True, "The receiver's name in the operator's file."),
        Argument("body", False, "What is sent, as it is; without, the step itself as JSON."),
        Argument("undo", False, "What is sent to take it back; without, it can't be taken back."),
    ),
    blast_radius="whatever the receiver does with it; the operator's file says who it is",
    reversible=True,
    idempotent=False,
    plan=_plan,
    apply=_apply,
    read_back=_read_back,
    undo=_undo,
    read_undone=_read_undone,
    target=_target,
    find_problem=_find_problem,
    coverage=Coverage.FULL,
    reversible_for=_can_undo,
)
