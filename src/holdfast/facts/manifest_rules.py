"""What a schema cannot say of a manifest: names that stand twice, paths that lead out, drills without a plan.

The rules look at the tree, not at values, so that they find what they can even where the schema found something too.
"""

import re
from collections.abc import Iterator

from holdfast.facts import manifest_plan_rules
from holdfast.facts.manifest_durations import parse_duration_s
from holdfast.facts.manifest_yaml import Items, Problem, Scalar, Tree, find, items_of, text_of


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


def find_division_problems(root: Tree) -> Iterator[Problem]:
    """Yield what makes it unclear which service a file is of, the schema's part of that included."""
    listed = find(root, "services")
    if not isinstance(listed, Items):
        yield Problem((listed or root).place, "expected a list of `services`")
        return
    for service in listed.items:
        if not text_of(find(service, "name")):
            yield Problem(service.place, "a service without a name", "add `name`")
        paths = find(service, "paths")
        if paths is not None and not (isinstance(paths, Items) and paths.items and all(map(text_of, paths.items))):
            yield Problem(paths.place, "expected at least one folder", "such as `paths: [services/shop]`")
        yield from _paths(service)
    yield from _twice(listed.items, "name", "service")
    yield from _shared_paths(listed.items)


def service_problems(service: Tree) -> Iterator[Problem]:
    """Yield what is wrong with one service's tree."""
    yield from _paths(service)
    features, plans = list(items_of(find(service, "features"))), list(items_of(find(service, "plans")))
    yield from _twice(features, "name", "feature")
    yield from _twice(plans, "id", "plan")
    for feature in features:
        for cover in items_of(find(feature, "covers")):
            yield from _cover(cover)
    yield from manifest_plan_rules.find_problems(plans)
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


def _drills(service: Tree, plans: set[str | None]) -> Iterator[Problem]:
    for drill in items_of(find(service, "drills")):
        plan, every = find(drill, "plan"), find(drill, "every")
        text = text_of(plan)
        if plan is not None and text is not None and text not in plans:
            known = ", ".join(f"`{name}`" for name in sorted(name for name in plans if name)) or "none is declared"
            yield Problem(plan.place, f"there is no plan `{text[:60]}` to drill", f"plans: {known}")
        if isinstance(every, Scalar) and parse_duration_s(every.text) == 0:
            yield Problem(every.place, "a drill every no time at all", "7d")
