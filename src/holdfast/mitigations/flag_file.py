"""A file of flags in flagd's JSON, checked flag by flag, every mistake with its line.

Rules:
1. One bad flag does not stop the others from being read; a file that is no JSON, or that names a flag twice, is refused
   as a whole: nobody can tell what it means.
2. `$evaluators` of the file are put where a flag's targeting refers to them.

Source: flagd's flag definition schema, version 0.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from holdfast.errors import FactError, PlanError
from holdfast.mitigations.flags import parse_flag
from holdfast.model.frozen import frozen

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|\s+', re.DOTALL)


@frozen
class FlagInFile:
    """One flag of a file. `definition` is plain data; `problem` says what is wrong with it, where and what to try."""

    key: str
    line: int
    definition: Mapping[str, Any]
    problem: PlanError | None


def parse_flag_file(text: str, where: str) -> list[FlagInFile]:
    """Return the flags of a file in its order. A document without `flags` is taken for the map of keys itself.

    Raises:
        FactError: not JSON, not a document of flags, or a flag that is named twice.
    """
    document = _load(text, where)
    flags = document.get("flags", document) if isinstance(document, dict) else None
    if not isinstance(flags, dict) or (flags is document and not all(_is_flag(one) for one in flags.values())):
        raise FactError("expected a flagd document with `flags`", where=where, hint="one flag: `holdfast flags define`")
    shared = document.get("$evaluators") or {}
    if not isinstance(shared, dict):
        raise FactError("`$evaluators` is a JSON object", where=where)
    lines = _lines_of_keys(text, where, within_flags=flags is not document)
    return [_check(key, lines.get(key, 1), flag, shared, where) for key, flag in flags.items()]


def _load(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FactError(f"not JSON: {error.msg}", where=f"{where}:{error.lineno}:{error.colno}") from None
    except (ValueError, RecursionError):
        raise FactError("JSON nested too deeply, or with a number too long", where=where) from None


def _is_flag(value: Any) -> bool:
    return isinstance(value, dict) and "variants" in value


def _check(key: str, line: int, flag: Any, shared: Mapping[str, Any], where: str) -> FlagInFile:
    place = f"{where}:{line}"
    if not isinstance(flag, dict):
        return FlagInFile(key, line, {}, PlanError(f"flag `{key[:80]}` is no JSON object", where=place))
    definition = dict(flag)
    needs_shared = shared and '"$ref"' in json.dumps(flag.get("targeting"))
    if needs_shared:
        definition["$evaluators"] = {**shared, **(flag.get("$evaluators") or {})}
    try:
        parsed = parse_flag(key, json.dumps(definition, ensure_ascii=False))
    except PlanError as error:
        return FlagInFile(key, line, flag, PlanError(error.message, where=place, hint=error.hint))
    if needs_shared:  # written out, so that the flag stands for itself
        del definition["$evaluators"]
        definition["targeting"] = parsed.document["targeting"]
    return FlagInFile(key, line, definition, None)


def _lines_of_keys(text: str, where: str, *, within_flags: bool) -> dict[str, int]:
    """Return flag key → line; the text is known to be JSON."""
    depth, line, path = 0, 1, [""]
    wanted = 2 if within_flags else 1
    expects_key, last = False, ""
    found: dict[str, int] = {}
    for part in _PART.findall(text):
        if part in "{[":
            depth += 1
            path[depth - 1 :] = [last]
            expects_key = part == "{"
        elif part in "}]":
            depth -= 1
            expects_key = False
        elif part[0] == ",":
            expects_key = True
        elif part[0] == '"' and expects_key:
            last, expects_key = json.loads(part), False
            if depth == wanted and (not within_flags or path[1] == "flags"):
                if last in found:
                    raise FactError(f"flag `{last[:80]}` is named twice", where=f"{where}:{line}")
                found[last] = line
        line += part.count("\n")
    return found
