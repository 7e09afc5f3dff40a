"""`holdfast.yaml`: what a repository ships, and what is done when part of it turns out to be unsafe.

Rules:
1. Everything that is wrong is found in one go, each with file, line and column; the JSON Schema is the published one.
2. A manifest is data: anchors, aliases, tags are refused before they are expanded; names and arguments are taken as
   they are written, so that `safe: off` means the variant `off`.
3. A service that is declared through the API has the same shape and the same rules, its places are JSON pointers.
"""

import re
from collections.abc import Mapping
from typing import Any

from holdfast.facts import manifest_rules
from holdfast.facts.manifest_json import manifest_from_json, manifest_to_json, plan_from_json, plan_to_json
from holdfast.facts.manifest_plan import plan_of
from holdfast.facts.manifest_rules import normalize_path
from holdfast.facts.manifest_yaml import (
    Entries,
    ManifestProblems,
    Problem,
    Scalar,
    Tree,
    find,
    items_of,
    parse_yaml,
    text_of,
    tree_of_json,
    written,
)
from holdfast.model.plan import Drill, Feature, Manifest, ServiceManifest

__all__ = [
    "ManifestProblems",
    "Problem",
    "find_service_for",
    "manifest_from_json",
    "manifest_to_json",
    "parse_declaration",
    "parse_manifest",
    "plan_from_json",
    "plan_to_json",
]

MANIFEST_NAMES = ("holdfast.yaml", "holdfast.yml")


def parse_manifest(data: bytes, *, file: str) -> Manifest:
    """Return what a `holdfast.yaml` declares; `file` is its name in messages.

    Raises:
        ManifestProblems: a `ManifestError` with everything that is wrong, each with file, line and column.
    """
    root, problems = parse_yaml(data, file=file)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        raise ManifestProblems(_in_order(problems) or [_empty(f"{file}:1:1")])
    _refuse(root, problems, None)
    services = tuple(_service(service) for service in items_of(find(root, "services")))
    return Manifest(file, services)


def parse_declaration(document: Mapping[str, Any]) -> ServiceManifest:
    """Return one service as the API's JSON declares it: the shape of an entry of `services`.

    Raises:
        ManifestProblems: a `ManifestError` with everything that is wrong, each with a JSON pointer after `#`.
    """
    root, problems = tree_of_json(document)
    _refuse(root, problems, "service")
    return _service(root)


def find_service_for(manifest: Manifest, path: str) -> ServiceManifest | None:
    """Return the service that a file belongs to: the one with the innermost folder; `None` when no folder holds it."""
    normal = normalize_path(path)
    if normal is None:
        return None
    best: tuple[int, ServiceManifest] | None = None
    for service in manifest.services:
        for folder in (normalize_path(one) for one in service.paths):
            if folder is None or not (folder in {"", normal} or normal.startswith(f"{folder}/")):
                continue
            if best is None or len(folder) > best[0]:
                best = (len(folder), service)
    return best[1] if best else None


def _empty(place: str) -> Problem:
    return Problem(place, "an empty manifest", "declare a service: `holdfast.yaml` needs `version: 1` and `services`")


def _refuse(root: Tree, problems: list[Problem], definition: str | None) -> None:
    from holdfast.facts.manifest_schema import find_problems  # jsonschema is slow to load, and a scan may do without

    rules = manifest_rules.find_problems(root) if definition is None else manifest_rules.service_problems(root)
    found = dict.fromkeys([*problems, *find_problems(root, definition), *rules])
    if found:
        raise ManifestProblems(_in_order(list(found)))


def _in_order(problems: list[Problem]) -> list[Problem]:
    """By line and column; JSON pointers by their text."""

    def key(problem: Problem) -> tuple[int, int, str]:
        found = re.search(r":(\d+):(\d+)\Z", problem.where)
        return (int(found.group(1)), int(found.group(2)), "") if found else (0, 0, problem.where)

    return sorted(problems, key=key)


def _service(tree: Tree) -> ServiceManifest:
    tier = find(tree, "tier")
    return ServiceManifest(
        name=written(tree, "name"),
        paths=tuple(text_of(path) or "" for path in items_of(find(tree, "paths"))) or (".",),
        team=text_of(find(tree, "team")),
        tier=int(tier.value) if isinstance(tier, Scalar) and tier.value is not None else None,
        reach=written(tree, "exposure", "unknown"),
        features=tuple(_feature(feature) for feature in items_of(find(tree, "features"))),
        plans=tuple(plan_of(plan) for plan in items_of(find(tree, "plans"))),
        drills=tuple(_drill(drill) for drill in items_of(find(tree, "drills"))),
        line=tree.line if isinstance(tree, Entries) else 1,
    )


def _feature(tree: Tree) -> Feature:
    covers = tuple(text_of(cover) or "" for cover in items_of(find(tree, "covers")))
    return Feature(written(tree, "name"), written(tree, "flag"), written(tree, "safe"), covers)


def _drill(tree: Tree) -> Drill:
    environment = text_of(find(tree, "environment"))
    return Drill(written(tree, "plan"), written(tree, "every"), written(tree, "level", "L1"), environment)
