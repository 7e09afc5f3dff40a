"""Black-box probes: what must hold of an application's answer.

Rules:
1. A probe judges the application, never the flag store: only what a user would get is an effect. The kind `flag` says
   what a flag system serves, and proves nothing by itself.
2. No answer, a cut one, or one that is not what it should be is "does not hold", with the reason in words.
3. Values are compared as JSON: `true` is not `1`, `1` is `1.0`. A measured value that is no number holds nowhere.
4. What can't be looked at (a target that nobody configured) does not hold.

Source: RFC 6901 for pointers.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any

from holdfast.errors import ActionError, PlanError
from holdfast.model.frozen import frozen
from holdfast.model.plan import Probe
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.http import Http
from holdfast.ports.outside import CommandTarget, Metrics
from holdfast.ports.tcp import Tcp
from holdfast.ports.world import World

TIMEOUT_S = 5.0
BODY_LIMIT_BYTES = 1 << 20
_MISSING = object()
_INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)


@frozen
class Outcome:
    """Whether a probe holds, and the evidence or the reason in words."""

    holds: bool
    detail: str


@frozen
class Lookers:
    """What probes of one run look with. `None` is what there is not; such a probe does not hold."""

    http: Http | None = None
    tcp: Tcp | None = None
    command: Callable[[str], CommandTarget] | None = field(default=None, repr=False)
    flags: Callable[[], FlagProvider] | None = field(default=None, repr=False)
    metrics: Callable[[str | None], Metrics] | None = field(default=None, repr=False)


def lookers_in(world: World, environment: str, service: str) -> Lookers:
    """Return what a step's or a run's probes look with in its world."""
    return Lookers(
        http=world.senses.http,
        tcp=world.senses.tcp,
        command=lambda name: world.targets.command(name, environment, service),
        flags=world.flags,
        metrics=world.receivers.metrics,
    )


def look(lookers: Http | Lookers, probes: Sequence[Probe]) -> Outcome:
    """Send every probe once; they hold together, or the first that does not says why."""
    seen = []
    for probe in probes:
        outcome = look_once(lookers, probe)
        if not outcome.holds:
            return outcome
        seen.append(outcome.detail)
    return Outcome(bool(seen), "; ".join(seen) or "there is no probe")


def look_once(lookers: Http | Lookers, probe: Probe) -> Outcome:
    """Send one probe and judge its answer."""
    known = lookers if isinstance(lookers, Lookers) else Lookers(http=lookers)
    try:
        match probe.kind:
            case "http" if known.http is not None:
                return _look_http(known.http, probe)
            case "tcp" if known.tcp is not None:
                return _look_tcp(known.tcp, probe)
            case "command" if known.command is not None:
                return _look_command(known.command, probe)
            case "flag" if known.flags is not None:
                return _look_flag(known.flags(), probe)
            case "prometheus" if known.metrics is not None:
                return _look_metrics(known.metrics(probe.argument("source")), probe)
    except (ActionError, PlanError) as error:
        return Outcome(False, f"{name_of(probe)}: {error.message}")
    if probe.kind in {"http", "tcp", "command", "flag", "prometheus"}:
        return Outcome(False, f"{name_of(probe)}: a probe of kind `{probe.kind}` can't be looked at here")
    return Outcome(False, f"a probe of kind `{probe.kind}` is not known")


def name_of(probe: Probe) -> str:
    """Return a probe in a few words, for messages."""
    match probe.kind:
        case "http":
            return f"{probe.method} {probe.url}"
        case "command":
            return f"command {probe.argument('name')}"
        case "flag":
            return f"flag {probe.argument('flag')}"
        case "prometheus":
            return f"query {(probe.argument('query') or '')[:120]}"
    return f"{probe.kind} {probe.url}"


def _look_http(http: Http, probe: Probe) -> Outcome:
    headers = {"accept": "application/json, */*", "cache-control": "no-cache", "user-agent": "holdfast-probe"}
    with http.open(probe.method, probe.url, headers=headers, timeout_s=TIMEOUT_S) as answer:
        body = answer.body(BODY_LIMIT_BYTES)
        status = answer.status
    return judge(probe, status, body)


def _look_tcp(tcp: Tcp, probe: Probe) -> Outcome:
    host, _, port = probe.url.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal() and len(port) <= 5) or not 0 < int(port) < 65536:
        return Outcome(False, f"{name_of(probe)}: expected host:port")
    tcp.connect(host.removeprefix("[").removesuffix("]"), int(port), TIMEOUT_S)
    return Outcome(True, f"{name_of(probe)}: it accepts connections")


def _look_command(command: Callable[[str], CommandTarget], probe: Probe) -> Outcome:
    """The probe verb of an allowed command, for what only the operator's own means can see: status 0 holds."""
    target = command(probe.argument("name") or "")
    if not target.can("probe"):
        return Outcome(False, f"{name_of(probe)}: the operator named no command for `probe`")
    given = {name: value for name, value in probe.arguments if name != "name"}
    wrong = target.refuse(given)
    if wrong is not None:
        return Outcome(False, f"{name_of(probe)}: {wrong}")
    reply = target.run(given, "probe", verb="probe")
    return Outcome(reply.status == 0, f"{name_of(probe)}: it ended with status {reply.status}")


