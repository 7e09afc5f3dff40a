"""A policy's YAML → a `Policy`, with everything that is wrong told in one go, each with its place.

Rules:

1. The published schema decides about the shape. It is only asked when a document is not plainly right: reading a good
   policy must not cost a build a tenth of a second.
2. Every expression is compiled when the policy is read, not when it first matters.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec

from holdfast.errors import ExpressionError, FactError, PolicyError, UsageError
from holdfast.facts.manifest_durations import parse_duration_s
from holdfast.facts.manifest_yaml import Entries, Problem, Scalar, Tree, find, items_of, parse_yaml, plain, written
from holdfast.gate.policy import (
    DeploymentRules,
    LicenseRules,
    ModeRules,
    OnUnknown,
    Outcome,
    Policy,
    Rule,
    Unverified,
    VexRules,
    WaiverRules,
)
from holdfast.model.build import Mode
from holdfast.model.instant import parse_instant
from holdfast.model.vex import VexKey

SCHEMA = ("holdfast.gate", "policy.schema.json")
FILE = ".holdfast/policy.yaml"
"""Where a repository keeps its policy unless it is told otherwise."""

_Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}\Z")]
_Score = Annotated[float, msgspec.Meta(ge=0, le=100)]
_Duration = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?(s|m|h|d)\Z")]
_Instant = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})\Z")]
_License = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Licenses = Annotated[list[_License], msgspec.Meta(max_length=500)]
_Tier = Annotated[str, msgspec.Meta(pattern=r"^(default|tier-[1-9])\Z")]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Key = Annotated[str, msgspec.Meta(min_length=40, max_length=2000)]
_Beyond = Literal["known-exploited", "malicious"]
_Private = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9 .:-]{0,63}:[^\s:][^\s]{0,255}\Z")]


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A mapping that has no other keys."""


class _RuleShape(_Strict):
    id: _Id
    when: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    then: Outcome
    because: Annotated[str, msgspec.Meta(max_length=500)] = ""
    enforce_from: _Instant | msgspec.UnsetType = msgspec.UNSET


class _DataShape(_Strict):
    max_age: _Duration | msgspec.UnsetType = msgspec.UNSET
    on_unknown: OnUnknown | msgspec.UnsetType = msgspec.UNSET


class _LicensesShape(_Strict):
    allow: _Licenses | msgspec.UnsetType = msgspec.UNSET
    warn: _Licenses | msgspec.UnsetType = msgspec.UNSET
    block: _Licenses | msgspec.UnsetType = msgspec.UNSET
    otherwise: Outcome | msgspec.UnsetType = msgspec.UNSET
    unknown: Outcome | msgspec.UnsetType = msgspec.UNSET


class _DeadlinesShape(_Strict):
    table: Literal["bod-26-04", "none"] | msgspec.UnsetType = msgspec.UNSET
    overdue: Outcome | msgspec.UnsetType = msgspec.UNSET


