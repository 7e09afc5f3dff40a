"""What a schema cannot say of a manifest: names that stand twice, paths that lead out, drills without a plan.

The rules look at the tree, not at values, so that they find what they can even where the schema found something too.
"""

import re
from collections.abc import Iterator

from holdfast.facts.manifest_yaml import Problem, Scalar, Tree, find, items_of, text_of

_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)\Z")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
MAX_DEADLINE_S = 3600.0
MIN_INTERVAL_S = 0.05


def parse_duration_s(text: str) -> float | None:
    """Return the seconds of a text like `200ms` or `7d`; `None` when it is none."""
    found = _DURATION.match(text)
    return round(float(found.group(1)) * _UNIT_S[found.group(2)], 9) if found else None


def normalize_path(path: str) -> str | None:
    """Return a path below the manifest without `.` parts, `""` for all of it; `None` when it leads elsewhere."""
    if path.startswith(("/", "~")) or "\\" in path or re.match(r"[A-Za-z]:", path):
        return None
    parts = [part for part in path.split("/") if part not in {"", "."}]
    return None if ".." in parts else "/".join(parts)


def find_problems(root: Tree) -> Iterator[Problem]:
    """Yield what is wrong with a whole manifest's tree."""
    services = list(items_of(find(root, "services")))
    yield from _twice(services, "name", "service")
    yield from _shared_paths(services)
    for service in services:
        yield from service_problems(service)


def service_problems(service: Tree) -> Iterator[Problem]:
    """Yield what is wrong with one service's tree."""
    yield from _paths(service)
    features, plans = list(items_of(find(service, "features"))), list(items_of(find(service, "plans")))
    yield from _twice(features, "name", "feature")
    yield from _twice(plans, "id", "plan")
    for feature in features:
        for cover in items_of(find(feature, "covers")):
            yield from _cover(cover)
    for plan in plans:
        for probe in items_of(find(plan, "verify")):
            yield from _probe(find(probe, "http"))
    yield from _drills(service, {text_of(find(plan, "id")) for plan in plans})


def _twice(nodes: list[Tree], key: str, kind: str) -> Iterator[Problem]:
    places: dict[str, str] = {}
    for node in nodes:
        name = find(node, key)
        text = text_of(name)
        if name is None or text is None:
            continue
        if text in places:
            yield Problem(
                name.place, f"the {kind} `{text[:60]}` stands here a second time", f"it is already at {places[text]}"
            )
        places.setdefault(text, name.place)


def _paths(service: Tree) -> Iterator[Problem]:
    for path in items_of(find(service, "paths")):
        text = text_of(path)
        if text is not None and normalize_path(text) is None:
            yield Problem(
                path.place, f"the path `{text[:80]}` leads out of the repository", "a path below the manifest, with `/`"
            )
        elif text is not None and set(text) & set("*?["):
            yield Problem(path.place, f"the path `{text[:80]}` is a pattern", "name the folder")


def _shared_paths(services: list[Tree]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for service in services:
        name = text_of(find(service, "name")) or "?"
        nodes = list(items_of(find(service, "paths")))
        folders = [(normalize_path(text_of(node) or ""), node.place) for node in nodes] or [("", service.place)]
        for folder, place in folders:
            if folder is None:
                continue
            if owners.setdefault(folder, name) != name:
                hint = "give each service its own `paths`"
                yield Problem(place, f"`{folder or '.'}` belongs to `{owners[folder][:60]}` already", hint)


def _cover(cover: Tree) -> Iterator[Problem]:
    text = text_of(cover)
    if text is None:
        return
    if text.startswith("pkg:"):
        if "/" not in text or not text.rpartition("/")[2]:
            yield Problem(cover.place, f"`{text[:80]}` is not a package URL", "pkg:pypi/acme-pdf")
        elif "@" in text.rpartition("/")[2] or "?" in text:
            yield Problem(
                cover.place, f"`{text[:80]}` names a version", "leave out what follows the name: the flag covers all"
            )
    elif normalize_path(text) is None:
        yield Problem(
            cover.place, f"the path `{text[:80]}` leads out of the repository", "a path below the manifest, with `/`"
        )


def _probe(probe: Tree | None) -> Iterator[Problem]:
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


def _drills(service: Tree, plans: set[str | None]) -> Iterator[Problem]:
    for drill in items_of(find(service, "drills")):
        plan, every = find(drill, "plan"), find(drill, "every")
        text = text_of(plan)
        if plan is not None and text is not None and text not in plans:
            known = ", ".join(f"`{name}`" for name in sorted(name for name in plans if name)) or "none is declared"
            yield Problem(plan.place, f"there is no plan `{text[:60]}` to drill", f"plans: {known}")
        if isinstance(every, Scalar) and parse_duration_s(every.text) == 0:
            yield Problem(every.place, "a drill every no time at all", "7d")
