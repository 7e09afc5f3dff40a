"""Where a manifest names flags: what a finding about one of them points at."""

from holdfast.facts.manifest_yaml import Tree, find, items_of, parse_yaml, text_of
from holdfast.model.frozen import frozen


@frozen
class DeclaredFlag:
    """A feature's flag: its key, its safe variant, and the place of the key."""

    service: str
    feature: str
    flag: str
    safe: str
    file: str
    line: int
    column: int


@frozen
class PlannedFlag:
    """A flag that a plan's step or probe names, and the place where."""

    service: str
    plan: str
    flag: str
    file: str
    line: int
    column: int


def find_flags(data: bytes, *, file: str) -> tuple[list[DeclaredFlag], list[PlannedFlag]]:
    """Return the flags of a manifest that was read without a problem, in its order."""
    root, _ = parse_yaml(data, file=file)
    declared: list[DeclaredFlag] = []
    planned: list[PlannedFlag] = []
    for service in items_of(find(root, "services")):
        name, keys = text_of(find(service, "name")) or "", dict[str, str]()
        for feature in items_of(find(service, "features")):
            flag = find(feature, "flag")
            key, safe = text_of(flag) or "", text_of(find(feature, "safe")) or ""
            own = text_of(find(feature, "name")) or ""
            keys[own] = key
            declared.append(DeclaredFlag(name, own, key, safe, file, *_at(flag)))
        for plan in items_of(find(service, "plans")):
            planned += _of_plan(plan, name, keys, file)
    return declared, planned


def _of_plan(plan: Tree, service: str, keys: dict[str, str], file: str) -> list[PlannedFlag]:
    found = []
    named = [step for step in items_of(find(plan, "do")) if (text_of(find(step, "action")) or "").startswith("flag.")]
    probes = [*items_of(find(plan, "verify")), *items_of(find(plan, "health"))]
    for tree in [*named, *(probe for one in probes if (probe := find(one, "flag")) is not None)]:
        flag, feature = find(tree, "flag"), find(tree, "feature")
        key = text_of(flag) or keys.get(text_of(feature) or "")
        if key:
            found.append(PlannedFlag(service, text_of(find(plan, "id")) or "", key, file, *_at(flag or feature)))
    return found


def _at(node: Tree | None) -> tuple[int, int]:
    """A place is `file:line:column`, and the file's name may have colons."""
    parts = node.place.rsplit(":", 2) if node is not None else ["", "1", "1"]
    return int(parts[1]), int(parts[2])