class _WaiversShape(_Strict):
    max: _Duration | msgspec.UnsetType = msgspec.UNSET
    epss_above: Annotated[float, msgspec.Meta(ge=0, le=1)] | msgspec.UnsetType = msgspec.UNSET
    approvers: Annotated[list[_Name], msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET


class _VexShape(_Strict):
    authors: Annotated[list[_Name], msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    also_clears: Annotated[list[_Beyond], msgspec.Meta(max_length=2)] | msgspec.UnsetType = msgspec.UNSET
    keys: Annotated[dict[_Id, _Key], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    require_signature: bool | msgspec.UnsetType = msgspec.UNSET


class _ModeShape(_Strict):
    now: Mode
    next: Literal["warn", "block"] | msgspec.UnsetType = msgspec.UNSET
    from_: _Instant | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="from")


class _DeploymentsShape(_Strict):
    unverified: Unverified | msgspec.UnsetType = msgspec.UNSET
    since: _Instant | msgspec.UnsetType = msgspec.UNSET


class _Shape(_Strict):
    version: Literal[1] | msgspec.UnsetType = msgspec.UNSET
    min_score: dict[_Tier, _Score] | msgspec.UnsetType = msgspec.UNSET
    data: _DataShape | msgspec.UnsetType = msgspec.UNSET
    rules: Annotated[list[_RuleShape], msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    licenses: _LicensesShape | msgspec.UnsetType = msgspec.UNSET
    deadlines: _DeadlinesShape | msgspec.UnsetType = msgspec.UNSET
    waivers: _WaiversShape | msgspec.UnsetType = msgspec.UNSET
    vex: _VexShape | msgspec.UnsetType = msgspec.UNSET
    private: Annotated[list[_Private], msgspec.Meta(max_length=500)] | msgspec.UnsetType = msgspec.UNSET
    mode: _ModeShape | msgspec.UnsetType = msgspec.UNSET
    deployments: _DeploymentsShape | msgspec.UnsetType = msgspec.UNSET
    on_unavailable: Literal["fail", "pass", "cached"] | msgspec.UnsetType = msgspec.UNSET
    lower_may: Annotated[list[_Id], msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET


LOOSENED = (
    *("min_score", "data", "mode", "licenses", "deadlines", "waivers", "vex"),
    *("deployments", "private", "on_unavailable"),
)
"""What `lower_may` may name, beside rules."""


def read_policy(data: bytes, *, file: str, name: str = "") -> Policy:
    """Return the policy in a YAML (or JSON) document; `file` is its name in messages, `name` whose it is.

    Raises:
        PolicyError: with everything that is wrong, each with file, line and column.
    """
    root, problems = parse_yaml(data, file=file)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        _refuse(problems or [Problem(f"{file}:1:1", "an empty policy", "say at least `min_score: {default: 70}`")])
    assert root is not None  # noqa: S101 - `_refuse` has raised
    if problems or not _is_plainly_right(root):
        _refuse([*problems, *_find_problems(root)])
    policy = _policy(root, file, name or file, "sha256:" + hashlib.sha256(data).hexdigest())
    _refuse([*_find_wrong(policy, root)])
    return policy


def _is_plainly_right(root: Tree) -> bool:
    try:
        shape = msgspec.convert(plain(root), _Shape, strict=True)
    except msgspec.ValidationError:
        return False
    mode = shape.mode
    return mode is msgspec.UNSET or (mode.next is msgspec.UNSET) == (mode.from_ is msgspec.UNSET)


def _find_problems(root: Tree) -> list[Problem]:
    from holdfast.facts.manifest_schema import find_problems  # jsonschema is slow to load

    return find_problems(root, schema=SCHEMA)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise PolicyError(
            "\n".join(str(one) for one in problems[:50]).removeprefix(f"{problems[0].where}: "), where=problems[0].where
        )


def _find_wrong(policy: Policy, root: Tree) -> Iterator[Problem]:
    """Yield what a schema can't say: expressions, repeated ids, dates that are none."""
    seen: set[str] = set()
    for rule, tree in zip(policy.rules, items_of(find(root, "rules")), strict=True):
        if rule.id in seen:
            yield Problem(_place(tree, "id"), f"a second rule `{rule.id}`", "give each its own id")
        seen.add(rule.id)
        try:
            _ = rule.program
        except ExpressionError as error:
            yield Problem(error.where or _place(tree, "when"), f"rule `{rule.id}`: {error.message}", error.hint)
    yield from _find_wrong_names(policy, root)
    levels = policy.licenses
    for id_ in sorted((levels.allow & levels.block) | (levels.allow & levels.warn) | (levels.warn & levels.block)):
        yield Problem(_place(root, "licenses"), f"licence `{id_}` is in two lists", "keep it in one")


def _find_wrong_names(policy: Policy, root: Tree) -> Iterator[Problem]:
    """Yield names that would never apply: a licence that is none lets pass what it was to block."""
    for key in ("allow", "warn", "block"):
        for item in items_of(find(find(root, "licenses"), key)):
            if isinstance(item, Scalar) and _license(item.text) is None:
                yield Problem(item.place, f"`{item.text[:60]}` is no SPDX licence id", "such as `MIT`, each by itself")
    known = {*LOOSENED, *(rule.id for rule in policy.rules)}
    for item in items_of(find(root, "lower_may")):
        if isinstance(item, Scalar) and item.text not in known:
            hint = f"one of {', '.join(LOOSENED)}, or the id of a rule here"
            yield Problem(item.place, f"`{item.text}` is nothing that can be loosened", hint)


def _license(text: str) -> str | None:
    from holdfast.gate.licenses import find_license_id  # it loads an index of licences

    return find_license_id(text)


def _place(tree: Tree, key: str) -> str:
    found = find(tree, key)
    return found.place if found is not None else tree.place


def _policy(root: Tree, file: str, name: str, digest: str) -> Policy:
    data, deadlines, waivers = find(root, "data"), find(root, "deadlines"), find(root, "waivers")
    overdue = written(deadlines, "overdue") if deadlines else ""
    table = written(deadlines, "table") if deadlines else ""
    unknown = written(data, "on_unknown") if data else ""
    return Policy(
        name=name,
        digest=digest,
        min_score=_scores(find(root, "min_score")),
        max_age=_duration(data, "max_age"),
        on_unknown=OnUnknown(unknown) if unknown else None,
        rules=tuple(_rule(one, file) for one in items_of(find(root, "rules"))),
        licenses=_licenses(find(root, "licenses")),
        uses_deadlines=None if not table else table != "none",
        overdue=Outcome(overdue) if overdue else None,
        waivers=_waivers(waivers) if waivers else None,
        private=tuple(_texts(root, "private")),
        mode=_mode(find(root, "mode")),
        on_unavailable=written(root, "on_unavailable") or None,
        lower_may=frozenset(_texts(root, "lower_may")),
        vex=_vex(find(root, "vex")),
        deployments=_deployments(find(root, "deployments")),
    )


def _scores(tree: Tree | None) -> Mapping[int, float]:
    values = plain(tree) if isinstance(tree, Entries) else {}
    scores: dict[str, Any] = dict(values) if isinstance(values, dict) else {}
    return {0 if name == "default" else int(name[-1]): float(value) for name, value in scores.items()}


def _duration(tree: Tree | None, key: str) -> timedelta | None:
    seconds = parse_duration_s(written(tree, key)) if tree is not None else None
    return None if seconds is None else timedelta(seconds=seconds)


def _rule(tree: Tree, file: str) -> Rule:
    when = find(tree, "when")
    line, column = (when.line, when.column) if isinstance(when, Scalar) else (1, 1)
    enforce_from = written(tree, "enforce_from")
    return Rule(
        written(tree, "id"),
        written(tree, "when"),
        Outcome(written(tree, "then")),
        written(tree, "because"),
        _instant(tree, "enforce_from") if enforce_from else None,
        file,
        line,
        column,
    )


def _instant(tree: Tree, key: str) -> Any:
    try:
        return parse_instant(written(tree, key), where=_place(tree, key))
    except UsageError as error:
        raise PolicyError(error.message, where=_place(tree, key), hint=error.hint) from None


def _texts(tree: Tree | None, key: str) -> Iterator[str]:
    for item in items_of(find(tree, key)):
        if isinstance(item, Scalar):
            yield item.text


def _licenses(tree: Tree | None) -> LicenseRules:
    if tree is None:
        return LicenseRules()
    allow, warn, block = (
        frozenset(_license(one) or one for one in _texts(tree, key)) for key in ("allow", "warn", "block")
    )
    otherwise = written(tree, "otherwise") or ("block" if allow else "allow")
    return LicenseRules(allow, warn, block, Outcome(otherwise), Outcome(written(tree, "unknown") or "warn"))


def _waivers(tree: Tree) -> WaiverRules:
    epss = find(tree, "epss_above")
    above = float(epss.value or 0) if isinstance(epss, Scalar) else None
    named = frozenset(_texts(tree, "approvers")) if find(tree, "approvers") is not None else None
    return WaiverRules(_duration(tree, "max"), above, named)


def _vex(tree: Tree | None) -> VexRules:
    if tree is None:
        return VexRules()
    authors, also = (
        frozenset(_texts(tree, key)) if find(tree, key) is not None else None for key in ("authors", "also_clears")
    )
    keys, needed = find(tree, "keys"), find(tree, "require_signature")
    return VexRules(
        authors,
        also,
        _keys(keys) if keys is not None else None,
        bool(needed.value) if isinstance(needed, Scalar) else None,
    )


def _keys(tree: Tree) -> tuple[VexKey, ...]:
    """Return the keys of a mapping of name and key. Raises: PolicyError: one is none."""
    from holdfast.findings.vex_signed import parse_key  # what it takes is only loaded where there are keys

    found = []
    named: Any = plain(tree)  # the schema has seen to it that texts are named
    for name in sorted(named):
        try:
            found.append(parse_key(name, named[name]))
        except FactError as error:
            raise PolicyError(error.message, where=_place(tree, name), hint=error.hint) from None
    return tuple(found)


def _mode(tree: Tree | None) -> ModeRules | None:
    if tree is None:
        return None
    later = written(tree, "next")
    return ModeRules(
        Mode(written(tree, "now")), Mode(later) if later else None, _instant(tree, "from") if later else None
    )


def _deployments(tree: Tree | None) -> DeploymentRules:
    if tree is None:
        return DeploymentRules()
    word = written(tree, "unverified")
    since = _instant(tree, "since") if written(tree, "since") else None
    return DeploymentRules(Unverified(word) if word else None, since)
