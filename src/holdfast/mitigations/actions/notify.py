"""`notify`: tell others. The message is put into the outbox together with the step; it is sent from there.

It holds nothing in place: a message that was told stays told, and there is nothing to take back.
"""

import hashlib
import json
from collections.abc import Sequence

from holdfast.errors import PlanError
from holdfast.mitigations.action import ActionSpec, Argument, Call, Change, ReadBack
from holdfast.model.run import Message

EVERYBODY = "*"
MAX_TEXT = 2000


def message_id(key: str) -> str:
    """Return the id of the message that the step with this idempotency key tells."""
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:26]}"


def _message(call: Call) -> Message:
    text, to = call.require("text"), call.step.argument("to") or EVERYBODY
    if len(text) > MAX_TEXT:
        raise PlanError(f"`text` of over {MAX_TEXT} characters")
    known = call.world.receivers.notifiers()
    if to != EVERYBODY and to not in known:
        names = ", ".join(f"`{name}`" for name in known) or "there is none"
        raise PlanError(f"there is no receiver `{to[:80]}`", hint=f"in the operator's file, under `notify`: {names}")
    body = {
        "kind": "step",
        "title": call.step.argument("title") or f"{call.service} in {call.environment}",
        "text": text,
        "link": None,
        "run": call.run,
        "service": call.service,
        "environment": call.environment,
    }
    return Message(call.org, message_id(call.key), to, json.dumps(body), call.at, call.at, call.run)


def _plan(call: Call) -> Sequence[Change]:
    message = _message(call)
    known = call.world.receivers.notifiers()
    nobody = message.to == EVERYBODY and not known
    to = "everybody" if message.to == EVERYBODY else message.to
    note = "the operator's file names no receiver: nobody will hear it" if nobody else ""
    return (Change(f"message to {to}", "not told", f"told: {call.require('text')[:200]}", note),)


def _apply(call: Call) -> str:
    message = _message(call)
    call.world.tell(message)
    return f"message {message.id} is in the outbox"


def _read_back(call: Call) -> ReadBack:
    mine = message_id(call.key)
    found = call.world.message(mine)
    if found is None:
        return ReadBack(False, f"message {mine} is not in the outbox")
    if found.sent_at is not None:
        return ReadBack(True, f"message {mine} was taken at {found.sent_at.isoformat()}")
    waits = f"; the last try did not succeed: {found.problem}" if found.problem else ""
    return ReadBack(True, f"message {mine} is in the outbox, not yet sent{waits}")


def _undo(call: Call) -> str:
    return f"what message {message_id(call.key)} told stays told"


def _read_undone(call: Call) -> ReadBack:
    return ReadBack(True, f"message {message_id(call.key)} holds nothing in place")


def _target(call: Call) -> str:
    return f"notify:{call.step.argument('to') or EVERYBODY}"


def _within(_: Call) -> bool:
    return True


SPEC = ActionSpec(
    id="notify",
    name="notify",
    about="Tell others.",
    arguments=(
        Argument("text", True, "What is told."),
        Argument("to", False, "The receiver's name in the operator's file; everybody without."),
        Argument("title", False, "Its headline."),
    ),
    blast_radius="who reads the message",
    reversible=True,
    idempotent=True,
    plan=_plan,
    apply=_apply,
    read_back=_read_back,
    undo=_undo,
    read_undone=_read_undone,
    target=_target,
    within=_within,
    coverage=None,
)
