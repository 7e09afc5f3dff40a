"""`http`: what is sent, and what is known of what became of it."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from holdfast.errors import ActionError, PlanError
from holdfast.mitigations.action import Call
from holdfast.mitigations.actions.http import SPEC
from holdfast.ports.outside import Reply
from holdfast.testing.actions import make_call
from holdfast.testing.targets import MemoryHttpTarget, MemoryTargets, Receiver
from holdfast.testing.worlds import MemoryWorld


def call_to(target: MemoryHttpTarget, given: Mapping[str, str] | None = None) -> Call:
    world = MemoryWorld(targets=MemoryTargets(receivers={"receiver": target}))
    return replace(make_call("http", {"target": "receiver"} | dict(given or {})), world=world)


def test_step_itself_is_sent_where_the_plan_says_nothing() -> None:
    receiver = Receiver()
    SPEC.apply(call_to(MemoryHttpTarget(receiver)))
    sent = json.loads(receiver.done["run_1/1"])
    assert (sent["service"], sent["environment"], sent["run"], sent["verb"]) == (
        "shop",
        "production",
        "run_1",
        "apply",
    )


def test_request_without_an_undo_cant_be_taken_back() -> None:
    target = MemoryHttpTarget(Receiver())
    assert not SPEC.can_undo(call_to(target))
    assert SPEC.can_undo(call_to(target, {"undo": "{}"}))
    (change,) = SPEC.plan(call_to(target))
    assert change.note == "it can't be taken back: the plan has no `undo`"
    with pytest.raises(PlanError, match="nothing to send that takes it back"):
        SPEC.undo(call_to(target))


def test_lost_answer_of_a_receiver_that_tells_is_looked_up() -> None:
    receiver = Receiver()
    call = call_to(MemoryHttpTarget(receiver, idempotent=False))
    assert SPEC.read_back(call).present is False
    receiver.done["run_1/1"] = b"{}"
    assert SPEC.read_back(call).present is True


def test_fate_that_nobody_knows_goes_to_a_person() -> None:
    target = MemoryHttpTarget(Receiver(), idempotent=False, tells=False)
    call = call_to(target)
    assert SPEC.read_back(replace(call, fresh=True)).present is False
    assert SPEC.read_back(call).present is None
    assert SPEC.read_undone(replace(call_to(target, {"undo": "x"}))).present is None
    assert not SPEC.idempotent


def test_fate_that_nobody_knows_is_tried_again_where_that_does_no_harm() -> None:
    call = call_to(MemoryHttpTarget(Receiver(), idempotent=True, tells=False))
    back = SPEC.read_back(call)
    assert (back.present, "does no harm" in back.detail) == (False, True)
    SPEC.apply(call)
    assert SPEC.read_back(call).present is True


def test_receiver_that_is_at_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    target = MemoryHttpTarget(Receiver())
    monkeypatch.setattr(target, "look", lambda key: Reply(202, ""), raising=True)
    call = call_to(target, {"undo": "x"})
    assert (SPEC.read_back(call).present, SPEC.read_back(call).pending) == (False, True)
    assert SPEC.read_undone(call).pending


def test_refused_request_is_an_error_and_no_effect() -> None:
    receiver = Receiver()
    call = call_to(MemoryHttpTarget(receiver, failing=[429, 500]))
    for status in (429, 500):
        with pytest.raises(ActionError, match=f"status {status}"):
            SPEC.apply(call)
    assert SPEC.read_back(call).present is False
    SPEC.apply(call)
    assert receiver.arrived == 1


def test_undo_of_what_was_never_sent_sends_nothing() -> None:
    receiver = Receiver()
    call = call_to(MemoryHttpTarget(receiver), {"undo": "{}"})
    assert SPEC.undo(call) == "`receiver` never carried it out"
    assert SPEC.read_undone(call).present is True
    assert receiver.done == {}


def test_body_that_is_too_long_is_refused() -> None:
    with pytest.raises(PlanError, match="`body` of over 16 KiB"):
        SPEC.plan(call_to(MemoryHttpTarget(Receiver()), {"body": "x" * 20_000}))


def test_receiver_that_nobody_configured_is_refused() -> None:
    with pytest.raises(PlanError, match="there is no HTTP target `x`"):
        SPEC.plan(call_to(MemoryHttpTarget(Receiver()), {"target": "x"}))
