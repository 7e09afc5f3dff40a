"""`holdfast.yaml`: what a repository ships, and what is done when part of it turns out to be unsafe.

Rules:
1. Everything that is wrong is found in one go, each with file, line and column; the JSON Schema is the published one.
2. A manifest is data: anchors, aliases, tags are refused before they are expanded; names and arguments are taken as
   they are written, so that `safe: off` means the variant `off`.
3. A service that is declared through the API has the same shape and the same rules, its places are JSON pointers.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from holdfast.facts import manifest_rules
from holdfast.facts.manifest_json import manifest_from_json, manifest_to_json, plan_from_json, plan_to_json
from holdfast.facts.manifest_rules import normalize_path, parse_duration_s
from holdfast.facts.manifest_yaml import (
    Entries,
    ManifestProblems,
    Problem,
    Scalar,
    Tree,
    find,
    items_of,
    parse_yaml,
    plain,
    text_of,
    tree_of_json,
)
from holdfast.model.plan import Autonomy, Coverage, Drill, Feature, Manifest, Plan, Probe, ServiceManifest, Step

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


def _text(tree: Tree, key: str, default: str = "") -> str:
    text = text_of(find(tree, key))
    return default if text is None else text


def _service(tree: Tree) -> ServiceManifest:
    tier = find(tree, "tier")
    return ServiceManifest(
        name=_text(tree, "name"),
        paths=tuple(text_of(path) or "" for path in items_of(find(tree, "paths"))) or (".",),
        team=text_of(find(tree, "team")),
        tier=int(tier.value) if isinstance(tier, Scalar) and tier.value is not None else None,
        reach=_text(tree, "exposure", "unknown"),
        features=tuple(_feature(feature) for feature in items_of(find(tree, "features"))),
        plans=tuple(_plan(plan) for plan in items_of(find(tree, "plans"))),
        drills=tuple(
            Drill(_text(drill, "plan"), _text(drill, "every"), _text(drill, "level", "L1"))
            for drill in items_of(find(tree, "drills"))
        ),
        line=tree.line if isinstance(tree, Entries) else 1,
    )


def _feature(tree: Tree) -> Feature:
    covers = tuple(text_of(cover) or "" for cover in items_of(find(tree, "covers")))
    return Feature(_text(tree, "name"), _text(tree, "flag"), _text(tree, "safe"), covers)


def _plan(tree: Tree) -> Plan:
    when, coverage, autonomy = find(tree, "when"), text_of(find(tree, "coverage")), find(tree, "autonomy")
    line, column = (when.line, when.column) if isinstance(when, Scalar) else (1, 1)
    rungs = autonomy.values.items() if isinstance(autonomy, Entries) else ()
    return Plan(
        id=_text(tree, "id"),
        when=_text(tree, "when"),
        when_line=line,
        when_column=column,
        steps=tuple(_step(step) for step in items_of(find(tree, "do"))),
        coverage=Coverage(coverage) if coverage else None,
        verify=tuple(_probe(find(probe, "http") or probe) for probe in items_of(find(tree, "verify"))),
        autonomy=tuple((environment, Autonomy(text_of(rung) or "")) for environment, rung in rungs),
    )


def _step(tree: Tree) -> Step:
    arguments = tree.values.items() if isinstance(tree, Entries) else ()
    return Step(
        _text(tree, "action"), tuple(sorted((key, text_of(value) or "") for key, value in arguments if key != "action"))
    )


def _probe(tree: Tree) -> Probe:
    expect = find(tree, "expect")
    status, document = find(expect, "status"), find(expect, "json")
    expected = document.values.items() if isinstance(document, Entries) else ()
    return Probe(
        kind="http",
        url=_text(tree, "url"),
        method=_text(tree, "method", "GET"),
        expect_status=int(status.value) if isinstance(status, Scalar) and status.value is not None else 200,
        expect_json=tuple(sorted((pointer, _json_text(value)) for pointer, value in expected)),
        expect_text=text_of(find(expect, "text")),
        interval_s=parse_duration_s(_text(tree, "interval", "200ms")) or 0.2,
        deadline_s=parse_duration_s(_text(tree, "deadline", "60s")) or 60.0,
    )


def _json_text(tree: Tree) -> str:
    return json.dumps(plain(tree), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
