"""`probe`: a look as a step. The run goes on when it holds; when it does not in time, the step has failed.

What is looked at is told by which argument is given: `url` (HTTP), `address` (TCP), `command`, `flag` with `variant`,
or `query` (a measured value) with `above`, `below` or `equals`.
"""

import re
from collections.abc import Sequence

from holdfast.errors import PlanError
from holdfast.mitigations.action import Argument, Call, Change, ReadBack
from holdfast.mitigations.actions import _gate
from holdfast.mitigations.probe import look_once, lookers_in, name_of
from holdfast.model.plan import Probe

_KINDS = {"url": "http", "address": "tcp", "command": "command", "flag": "flag", "query": "prometheus"}
_COMPARISONS = ("above", "below", "equals")
_URL = re.compile(r"https?://[^\s/?#@]+([/?#]\S*)?\Z")


def _probe(call: Call) -> Probe:
    given = [name for name in _KINDS if call.step.argument(name)]
    if len(given) != 1:
        raise PlanError(
            f"`probe` with {len(given)} things to look at", hint=f"one of {', '.join(f'`{one}`' for one in _KINDS)}"
        )
    match given[0]:
        case "url":
            return _http(call)
        case "address":
            return Probe("tcp", call.require("address"))
        case "command":
            rest = tuple(pair for pair in call.step.arguments if pair[0] != "command")
            return Probe("command", "", arguments=tuple(sorted((("name", call.require("command")), *rest))))
        case "flag":
            call.require("variant")
    if given[0] == "query" and not any(call.step.argument(word) for word in _COMPARISONS):
        raise PlanError("`probe` of a `query` that expects nothing", hint="`above`, `below` or `equals`")
    return Probe(_KINDS[given[0]], "", arguments=call.step.arguments)


def _http(call: Call) -> Probe:
    url, status = call.require("url"), call.step.argument("status") or "200"
    if not _URL.match(url):
        raise PlanError(f"`url` is no address of HTTP: `{url[:80]}`", hint="http://shop.internal/health")
    if not re.fullmatch(r"[1-5][0-9][0-9]", status):
        raise PlanError(f"`status` is none of HTTP: `{status[:40]}`", hint="200")
    return Probe("http", url, expect_status=int(status), expect_text=call.step.argument("text"))


def _plan(call: Call) -> Sequence[Change]:
    return (Change(name_of(_probe(call)), "not looked at", "it holds"),)


def _read_back(call: Call) -> ReadBack:
    outcome = look_once(lookers_in(call.world, call.environment, call.service), _probe(call))
    return ReadBack(outcome.holds, outcome.detail, pending=not outcome.holds)


SPEC = _gate.gate_action(
    "probe",
    "Go on when a look at the application holds.",
    (
        Argument("url", False, "An address of HTTP that is asked."),
        Argument("status", False, "The status it must answer with; 200 without."),
        Argument("text", False, "What must stand in its answer."),
        Argument("address", False, "A `host:port` that must accept connections."),
        Argument("command", False, "A command of the operator's whose `probe` must end with status 0."),
        Argument("flag", False, "A flag whose served variant is looked at."),
        Argument("variant", False, "The variant that it must serve."),
        Argument("query", False, "An instant query of Prometheus that gives one value."),
        Argument("above", False, "The value must be greater."),
        Argument("below", False, "The value must be less."),
        Argument("equals", False, "The value must be this."),
        Argument("source", False, "The source's name in the operator's file, where there are several."),
        Argument("*", False, "An argument of the command."),
    ),
    _plan,
    _read_back,
    looks_outside=True,
)
