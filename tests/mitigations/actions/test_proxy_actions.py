"""`service.off` and `edge.block`: what they turn away, and what they refuse to."""

from collections.abc import Mapping

import pytest

from holdfast.errors import PlanError
from holdfast.mitigations.action import Call
from holdfast.mitigations.actions import get_action
from holdfast.ports.proxy import Block
from holdfast.testing.actions import make_call
from holdfast.testing.proxies import MemoryProxy
from holdfast.testing.targets import MemoryTargets
from holdfast.testing.worlds import MemoryWorld


def call_of(action: str, proxy: MemoryProxy, given: Mapping[str, str], run: str = "run_1") -> Call:
    call = make_call(action, given, run=run)
    step = get_action(action).resolve(call.step, ())
    world = MemoryWorld(targets=MemoryTargets(proxies={proxy.name: proxy}))
    return Call(
        call.org, call.environment, call.service_id, call.service, run, 1, f"{run}/1", step, "test", call.at, world
    )


def test_everything_behind_a_shared_proxy_is_not_blocked_for_one_service() -> None:
    off = get_action("service.off")
    for service in (None, "billing"):
        with pytest.raises(PlanError, match="other services may stand behind `memory`") as caught:
            off.plan(call_of("service.off", MemoryProxy(service=service), {}))
        assert "name the `host`" in (caught.value.hint or "")
    (change,) = off.plan(call_of("service.off", MemoryProxy(), {"host": "Shop.Example"}))
    assert (change.what, change.before) == ("all of shop.example at memory", "let through")


def test_service_alone_behind_its_proxy_is_off_as_a_whole() -> None:
    proxy = MemoryProxy(service="shop")
    call = call_of("service.off", proxy, {})
    get_action("service.off").apply(call)
    assert proxy.visit("shop.example", "/") == 503
    (block,) = proxy.blocks()
    assert (block.host, block.path, block.message) == (None, None, "This is not available at the moment.")


def test_blocks_of_two_incidents_come_off_one_by_one() -> None:
    proxy, block = MemoryProxy(), get_action("edge.block")
    first = call_of("edge.block", proxy, {"path": "/admin"}, "run_1")
    second = call_of("edge.block", proxy, {"path": "/admin"}, "run_2")
    block.apply(first)
    block.apply(second)
    (change,) = block.plan(call_of("edge.block", proxy, {"path": "/admin"}, "run_3"))
    assert change.before == "turned away by 2 other block(s)"
    block.undo(first)
    assert block.read_undone(first).present
    assert proxy.visit("shop.example", "/admin") == 503
    block.undo(second)
    assert proxy.visit("shop.example", "/admin") == 200


def test_block_that_lost_its_file_is_not_what_was_asked_for() -> None:
    proxy, block = MemoryProxy(), get_action("edge.block")
    call = call_of("edge.block", proxy, {"path": "/admin"})
    block.apply(call)
    (held,) = proxy.blocks()
    proxy.held[held.id] = Block(held.id, None, None, 0, "")
    assert not block.read_back(call).present
    assert not block.read_undone(call).present


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "`edge.block` without `path` or `host`"),
        ({"path": "admin"}, "does not begin with `/`"),
        ({"path": "/a\nb"}, "control character"),
        ({"path": "/a/../b"}, "no normal path"),
        ({"path": "/a?b"}, "a query or a fragment"),
        ({"path": "/" + "a" * 900}, "over 800 characters"),
        ({"host": "a b"}, "`a b` is no host"),
        ({"host": "shop.example:80"}, "is no host"),
        ({"path": "/a", "status": "200"}, "from 400 to 599"),
        ({"path": "/a", "status": "5_03"}, "`status` is no number"),
        ({"path": "/a", "status": "٥٠٣"}, "`status` is no number"),
        ({"path": "/a", "message": "x" * 501}, "a message of over 500"),
        ({"path": "/a", "proxy": "gone"}, "no proxy stands before"),
    ],
)
def test_what_is_no_block_is_refused_while_planning(given: Mapping[str, str], said: str) -> None:
    proxy = MemoryProxy()
    with pytest.raises(PlanError) as caught:
        get_action("edge.block").plan(call_of("edge.block", proxy, given))
    assert said in str(caught.value)
    assert list(proxy.blocks()) == []


def test_problem_of_the_proxy_is_told_before_it_is_needed() -> None:
    proxy = MemoryProxy(problem="it is down")
    assert get_action("edge.block").find_problem(call_of("edge.block", proxy, {"path": "/a"})) == "it is down"


def test_one_run_at_a_time_acts_on_a_proxy() -> None:
    proxy = MemoryProxy(name="edge")
    calls = [call_of("edge.block", proxy, {"path": "/a"}), call_of("service.off", proxy, {"host": "a.example"})]
    assert {get_action(call.step.action).target(call) for call in calls} == {"proxy:edge"}
