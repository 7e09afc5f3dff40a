"""Validates a tree against the published JSON Schema, in words that an author understands."""

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from holdfast.facts.manifest_yaml import Entries, Problem, Scalar, Tree, plain, walk
from holdfast.model.frozen import frozen

MANIFEST = ("holdfast.facts", "manifest.schema.json")
"""Where a published schema lies: the package, and the file in it."""
_TYPE_NAMES = {dict: "a mapping", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}


@cache
def load_schema(schema: tuple[str, str] = MANIFEST) -> Mapping[str, Any]:
    """Return a published JSON Schema, that of `holdfast.yaml` by default."""
    package, name = schema
    document: Mapping[str, Any] = json.loads((files(package) / name).read_text(encoding="utf-8"))
    return document


@cache
def _validator(definition: str | None, which: tuple[str, str]) -> Draft202012Validator:
    schema = load_schema(which)
    if definition:
        schema = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return Draft202012Validator(schema)


@frozen
class _Broken:
    """A rule of the schema that a value breaks; `limit` is what the schema says next to the rule's name."""

    rule: str
    limit: Any
    schema: Mapping[str, Any]
    instance: Any
    path: tuple[str | int, ...]


def find_problems(tree: Tree, definition: str | None = None, *, schema: tuple[str, str] = MANIFEST) -> list[Problem]:
    """Return what a schema, or one of its definitions, has against a tree."""
    problems: dict[Problem, None] = {}  # one of each, in order
    document: Any = plain(tree)
    for error in _validator(definition, schema).iter_errors(document):
        part = error.schema if isinstance(error.schema, Mapping) else {}
        path = tuple(error.absolute_path)
        broken = _Broken(str(error.validator), error.validator_value, part, error.instance, path)
        problems.update(dict.fromkeys(_explain(tree, broken)))
    return list(problems)


def _explain(tree: Tree, broken: _Broken) -> Iterator[Problem]:
    node = walk(tree, broken.path)
    match broken.rule:
        case "additionalProperties":
            yield from _unknown_keys(node, broken)
        case "required":
            missing = [key for key in broken.limit if key not in broken.instance]
            yield from (Problem(node.place, f"`{key}` is missing", _describe(broken.schema, key)) for key in missing)
        case "dependentRequired":
            pairs = [(key, one) for key, needed in broken.limit.items() if key in broken.instance for one in needed]
            missing = [(key, one) for key, one in pairs if one not in broken.instance]
            yield from (Problem(node.place, f"`{one}` is missing beside `{key}`") for key, one in missing)
        case "enum" | "const":
            allowed = broken.limit if broken.rule == "enum" else [broken.limit]
            hint = broken.schema.get("$comment") or _near(node, allowed)
            yield Problem(node.place, f"expected {_list_of(allowed)}, got {_shown(node)}", hint)
        case _:
            message = f"expected {_expected(broken)}, got {_shown(node, broken)}"
            yield Problem(_place_of(node, broken), message, _hint(node, broken))


def _unknown_keys(node: Tree, broken: _Broken) -> Iterator[Problem]:
    known = list(broken.schema["properties"])
    if not isinstance(node, Entries):
        return
    for key, place in node.keys.items():
        if key not in known:
            close = get_close_matches(key, known, 1)
            hint = f"did you mean `{close[0]}`?" if close else f"one of {_list_of(known)}"
            yield Problem(place, f"unknown key `{key[:60]}`", hint)


def _place_of(node: Tree, broken: _Broken) -> str:
    """A rule for the names of keys has the mapping for its path, and the key for its instance."""
    if isinstance(node, Entries) and isinstance(broken.instance, str):
        return node.keys.get(broken.instance, node.place)
    return node.place


def _expected(broken: _Broken) -> str:
    if broken.rule == "type" and broken.limit in ("object", "array"):
        return "a mapping" if broken.limit == "object" else "a list"
    limits = {"maxLength": "at most {} characters", "maxItems": "at most {} items", "maxProperties": "at most {} keys"}
    if broken.rule in limits and broken.limit > 1:
        return limits[broken.rule].format(broken.limit)
    title = broken.schema.get("title")
    if isinstance(title, str):
        return title
    if broken.rule == "type":
        wanted = broken.limit
        names = {"string": "a text", "integer": "a whole number"}
        return " or ".join(names.get(name, name) for name in ([wanted] if isinstance(wanted, str) else wanted))
    return f"at least {broken.limit} characters" if broken.rule == "minLength" else f"{broken.rule} {broken.limit}"


def _shown(node: Tree, broken: _Broken | None = None) -> str:
    if broken is not None and isinstance(broken.instance, str) and not isinstance(node, Scalar):
        return f"`{broken.instance[:60]}`"
    match node:
        case Scalar(value=None):
            return "nothing"
        case Scalar():
            kind = "" if isinstance(node.value, str) else f"{_TYPE_NAMES[type(node.value)]} "
            return f"{kind}`{node.text[:60]}`"
        case Entries():
            return "a mapping" if node.values else "an empty mapping"
    return "a list" if node.items else "an empty list"


def _hint(node: Tree, broken: _Broken) -> str | None:
    wants_text = broken.rule == "type" and broken.limit == "string"
    if wants_text and isinstance(node, Scalar) and node.value is not None:
        return f'put it into quotes: "{node.text[:60]}"'
    return None


def _describe(schema: Any, key: str) -> str | None:  # a fragment of the schema
    described = schema.get("properties", {}).get(key, {}).get("description")
    return described if isinstance(described, str) else None


def _near(node: Tree, allowed: Iterable[object]) -> str | None:
    close = get_close_matches(node.text, [str(one) for one in allowed], 1) if isinstance(node, Scalar) else []
    return f"did you mean `{close[0]}`?" if close else None


def _list_of(values: Iterable[object]) -> str:
    *others, last = [f"`{value}`" for value in values]
    return f"{', '.join(others)} or {last}" if others else last
