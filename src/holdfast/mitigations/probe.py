"""Black-box probes: what must hold of an application's answer.

Rules:
1. A probe judges the application, never the flag store: only what a user would get is an effect.
2. No answer, a cut one, or one that is not what it should be is "does not hold", with the reason in words.
3. Values are compared as JSON: `true` is not `1`, `1` is `1.0`.

Source: RFC 6901 for pointers.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.errors import ActionError
from holdfast.model.plan import Probe
from holdfast.ports.http import Http

TIMEOUT_S = 5.0
BODY_LIMIT_BYTES = 1 << 20
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a probe holds, and the evidence or the reason in words."""

    holds: bool
    detail: str


def look(http: Http, probes: Sequence[Probe]) -> Outcome:
    """Send every probe once; they hold together, or the first that does not says why."""
    seen = []
    for probe in probes:
        outcome = look_once(http, probe)
        if not outcome.holds:
            return outcome
        seen.append(outcome.detail)
    return Outcome(bool(seen), "; ".join(seen) or "there is no probe")


def look_once(http: Http, probe: Probe) -> Outcome:
    """Send one probe and judge its answer."""
    name = f"{probe.method} {probe.url}"
    if probe.kind != "http":
        return Outcome(False, f"a probe of kind `{probe.kind}` is not known")
    headers = {"accept": "application/json, */*", "cache-control": "no-cache", "user-agent": "holdfast-probe"}
    try:
        with http.open(probe.method, probe.url, headers=headers, timeout_s=TIMEOUT_S) as answer:
            body = answer.body(BODY_LIMIT_BYTES)
            status = answer.status
    except ActionError as error:
        return Outcome(False, f"{name}: {error.message}")
    return judge(probe, status, body)


def judge(probe: Probe, status: int, body: bytes) -> Outcome:
    """Say whether an answer is the expected one."""
    name = f"{probe.method} {probe.url}"
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
        elif isinstance(value, list) and name.isdecimal() and name.isascii() and int(name) < len(value):
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
