"""Probes: what holds, and what is said of what does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ActionError, PlanError
from holdfast.mitigations.probe import Lookers, find_pointer, judge, look, look_once, lookers_in, same_json
from holdfast.model.flag import FlagDefinition
from holdfast.model.plan import Probe
from holdfast.ports.senses import Senses
from holdfast.testing.clocks import START
from holdfast.testing.http import FakeHttp, Reply
from holdfast.testing.targets import Machine, MemoryCommand, MemoryMetrics, MemoryReceivers, MemoryTargets, MemoryTcp
from holdfast.testing.worlds import MemoryFlags, MemoryHolds, MemoryWorld

URL = "http://shop.example/checkout"


def probe(**fields: Any) -> Probe:
    return Probe(kind="http", url=URL, **fields)


def test_expected_status_holds() -> None:
    assert judge(probe(), 200, b"").holds


def test_other_status_is_named() -> None:
    outcome = judge(probe(expect_status=503), 200, b"")
    assert (outcome.holds, outcome.detail) == (False, f"GET {URL}: expected status 503, got 200")


def test_expected_json_holds() -> None:
    assert judge(probe(expect_json=(("/tax/engine", '"flat"'),)), 200, b'{"tax": {"engine": "flat"}}').holds


@pytest.mark.parametrize(
    ("body", "because"),
    [
        (b"<html>", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"{}", "/on is not in the answer"),
        (b'{"on": 1}', "/on: expected true, got 1"),
        (b'{"on": null}', "/on: expected true, got null"),
    ],
)
def test_other_json_is_told(body: bytes, because: str) -> None:
    outcome = judge(probe(expect_json=(("/on", "true"),)), 200, body)
    assert not outcome.holds
    assert because in outcome.detail


def test_expected_text_must_occur() -> None:
    assert judge(probe(expect_text="sold"), 200, b"all sold out").holds
    assert "is not in the answer" in judge(probe(expect_text="sold"), 200, b"plenty").detail


def test_no_answer_does_not_hold() -> None:
    http = FakeHttp()
    http.answer("GET", URL, Reply(broken="connection refused"))
    assert look(http, [probe()]).detail == f"GET {URL}: no answer from {URL}: connection refused"


def test_cut_answer_does_not_hold() -> None:
    http = FakeHttp()
    http.answer("GET", URL, Reply(body=b"half", cut=True))
    assert not look(http, [probe()]).holds


def test_probes_hold_together_only() -> None:
    http = FakeHttp()
    http.answer("GET", URL, Reply())
    http.answer("HEAD", URL, Reply(status=500))
    assert look(http, [probe()]).holds
    assert not look(http, [probe(), probe(method="HEAD")]).holds


def test_no_probe_proves_nothing() -> None:
    assert not look(FakeHttp(), []).holds


def test_unknown_kind_of_probe_does_not_hold() -> None:
    outcome = look(FakeHttp(), [Probe("icmp", URL)])
    assert (outcome.holds, outcome.detail) == (False, "a probe of kind `icmp` is not known")


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("", {"a/b": [1, {"~": 2}]}), ("/a~1b/0", 1), ("/a~1b/1/~0", 2)],
)
def test_pointer_finds_what_it_names(pointer: str, value: Any) -> None:
    assert find_pointer({"a/b": [1, {"~": 2}]}, pointer) == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=3), c, max_size=3),
        max_leaves=8,
    )
)
def test_json_value_is_the_same_as_itself_written_and_read(value: Any) -> None:
    assert same_json(value, json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    ("one", "other"), [(True, 1), (0, False), ([True], [1]), ({"a": 1}, {"a": True}), ([1], [1, 2]), ("1", 1)]
)
def test_different_json_values_are_not_the_same(one: Any, other: Any) -> None:
    assert not same_json(one, other)


ON_OFF = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'


def other(kind: str, url: str = "", **arguments: str) -> Probe:
    return Probe(kind, url, arguments=tuple(sorted(arguments.items())))


@pytest.fixture
def world() -> MemoryWorld:
    holds = MemoryHolds()
    return MemoryWorld(
        holds,
        MemoryFlags(holds, {"tax": FlagDefinition("org_a", "production", "tax", ON_OFF, 1, START)}),
        MemoryTargets(commands={"switch": MemoryCommand(Machine({"x"}))}),
        MemoryReceivers(sources={"metrics": MemoryMetrics({"errors": 0.5, "none": float("nan")})}),
        senses=Senses(FakeHttp(), MemoryTcp({("shop", 80), ("::1", 80)})),
    )


@pytest.mark.parametrize(
    ("one", "holds", "detail"),
    [
        (other("tcp", "shop:80"), True, "tcp shop:80: it accepts connections"),
        (other("tcp", "[::1]:80"), True, "tcp [::1]:80: it accepts connections"),
        (other("tcp", "shop:81"), False, "tcp shop:81: no connection to shop:81: connection refused"),
        (other("tcp", "shop"), False, "tcp shop: expected host:port"),
        (other("tcp", "shop:99999"), False, "tcp shop:99999: expected host:port"),
        (other("tcp", f"shop:{'9' * 5000}"), False, f"tcp shop:{'9' * 5000}: expected host:port"),
        (other("command", name="switch", what="x"), True, "command switch: it ended with status 0"),
        (other("command", name="switch", what="y"), False, "command switch: it ended with status 1"),
        (other("command", name="switch", what="; rm"), False, "command switch: `what` is not what the operator allows"),
        (other("command", name="rm"), False, "command rm: the command `rm` is not allowed"),
        (other("flag", flag="tax", variant="on"), True, "flag tax: memory serves `on`, expected `on`"),
        (other("flag", flag="tax", variant="off"), False, "flag tax: memory serves `on`, expected `off`"),
        (other("flag", flag="vat", variant="off"), False, "flag vat: there is no such flag"),
        (other("prometheus", query="errors", below="1"), True, "query errors: 0.5"),
        (other("prometheus", query="errors", above="1"), False, "query errors: 0.5 is not above 1"),
        (other("prometheus", query="errors", above="0", below="0.2"), False, "query errors: 0.5 is not below 0.2"),
        (other("prometheus", query="gone", below="1"), False, "query gone: it gives no number"),
        (other("prometheus", query="none", below="1"), False, "query none: it gives no number"),
        (other("prometheus", query="errors", equals="x"), False, "query errors: `equals` is no number: `x`"),
        (other("prometheus", query="errors"), False, "query errors: nothing is expected of 0.5"),
        (
            other("prometheus", query="errors", below="1", source="us"),
            False,
            "query errors: there is no source of metrics `us`",
        ),
        (other("dns"), False, "a probe of kind `dns` is not known"),
    ],
)
def test_each_kind_is_looked_at(world: MemoryWorld, one: Probe, holds: bool, detail: str) -> None:
    outcome = look(lookers_in(world, "production", "shop"), [one])
    assert (outcome.holds, outcome.detail) == (holds, detail)


@pytest.mark.parametrize("kind", ["http", "tcp", "command", "flag", "prometheus"])
def test_what_cant_be_looked_at_does_not_hold(kind: str) -> None:
    outcome = look_once(Lookers(), other(kind, "shop:80", name="x", flag="y", query="z"))
    assert (outcome.holds, "can't be looked at here" in outcome.detail) == (False, True)


def test_command_without_a_probe_does_not_hold() -> None:
    command = MemoryCommand(Machine({"x"}), probes=False)
    outcome = look_once(Lookers(command=lambda _: command), other("command", name="switch", what="x"))
    assert outcome.detail == "command switch: the operator named no command for `probe`"
    assert command.machine.runs == 0


def test_what_goes_wrong_does_not_hold() -> None:
    def refuse(name: str | None) -> MemoryMetrics:
        raise PlanError(f"there is no {name}") if name else ActionError("it is down")

    for source, said in (({}, "it is down"), ({"source": "x"}, "there is no x")):
        outcome = look_once(Lookers(metrics=refuse), other("prometheus", query="up", above="0", **source))
        assert (outcome.holds, outcome.detail) == (False, f"query up: {said}")