def _look_flag(provider: FlagProvider, probe: Probe) -> Outcome:
    reading = provider.read(probe.argument("flag") or "")
    if reading is None:
        return Outcome(False, f"{name_of(probe)}: there is no such flag")
    wanted = probe.argument("variant")
    served = f"`{reading.served}`" if reading.served is not None else "the caller's default"
    return Outcome(reading.served == wanted, f"{name_of(probe)}: {provider.name} serves {served}, expected `{wanted}`")


def _look_metrics(metrics: Metrics, probe: Probe) -> Outcome:
    value = metrics.query(probe.argument("query") or "")
    if value is None or math.isnan(value):
        return Outcome(False, f"{name_of(probe)}: it gives no number")
    for word, holds in _COMPARISONS.items():
        text = probe.argument(word)
        if text is None:
            continue
        try:
            limit = float(text)
        except ValueError:
            return Outcome(False, f"{name_of(probe)}: `{word}` is no number: `{text[:40]}`")
        if not holds(value, limit):
            return Outcome(False, f"{name_of(probe)}: {value:g} is not {word} {limit:g}")
    if not any(probe.argument(word) is not None for word in _COMPARISONS):
        return Outcome(False, f"{name_of(probe)}: nothing is expected of {value:g}")
    return Outcome(True, f"{name_of(probe)}: {value:g}")


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "above": lambda value, limit: value > limit,
    "below": lambda value, limit: value < limit,
    "equals": lambda value, limit: value == limit,
}


def judge(probe: Probe, status: int, body: bytes) -> Outcome:
    """Say whether an answer is the expected one."""
    name = name_of(probe)
    if status != probe.expect_status:
        return Outcome(False, f"{name}: expected status {probe.expect_status}, got {status}")
    if probe.expect_text is not None and probe.expect_text.encode() not in body:
        return Outcome(False, f"{name}: the text `{probe.expect_text[:80]}` is not in the answer")
    facts = [f"status {status}"]
    if probe.expect_json:
        wrong = _judge_json(probe, body)
        if wrong is not None:
            return Outcome(False, f"{name}: {wrong}")
        facts += [f"{pointer or '/'} is {text}" for pointer, text in probe.expect_json]
    if probe.expect_text is not None:
        facts.append(f"it has `{probe.expect_text[:80]}`")
    return Outcome(True, f"{name}: {', '.join(facts)}")


def _judge_json(probe: Probe, body: bytes) -> str | None:
    """Return what is wrong with the document, `None` when nothing is."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "the answer is not JSON"
    for pointer, text in probe.expect_json:
        found = find_pointer(document, pointer)
        if found is _MISSING:
            return f"{pointer or '/'} is not in the answer"
        if not same_json(found, json.loads(text)):
            return f"{pointer or '/'}: expected {text[:80]}, got {json.dumps(found)[:80]}"
    return None


def find_pointer(document: Any, pointer: str) -> Any:
    """Return what a JSON pointer names, or a mark that equals no JSON value."""
    if pointer == "":
        return document
    value = document
    for part in pointer.removeprefix("/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
            value = value[int(name)]
        else:
            return _MISSING
    return value


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; booleans are no numbers."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)
