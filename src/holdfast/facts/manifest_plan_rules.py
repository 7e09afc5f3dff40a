"""What a schema cannot say of plans: steps and rungs in circles, limits at odds, probes that ask nothing.

What hangs on the server's actions, flags and targets is `mitigations/plan_check`'s; here is what the text alone tells.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from holdfast.facts.manifest_durations import parse_duration_s, parse_share
from holdfast.facts.manifest_plan import names_after
from holdfast.facts.manifest_yaml import Entries, Items, Problem, Tree, find, items_of, text_of, written

MAX_DEADLINE_S = 3600.0
MIN_INTERVAL_S = 0.05
_DAY_S = 86400.0
_LONGEST = {
    "deadline": (30 * _DAY_S, "30d"),
    "backoff": (3600.0, "1h"),
    "expires": (365 * _DAY_S, "365d"),
    "health_for": (_DAY_S, "1d"),
    "cooldown": (30 * _DAY_S, "30d"),
}
"""Key → (seconds, the same in words)."""
_PLACEHOLDER = re.compile(r"\{([^{}/]*)\}")


def find_problems(plans: Sequence[Tree]) -> Iterator[Problem]:
    """Yield what is wrong with a service's plans."""
    for plan in plans:
        steps = list(items_of(find(plan, "do")))
        yield from _ids(steps)
        yield from _names_after(steps)
        yield from _circle_of_steps(steps)
        for node, keys in [
            (plan, ("expires", "health_for", "cooldown")),
            *((one, ("deadline", "backoff")) for one in steps),
        ]:
            for key in keys:
                yield from _length(find(node, key), key)
        yield from _share(find(plan, "max_share"))
        yield from _expiry(plan)
        for probe in [*items_of(find(plan, "verify")), *items_of(find(plan, "health"))]:
            yield from _probe(probe)
        for probe in items_of(find(plan, "health")):
            yield from _asks_nothing(probe)
    yield from _rungs(plans)


def _ids(steps: Sequence[Tree]) -> Iterator[Problem]:
    places: dict[str, str] = {}
    for step in steps:
        name = find(step, "id")
        text = text_of(name)
        if name is None or text is None:
            continue
        if text in places:
            hint = f"it is already at {places[text]}"
            yield Problem(name.place, f"the step `{text[:60]}` stands here a second time", hint)
        places.setdefault(text, name.place)


def _names_after(steps: Sequence[Tree]) -> Iterator[Problem]:
    known = [written(step, "id") for step in steps if find(step, "id") is not None]
    for step in steps:
        after = find(step, "after")
        for name in after.items if isinstance(after, Items) else [after]:
            text = text_of(name)
            if name is None or text is None or text in known:
                continue
            close = get_close_matches(text, known, 1)
            others = ", ".join(f"`{one}`" for one in known)
            hint = f"did you mean `{close[0]}`?" if close else f"the steps with an `id`: {others or 'none'}"
            yield Problem(name.place, f"there is no step `{text[:60]}` to wait for", hint)


def _circle_of_steps(steps: Sequence[Tree]) -> Iterator[Problem]:
    names = [written(step, "id") or f"step {number}" for number, step in enumerate(steps, start=1)]
    before: dict[str, Sequence[str]] = {}
    for number, step in enumerate(steps):
        after = names_after(step)
        before.setdefault(names[number], after if after is not None else names[max(number - 1, 0) : number])
    circle = _find_circle(before)
    if circle is None:
        return
    step = steps[names.index(circle[0])]
    place = (find(step, "after") or step).place
    shown = " → ".join(f"`{name}`" for name in circle)
    yield Problem(
        place, f"steps that wait for each other: {shown}", "a step without `after` waits for the one before it"
    )


def _rungs(plans: Sequence[Tree]) -> Iterator[Problem]:
    known = [written(plan, "id") for plan in plans]
    rungs = {written(plan, "id"): find(plan, "otherwise") for plan in plans}
    for name, rung in rungs.items():
        text = text_of(rung)
        if rung is None or text is None:
            continue
        if text not in known:
            close = get_close_matches(text, known, 1)
            hint = f"did you mean `{close[0]}`?" if close else f"plans: {', '.join(f'`{one}`' for one in known)}"
            yield Problem(rung.place, f"there is no plan `{text[:60]}` to take otherwise", hint)
        elif text == name:
            yield Problem(rung.place, f"the plan `{text[:60]}` names itself as its next rung", "name another, or none")
    graph = {name: [text] for name, rung in rungs.items() if (text := text_of(rung)) is not None and text != name}
    circle = _find_circle(graph)
    rung = rungs[circle[0]] if circle else None
    if circle and rung is not None:
        shown = " → ".join(f"`{name}`" for name in circle)
        yield Problem(
            rung.place, f"plans that name each other as their next rung: {shown}", "let the last one name none"
        )


