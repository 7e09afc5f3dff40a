"""SARIF 2.1.0: results as code hosts show them next to the lines.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 3.14 to 3.58.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from holdfast import __version__
from holdfast.model.frozen import frozen

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
Json = dict[str, Any]


@frozen
class SarifRule:
    """A kind of result. `level` is `error`, `warning` or `note`; `None` where something can't be told."""

    id: str
    summary: str
    level: str | None


@frozen
class SarifRegion:
    """A piece of a file. Lines and columns count from 1, columns in characters; the end is the place after it."""

    line: int
    column: int
    end_line: int | None = None
    end_column: int | None = None


@frozen
class SarifResult:
    """One result; `replacement` is what to put at a place of the file, with the words that say so."""

    rule: str
    message: str
    file: str
    region: SarifRegion
    fix: str = ""
    replacement: tuple[SarifRegion, str] | None = None


def sarif_document(rules: Sequence[SarifRule], results: Sequence[SarifResult]) -> Json:
    """Return a log of one run. Places are relative to where the command was told to look."""
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    levels = {rule.id: rule.level for rule in rules}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "holdfast", "version": __version__, "rules": [_rule(rule) for rule in rules]}
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"ROOT": {"description": {"text": "Where the command was told to look."}}},
                "results": [_result(one, numbers, levels) for one in results],
            }
        ],
    }


def _rule(rule: SarifRule) -> Json:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": rule.level or "none"},
    }


def _result(one: SarifResult, numbers: Mapping[str, int], levels: Mapping[str, str | None]) -> Json:
    level = levels[one.rule]
    text = f"{one.message}. {one.fix}" if one.fix else one.message
    result: Json = {
        "ruleId": one.rule,
        "ruleIndex": numbers[one.rule],
        "kind": "fail" if level else "open",
        "level": level or "none",
        "message": {"text": text},
        "locations": [
            {"physicalLocation": {"artifactLocation": _artifact(one.file), "region": _region(one.region)}},
        ],
    }
    if one.replacement is not None:
        region, inserted = one.replacement
        replacement = {"deletedRegion": _region(region), "insertedContent": {"text": inserted}}
        change = {"artifactLocation": _artifact(one.file), "replacements": [replacement]}
        result["fixes"] = [{"description": {"text": one.fix}, "artifactChanges": [change]}]
    return result


def _artifact(file: str) -> Json:
    return {"uri": quote(file), "uriBaseId": "ROOT"}


def _region(region: SarifRegion) -> Json:
    found = {
        "startLine": region.line,
        "startColumn": region.column,
        "endLine": region.end_line,
        "endColumn": region.end_column,
    }
    return {name: value for name, value in found.items() if value is not None}
