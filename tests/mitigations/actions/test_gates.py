"""`notify`, `wait`, `approve` and `probe`: what lets a run go on, and what does not."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.errors import PlanError
from holdfast.mitigations.action import Call
from holdfast.mitigations.actions import get_action
from holdfast.model.flag import FlagDefinition
from holdfast.model.run import Approval
from holdfast.ports.senses import Senses
from holdfast.testing.actions import make_call
from holdfast.testing.clocks import START
from holdfast.testing.http import FakeHttp, Reply
from holdfast.testing.targets import Machine, MemoryCommand, MemoryNotifier, MemoryReceivers, MemoryTargets, MemoryTcp
from holdfast.testing.worlds import MemoryFlags, MemoryHolds, MemoryWorld

ON = json.dumps({"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"})


def call_of(action: str, given: Mapping[str, str], world: MemoryWorld | None = None) -> Call:
    return replace(make_call(action, given), world=world or MemoryWorld())


@pytest.mark.parametrize(
    ("action", "given", "said"),
    [
        ("wait", {"for": "soon"}, "`for` is no duration"),
        ("wait", {"for": "0s"}, "`for` is no duration"),
        ("wait", {"for": "8d"}, "up to 7 days"),
        ("approve", {"people": "0"}, "no number from 1 to 10"),
        ("approve", {"people": "two"}, "no number from 1 to 10"),
        ("approve", {"people": "٢"}, "no number from 1 to 10"),
        ("notify", {"text": "x" * 3000}, "`text` of over 2000 characters"),
        ("notify", {"text": "x", "to": "gone"}, "there is no receiver `gone`"),
        ("probe", {}, "`probe` with 0 things to look at"),
        ("probe", {"url": "http://x", "flag": "a"}, "`probe` with 2 things to look at"),
        ("probe", {"url": "file:///etc/passwd"}, "no address of HTTP"),
        ("probe", {"url": "http://me:pw@x/"}, "no address of HTTP"),
        ("probe", {"url": "http://x", "status": "999"}, "`status` is none of HTTP"),
        ("probe", {"flag": "a"}, "`probe` without `variant`"),
        ("probe", {"query": "up"}, "expects nothing"),
    ],
)
def test_what_has_no_meaning_is_refused_while_planning(action: str, given: Mapping[str, str], said: str) -> None:
    with pytest.raises(PlanError) as caught:
        get_action(action).plan(call_of(action, given))
    assert said in str(caught.value)


def test_wait_is_over_at_the_instant_and_not_before() -> None:
    wait = get_action("wait")
    call = replace(call_of("wait", {"for": "10m"}), intended_at=START)
    early = wait.read_back(replace(call, at=START + timedelta(seconds=599)))
    assert (early.present, early.pending, early.again_at) == (False, True, START + timedelta(minutes=10))
    assert wait.read_back(replace(call, at=START + timedelta(minutes=10))).present
    assert not wait.read_back(replace(call, intended_at=None, at=START + timedelta(days=1))).present


def test_wait_outlasts_the_usual_deadline() -> None:
    assert get_action("wait").deadline_s > 7 * 86400
    assert get_action("approve").deadline_s == 7 * 86400


def test_people_count_once_and_who_asked_does_not() -> None:
    approve, consents = get_action("approve"), dict[tuple[str, int], list[Approval]]()
    world = MemoryWorld(consents=consents)
    call = replace(call_of("approve", {"people": "2"}, world), requested_by="per_0")
    given = consents.setdefault(("run_1", 1), [])
    for who, holds in (("per_0", False), ("per_1", False), ("per_1", False), ("per_2", True)):
        given.append(Approval(who, START))
        assert approve.read_back(call).present is holds, who
    assert approve.read_back(replace(call, number=2)).detail == "0 of 2 consented"


def test_notify_tells_once_and_says_when_it_was_taken() -> None:
    notify = get_action("notify")
    world = MemoryWorld(receivers=MemoryReceivers(rooms={"room": MemoryNotifier()}))
    call = call_of("notify", {"text": "closed", "to": "room"}, world)
    notify.apply(call)
    notify.apply(replace(call, at=START + timedelta(hours=1)))
    (message,) = world.messages.values()
    assert (message.to, message.created_at, json.loads(message.body)["text"]) == ("room", START, "closed")
    assert "not yet sent" in notify.read_back(call).detail
    world.messages[message.id] = replace(message, sent_at=START, problem=None)
    assert "was taken at 2026-01-01T12:00:00+00:00" in notify.read_back(call).detail
    world.messages[message.id] = replace(message, problem="it did not answer")
    assert "it did not answer" in notify.read_back(call).detail


def test_notify_says_when_nobody_will_hear_it() -> None:
    (change,) = get_action("notify").plan(call_of("notify", {"text": "closed"}))
    assert (change.what, "nobody will hear it" in change.note) == ("message to everybody", True)


def test_probe_looks_at_each_kind_of_thing() -> None:
    http, holds = FakeHttp(), MemoryHolds()
    http.answer("GET", "http://shop/health", Reply(204))
    flags = MemoryFlags(holds, {"tax": FlagDefinition("org_a", "production", "tax", ON, 1, START)})
    world = MemoryWorld(
        holds,
        flags,
        MemoryTargets(commands={"switch": MemoryCommand(Machine({"x"}))}),
        senses=Senses(http, MemoryTcp({("shop", 80)})),
    )
    probe = get_action("probe")
    for given, holds_ in (
        ({"url": "http://shop/health", "status": "204"}, True),
        ({"url": "http://shop/health"}, False),
        ({"address": "shop:80"}, True),
        ({"address": "shop:81"}, False),
        ({"command": "switch", "what": "x"}, True),
        ({"command": "switch", "what": "y"}, False),
        ({"flag": "tax", "variant": "on"}, True),
        ({"flag": "tax", "variant": "off"}, False),
        ({"query": "up", "above": "0"}, False),
    ):
        back = probe.read_back(call_of("probe", given, world))
        assert (back.present, back.pending) == (holds_, not holds_), back.detail


def test_probe_inside_a_transaction_holds_nowhere() -> None:
    back = get_action("probe").read_back(call_of("probe", {"url": "http://shop/health"}))
    assert (back.present, "can't be looked at here" in back.detail) == (False, True)