def _find_circle(waits_for: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Return the names of a circle, from one to what it waits for and back to the first; `None` without any."""
    try:
        TopologicalSorter(waits_for).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return None


def _length(node: Tree | None, key: str) -> Iterator[Problem]:
    longest_s, shown = _LONGEST[key]
    length_s = parse_duration_s(text_of(node) or "")
    if node is not None and length_s is not None and not 0 < length_s <= longest_s:
        yield Problem(
            node.place, f"`{key}` of {text_of(node)}", f"over 0 and up to {shown}; leave it out for the default"
        )


def _share(node: Tree | None) -> Iterator[Problem]:
    text = text_of(node)
    if node is None or text is None or not text.endswith("%"):
        return
    share = parse_share(text)
    if share is not None and not 0 < share <= 1:
        yield Problem(node.place, f"a share of {text[:20]}", "above 0 and up to 100%; to hold it back use `autonomy`")


def _expiry(plan: Tree) -> Iterator[Problem]:
    expires, on_expiry = find(plan, "expires"), find(plan, "on_expiry")
    if expires is None and on_expiry is not None and text_of(on_expiry) == "revert":
        yield Problem(on_expiry.place, "`on_expiry: revert` of a plan that never expires", "say when: `expires: 24h`")
    expires_s = parse_duration_s(text_of(expires) or "")
    lengths = [parse_duration_s(_of_probe(probe, "deadline", "60s")) or 0 for probe in items_of(find(plan, "verify"))]
    if expires is not None and expires_s and expires_s < sum(lengths):
        message = f"it expires after {text_of(expires)}, before its probes have had their {sum(lengths):g} s"
        yield Problem(expires.place, message, "let it stay longer, or give the probes shorter deadlines")


def _of_probe(probe: Tree, key: str, default: str) -> str:
    inner = next(iter(probe.values.values()), None) if isinstance(probe, Entries) else None
    return default if inner is None else written(inner, key, default)


def _probe(probe: Tree) -> Iterator[Problem]:
    for kind, inner in probe.values.items() if isinstance(probe, Entries) else ():
        yield from _pace(inner)
        yield from _address(find(inner, "url" if kind == "http" else "address"))
        if kind == "prometheus" and not {"above", "below", "equals"} & set(_keys(inner)):
            yield Problem(inner.place, "a query without anything expected of its value", "`above`, `below` or `equals`")


def _keys(tree: Tree) -> tuple[str, ...]:
    return tuple(tree.values) if isinstance(tree, Entries) else ()


def _pace(probe: Tree) -> Iterator[Problem]:
    interval, deadline = find(probe, "interval"), find(probe, "deadline")
    interval_s = parse_duration_s(text_of(interval) or "200ms")
    deadline_s = parse_duration_s(text_of(deadline) or "60s")
    last = deadline or interval
    if interval_s is None or deadline_s is None or last is None:
        return
    if interval is not None and interval_s < MIN_INTERVAL_S:
        yield Problem(interval.place, f"an interval under {MIN_INTERVAL_S * 1000:.0f} ms", "200ms is a good one")
    if not interval_s <= deadline_s <= MAX_DEADLINE_S:
        yield Problem(last.place, "a deadline below the interval, or over one hour", "60s is a good one")


def _address(node: Tree | None) -> Iterator[Problem]:
    """A placeholder that nobody fills would be asked for as it stands: a probe that can never hold."""
    text = text_of(node) or ""
    host = text.partition("://")[2].partition("/")[0] if "://" in text else text
    for found in _PLACEHOLDER.finditer(host):
        if node is not None and found.group(1) != "target":
            yield Problem(node.place, f"nothing fills `{found.group()[:60]}` in", "`{target}` is what there is")
    port = host.rpartition(":")[2]
    if node is not None and port.isdecimal() and not 0 < int(port) < 65536:
        yield Problem(node.place, f"there is no port {port[:20]}", "from 1 to 65535")


def _asks_nothing(probe: Tree) -> Iterator[Problem]:
    http = find(probe, "http")
    if http is not None and find(http, "expect") is None:
        hint = "expect: {status: 200}, or a text that only a healthy service gives"
        yield Problem(http.place, "a health probe that expects nothing", hint)
