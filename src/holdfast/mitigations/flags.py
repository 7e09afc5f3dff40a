"""Flags in flagd's JSON model, and the overlays that force a safe variant.

Rules:
1. A stored definition is never rewritten. Without an active overlay it is served to the bit as it was stored.
2. An overlay forces its variant with the targeting removed and the state `ENABLED`. Never `DISABLED`: that would serve
   the caller's code default, which nobody declared safe.
3. Overlays stack: while one is active the flag is forced. Where active ones name different variants **the
   oldest decides**: it may already be proven in the application, and a newer one must not silently undo what was
   proven. The newer one's own probe fails then, and a person is told.
4. A forced variant that the definition does not have is an error, never the definition's own choice.

Source: flagd's flag definition schema, version 0.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from holdfast.errors import PlanError
from holdfast.model.flag import Overlay
from holdfast.model.frozen import frozen

MAX_DEFINITION_BYTES = 64 * 1024
MAX_DEPTH = 40
MAX_VARIANTS = 200
FLAG_KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,126}[A-Za-z0-9])?")
_FIELDS = {
    "state",
    "variants",
    "defaultVariant",
    "targeting",
    "metadata",
    "$evaluators",
    "$schema",
    "source",
    "selector",
}
_KINDS = {bool: "boolean", str: "string", int: "integer", float: "float", dict: "object", list: "object"}
_HINT = 'for example {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'


@frozen
class Flag:
    """A checked flag definition.

    `kind` is `boolean`, `string`, `integer`, `float` or `object`. `default` is `None` when the caller's code default is
    meant. `document` is the flag with its `$ref`s written out, in flagd's JSON model.
    """

    key: str
    kind: str
    state: str
    variants: Mapping[str, Any]
    default: str | None
    document: Mapping[str, Any]


@lru_cache(maxsize=2048)
def parse_flag(key: str, text: str) -> Flag:
    """Return the flag that a definition's JSON text describes.

    `$evaluators` beside the flag's own fields may hold rules that its targeting names by `$ref`.

    Raises:
        PlanError: not JSON, too large or too deep, a duplicate or unknown field, no variants, variants of several
            types, a default that is no variant, a `$ref` without its rule or in a circle, an operator that prints.
    """
    where = f"flag {key[:80]}"
    if not FLAG_KEY.fullmatch(key):
        raise PlanError(f"expected a flag's key, got `{key[:80]}`", hint="letters, digits and `. _ : -`, at most 128")
    document = _load(text, where)
    unknown = sorted(document.keys() - _FIELDS)
    if unknown:
        raise PlanError(f"unknown field `{unknown[0][:80]}`", where=where, hint=_HINT)
    state = document.get("state")
    if state not in ("ENABLED", "DISABLED"):
        raise PlanError(f"expected state `ENABLED` or `DISABLED`, got {_short(state)}", where=where, hint=_HINT)
    variants = _check_variants(document.get("variants"), where)
    default = _check_default(document.get("defaultVariant"), variants, where)
    _check_metadata(document.get("metadata"), where)
    targeting = _check_targeting(document, where)
    plain = {"state": state, "variants": variants, "defaultVariant": default, "targeting": targeting}
    if document.get("metadata"):
        plain["metadata"] = document["metadata"]
    return Flag(key, _kind_of(variants, where), state, variants, default, plain)


def _load(text: str, where: str) -> dict[str, Any]:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_DEFINITION_BYTES:
        raise PlanError(f"a definition of {size} bytes; the limit is {MAX_DEFINITION_BYTES}", where=where)
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except _RefusedError as error:
        raise PlanError(str(error), where=where) from None
    except json.JSONDecodeError as error:
        raise PlanError(f"not JSON: {error.msg}", where=f"{where}:{error.lineno}:{error.colno}", hint=_HINT) from None
    except (ValueError, RecursionError):  # a number of too many digits, or nesting without end
        raise PlanError("JSON nested too deeply, or with a number too long", where=where) from None
    if not isinstance(document, dict):
        raise PlanError(f"expected a JSON object, got {_short(document)}", where=where, hint=_HINT)
    _check_depth(document, where)
    return document


class _RefusedError(ValueError):
    """JSON that parses, and means two things or nothing."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _RefusedError(f"`{twice[:80]}` is given twice")
    return out


def _no_constant(name: str) -> Any:
    raise _RefusedError(f"`{name}` is not a JSON number")


def _check_depth(value: Any, where: str, depth: int = 1) -> None:
    if depth > MAX_DEPTH:
        raise PlanError(f"nested deeper than {MAX_DEPTH} levels", where=where)
    if isinstance(value, float) and not math.isfinite(value):
        raise PlanError("a number that is too large", where=where)
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _check_depth(child, where, depth + 1)


