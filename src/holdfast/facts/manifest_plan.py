"""A plan's tree → the plan: its steps, its probes, its limits.

Rules:
1. The tree was checked before: what is left out has its default, nothing else is missing.
2. Arguments of actions and probes are texts, taken as they are written.
"""

import json

from holdfast.facts.manifest_durations import parse_duration_s, parse_share
from holdfast.facts.manifest_json import HEALTH_FOR_S
from holdfast.facts.manifest_yaml import Entries, Items, Scalar, Tree, find, items_of, plain, text_of, written
from holdfast.model.plan import Autonomy, Coverage, OnExpiry, OnFailure, Plan, Probe, Step

STEP_KEYS = frozenset({"action", "id", "after", "attempts", "backoff", "deadline"})
"""The keys of a step that are no arguments of its action."""


def plan_of(tree: Tree) -> Plan:
    """Return the plan of a tree that is in order."""
    when, coverage, autonomy = find(tree, "when"), text_of(find(tree, "coverage")), find(tree, "autonomy")
    line, column = (when.line, when.column) if isinstance(when, Scalar) else (1, 1)
    rungs = autonomy.values.items() if isinstance(autonomy, Entries) else ()
    return Plan(
        id=written(tree, "id"),
        when=written(tree, "when"),
        when_line=line,
        when_column=column,
        steps=tuple(_step(step) for step in items_of(find(tree, "do"))),
        coverage=Coverage(coverage) if coverage else None,
        verify=tuple(_probe(probe) for probe in items_of(find(tree, "verify"))),
        autonomy=tuple((environment, Autonomy(text_of(rung) or "")) for environment, rung in rungs),
        otherwise=text_of(find(tree, "otherwise")),
        on_failure=OnFailure(written(tree, "on_failure", OnFailure.UNDO)),
        expires_s=_duration(tree, "expires"),
        on_expiry=OnExpiry(written(tree, "on_expiry", OnExpiry.CONFIRM)),
        health=tuple(_probe(probe) for probe in items_of(find(tree, "health"))),
        health_for_s=_duration(tree, "health_for") or HEALTH_FOR_S,
        max_share=parse_share(text_of(find(tree, "max_share"))),
        cooldown_s=_duration(tree, "cooldown"),
    )


def _duration(tree: Tree | None, key: str) -> float | None:
    text = text_of(find(tree, key))
    return None if text is None else parse_duration_s(text)


def _step(tree: Tree) -> Step:
    attempts = find(tree, "attempts")
    return Step(
        written(tree, "action"),
        _arguments(tree, STEP_KEYS),
        id=written(tree, "id"),
        after=names_after(tree),
        attempts=int(attempts.value) if isinstance(attempts, Scalar) and attempts.value is not None else None,
        backoff_s=_duration(tree, "backoff"),
        deadline_s=_duration(tree, "deadline"),
    )


def names_after(step: Tree) -> tuple[str, ...] | None:
    """Return the names that a step's `after` has; `None` when it says nothing of it."""
    after = find(step, "after")
    if isinstance(after, Items):
        return tuple(text_of(name) or "" for name in after.items)
    text = text_of(after)
    return None if text is None else (text,)


def _arguments(tree: Tree | None, but: frozenset[str]) -> tuple[tuple[str, str], ...]:
    values = tree.values.items() if isinstance(tree, Entries) else ()
    return tuple(sorted((key, text_of(value) or "") for key, value in values if key not in but))


def _probe(tree: Tree) -> Probe:
    kind, inner = next(iter(tree.values.items())) if isinstance(tree, Entries) else ("http", tree)
    interval_s, deadline_s = _duration(inner, "interval") or 0.2, _duration(inner, "deadline") or 60.0
    if kind == "http":
        return _http(inner, interval_s, deadline_s)
    if kind == "tcp":
        return Probe(kind, written(inner, "address"), interval_s=interval_s, deadline_s=deadline_s)
    arguments = _arguments(inner, frozenset({"interval", "deadline"}))
    return Probe(kind, "", interval_s=interval_s, deadline_s=deadline_s, arguments=arguments)


def _http(tree: Tree, interval_s: float, deadline_s: float) -> Probe:
    expect = find(tree, "expect")
    status, document = find(expect, "status"), find(expect, "json")
    expected = document.values.items() if isinstance(document, Entries) else ()
    return Probe(
        kind="http",
        url=written(tree, "url"),
        method=written(tree, "method", "GET"),
        expect_status=int(status.value) if isinstance(status, Scalar) and status.value is not None else 200,
        expect_json=tuple(sorted((pointer, _json_text(value)) for pointer, value in expected)),
        expect_text=text_of(find(expect, "text")),
        interval_s=interval_s,
        deadline_s=deadline_s,
    )


def _json_text(tree: Tree) -> str:
    return json.dumps(plain(tree), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
