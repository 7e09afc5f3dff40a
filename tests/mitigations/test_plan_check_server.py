"""A plan is held against what the server's actions give, and against what the operator lets it reach."""

from dataclasses import replace
from typing import Any

import pytest

from holdfast.facts.manifest import parse_manifest
from holdfast.mitigations import plan_check
from holdfast.mitigations.action import ActionSpec
from holdfast.mitigations.actions import action_names, get_action
from holdfast.mitigations.plan import PlanProblem, check_plan
from holdfast.model.flag import FlagDefinition
from holdfast.model.plan import Coverage
from holdfast.model.target import Target
from tests.facts.manifest_texts import GOOD
from tests.mitigations.test_plan_check import flag, flags, only

Room = dict[str, ActionSpec]
AUTO = "{production: auto}"
OFF = "[{action: flag.off, feature: receipts}]"


def target(section: str, name: str = "main", environment: str | None = None, service: str | None = None) -> Target:
    return Target(section, name, "any", environment, service, (), "f:1:1")


def checked(text: str, *definitions: FlagDefinition, targets: list[Target]) -> list[PlanProblem]:
    manifest = parse_manifest(text.encode(), file="f").services[0]
    return check_plan(manifest, flags(*definitions), action_names(), targets=targets)


def test_flags_of_another_system_are_named_and_not_looked_for() -> None:
    found = checked(GOOD, flag("staging", "other"), targets=[target("flags", environment="staging")])
    assert only(found).message.startswith("another system serves the flag `shop.receipts` in `staging`")
    assert only(found).severity == "warning"


def test_flags_of_another_services_system_are_looked_for_here() -> None:
    found = checked(GOOD, flag("staging", "other"), targets=[target("flags", service="other")])
    assert only(found).message.startswith("unknown flag `shop.receipts`")


def plan(steps: str, **lines: str) -> str:
    """A manifest with one plan of these steps that has a probe."""
    rest = "".join(f"    {name}: {value}\n" for name, value in {"coverage": "full", **lines}.items())
    return f"""version: 1
services:
- name: shop
  features: [{{name: receipts, flag: shop.receipts, safe: off, covers: [src]}}]
  plans:
  - id: p
    when: 'true'
    do: {steps}
{rest}    verify: [{{http: {{url: 'http://127.0.0.1/', expect: {{text: down}}}}}}]
"""


def spec(name: str, **fields: Any) -> ActionSpec:  # an action's own
    """`flag.off` under another name, bent; the name does not begin with `flag.`, so no flag is looked for."""
    return replace(get_action("flag.off"), name=name, **fields)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    """Actions of the test's own, that are found before the real ones."""
    known: Room = {}
    real = plan_check._find_action
    monkeypatch.setattr(plan_check, "_find_action", lambda name: known[name] if name in known else real(name))
    return known


def messages(text: str, room: Room, targets: list[Target] | None = None) -> list[tuple[str, str]]:
    manifest = parse_manifest(text.encode(), file="f").services[0]
    found = check_plan(manifest, flags(flag()), {*action_names(), *room}, targets=targets)
    assert all(one.where == "holdfast.yaml:7:12" for one in found)
    return [(one.severity, one.message) for one in found]


def test_auto_on_what_cannot_be_undone_is_refused(room: Room) -> None:
    room["burn"] = spec("burn", reversible=False)
    text = plan("[{action: burn}]", autonomy=AUTO)
    assert ("error", "`auto` on `burn`, which cannot be undone") in messages(text, room)
    assert messages(plan("[{action: burn}]", autonomy="{production: approve-2}"), room) == []


@pytest.mark.parametrize(("name", "severity"), [("ring", "error"), ("http", "warning"), ("command", "warning")])
def test_auto_on_what_may_be_done_twice_does_not_pass(room: Room, name: str, severity: str) -> None:
    """Of commands and requests the operator says whether twice is once, so registering cannot know."""
    room[name] = spec(name, idempotent=False)
    expected = f"`auto` on `{name}`, which after a crash may neither be repeated nor proved to have happened"
    assert (severity, expected) in messages(plan(f"[{{action: {name}}}]", autonomy=AUTO), room)