def _check_variants(variants: Any, where: str) -> dict[str, Any]:
    if not isinstance(variants, dict) or not variants:
        raise PlanError(f"expected at least one variant, got {_short(variants)}", where=where, hint=_HINT)
    if len(variants) > MAX_VARIANTS:
        raise PlanError(f"{len(variants)} variants; the limit is {MAX_VARIANTS}", where=where)
    for name, value in variants.items():
        if not name or type(value) not in _KINDS:
            raise PlanError(f"variant `{name[:80]}` has no usable value: {_short(value)}", where=where, hint=_HINT)
    return variants


def _kind_of(variants: Mapping[str, Any], where: str) -> str:
    kinds = {_KINDS[type(value)] for value in variants.values()}
    if kinds == {"integer", "float"}:
        return "float"
    if len(kinds) > 1:
        raise PlanError(f"variants of several types: {', '.join(sorted(kinds))}", where=where, hint="use one type")
    return kinds.pop()


def _check_default(default: Any, variants: Mapping[str, Any], where: str) -> str | None:
    if default is None or default == "":
        return None
    if isinstance(default, bool):  # flagd reads `true` as the variant named `true`
        default = str(default).lower()
    if not isinstance(default, str) or default not in variants:
        names = ", ".join(f"`{name}`" for name in list(variants)[:10])
        raise PlanError(f"defaultVariant {_short(default)} is no variant", where=where, hint=f"one of {names}")
    return default


def _check_metadata(metadata: Any, where: str) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(value, str | int | float) for value in metadata.values()):
        raise PlanError("metadata holds texts, numbers and booleans only", where=where)


def _check_targeting(document: Mapping[str, Any], where: str) -> dict[str, Any]:
    targeting = document.get("targeting") or {}
    evaluators = document.get("$evaluators") or {}
    if not isinstance(targeting, dict) or not isinstance(evaluators, dict):
        raise PlanError("`targeting` and `$evaluators` are JSON objects", where=where)
    budget = [MAX_DEFINITION_BYTES]
    out = _inline(targeting, evaluators, (), budget, where)
    if not isinstance(out, dict):
        raise PlanError("targeting must be a rule", where=where)
    return out


def _inline(rule: Any, evaluators: Mapping[str, Any], path: tuple[str, ...], budget: list[int], where: str) -> Any:
    """Write `$ref`s out; `budget` is how many more nodes may come of it, so that references can't blow up."""
    budget[0] -= 1
    if budget[0] < 0 or len(path) > MAX_DEPTH:
        raise PlanError("`$ref`s that grow without end", where=where)
    if isinstance(rule, list):
        return [_inline(item, evaluators, path, budget, where) for item in rule]
    if not isinstance(rule, dict):
        return rule
    if rule.keys() == {"log"}:
        raise PlanError("the operator `log` is refused: it writes to the server's own output", where=where)
    if rule.keys() != {"$ref"}:
        return {name: _inline(value, evaluators, path, budget, where) for name, value in rule.items()}
    name = rule["$ref"]
    if not isinstance(name, str) or name not in evaluators:
        raise PlanError(f"`$ref` to {_short(name)}, which `$evaluators` does not have", where=where)
    if name in path:
        raise PlanError(f"`$ref`s in a circle: {' → '.join((*path, name))[:200]}", where=where)
    return _inline(evaluators[name], evaluators, (*path, name), budget, where)


def _short(value: Any) -> str:
    return f"`{json.dumps(value, default=str)[:80]}`"


def forced_variant(overlays: Sequence[Overlay]) -> str | None:
    """Return the variant that the active ones of these overlays force; `None` when none is active.

    The oldest decides; of several made at one instant the one with the smallest id.
    """
    active = [overlay for overlay in overlays if overlay.lifted_at is None]
    if not active:
        return None
    return min(active, key=lambda overlay: (overlay.created_at, overlay.id)).variant


def apply_overlays(definition: str, overlays: Sequence[Overlay]) -> str:
    """Return the definition as it is to be evaluated: itself, to the bit, when no overlay is active.

    Raises:
        PlanError: the forced variant is not one of the definition's, or the definition cannot be read.
    """
    variant = forced_variant(overlays)
    if variant is None:
        return definition
    flag = parse_flag(overlays[0].flag, definition)
    if variant not in flag.variants:
        raise PlanError(
            f"an overlay forces variant `{variant}`, which is gone", where=f"flag {flag.key}", hint="define it again"
        )
    forced = {"state": "ENABLED", "variants": dict(flag.variants), "defaultVariant": variant, "targeting": {}}
    if "metadata" in flag.document:
        forced["metadata"] = flag.document["metadata"]
    return json.dumps(forced, ensure_ascii=False)