def test_coverage_beyond_what_the_actions_give_is_a_warning(room: Room) -> None:
    room["part"] = spec("part", coverage=Coverage.PARTIAL)
    expected = [("warning", "coverage `full` is claimed, and its actions give `partial` at most")]
    assert messages(plan("[{action: part}]"), room) == expected
    assert messages(plan("[{action: part}]", coverage="partial"), room) == []
    assert messages(plan("[{action: part}, {action: flag.off, feature: receipts}]"), room) == []


def test_steps_that_close_no_hole_mitigate_nothing(room: Room) -> None:
    room["wait"], room["notify"] = spec("wait", coverage=None), spec("notify", coverage=None)
    expected = [("error", "it mitigates nothing: `wait`, `notify` alone close no hole")]
    assert messages(plan("[{action: wait}, {action: notify}]"), room) == expected
    assert messages(plan("[{action: wait}, {action: flag.off, feature: receipts}]"), room) == []


def test_plan_without_what_it_needs_outside_is_a_warning(room: Room) -> None:
    room["deploy.rollback"], text = spec("deploy.rollback"), plan("[{action: deploy.rollback}]")
    expected = [("warning", "`deploy.rollback`: nothing that this server knows deploys `shop`")]
    assert messages(text, room, []) == expected
    assert messages(text, room, [target("deployers", service="other")]) == expected
    assert messages(text, room, [target("deployers", service="shop")]) == []
    assert messages(text, room) == []


def test_action_that_takes_any_argument_is_not_asked_for_its_own(room: Room) -> None:
    assert messages(plan("[{action: command, name: purge, what: all}]"), room) == []


def test_action_that_needs_one_of_several_arguments_says_so(room: Room) -> None:
    assert messages(plan("[{action: edge.block}]"), room) == [("error", "`edge.block` needs one of `path`, `host`")]
    assert messages(plan("[{action: edge.block, path: /admin}]"), room) == []


def test_auto_without_a_drill_is_a_warning(room: Room) -> None:
    text = plan(OFF, autonomy=AUTO)
    assert messages(text, room) == [("warning", "`auto` in `production` is never reached without a drill")]
    assert messages(text + "  drills: [{plan: p, every: 7d}]\n", room) == []


def with_probe(probe: str) -> str:
    return plan(OFF).replace("verify: [", f"verify: [{probe}, ")


def test_flag_of_a_probe_must_be_there(room: Room) -> None:
    assert messages(with_probe("{flag: {flag: shop.receipts, variant: off}}"), room) == []
    found = messages(with_probe("{flag: {flag: shop.other, variant: off}}"), room)
    assert found == [("error", "unknown flag `shop.other`: it is not defined in `production`")]


def test_flag_probe_alone_proves_nothing(room: Room) -> None:
    head = plan(OFF).partition("    verify:")[0]
    found = messages(f"{head}    verify: [{{flag: {{flag: shop.receipts, variant: off}}}}]\n", room)
    assert found == [("error", "coverage `full` without a black-box probe: that it works would never be seen")]


UP = "{prometheus: {query: up, above: 0}}"


@pytest.mark.parametrize(
    ("probe", "known", "problem"),
    [
        ("{command: {name: look}}", [], "a probe needs the command `look`, which this server does not know"),
        ("{command: {name: look}}", [target("commands", "look")], None),
        (UP, [], "a probe needs a source of metrics, which this server does not know"),
        (UP, [target("metrics")], None),
        (
            "{prometheus: {query: up, above: 0, source: b}}",
            [target("metrics")],
            "a probe needs the source of metrics `b`, which this server does not know",
        ),
    ],
)
def test_probe_that_this_server_cannot_send_is_a_warning(
    room: Room, probe: str, known: list[Target], problem: str | None
) -> None:
    assert messages(with_probe(probe), room, known) == ([("warning", problem)] if problem else [])
    assert messages(with_probe(probe), room) == []
