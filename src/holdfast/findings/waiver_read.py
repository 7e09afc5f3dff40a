"""A file of waivers → values. What can't be read waives nothing and is told, each entry by itself.

waivers:
  - id: shop-lodash
    finding: CVE-2024-1234
    aliases: [GHSA-aaaa-bbbb-cccc]
    service: shop
    package: pkg:npm/lodash
    versions: ">=4.0 <4.17.21"
    status: not_affected
    reason: vulnerable_code_not_in_execute_path
    statement: the template function is never called
    owner: ana
    approved_by: sec-lead
    signed: 2026-11-01T09:00:00Z
    expires: 2027-01-15T00:00:00Z
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from holdfast.controls.versions import is_comparable
from holdfast.errors import FactError, UsageError
from holdfast.facts.manifest_yaml import Entries, Problem, Tree, find, items_of, parse_yaml, text_of, written
from holdfast.findings.waivers import JUSTIFICATIONS
from holdfast.model.frozen import frozen
from holdfast.model.instant import parse_instant
from holdfast.model.purl import parse_purl
from holdfast.model.waiver import Status, Waiver

FILE = ".holdfast/waivers.yaml"
"""Where a repository keeps its waivers."""
RESPONSES = ("can_not_fix", "will_not_fix", "update", "rollback", "workaround_available")
"""What is done about what is affected, in CycloneDX's words for VEX."""
_REQUIRED = ("id", "finding", "service", "status", "reason", "owner", "approved_by", "signed", "expires")
_KEYS = frozenset({*_REQUIRED, "aliases", "package", "versions", "statement", "known_exploited", "fix_version"})
_BOUND = re.compile(r"(<=|>=|<|>|=)?\s*([^\s<>=]+)")


@frozen
class WaiverFile:
    """What a file holds; `problems` are its entries, or the whole, that could not be read, with their place, a line
    each.
    """

    waivers: tuple[Waiver, ...] = ()
    problems: tuple[str, ...] = ()


def read_waivers(data: bytes, *, file: str = FILE) -> WaiverFile:
    """Return the waivers of a YAML (or JSON) document; nothing is raised."""
    root, problems = parse_yaml(data, file=file)
    found = [_in_a_line(one) for one in problems]
    if problems or root is None:  # half a document may mean something else than its author meant
        return WaiverFile((), tuple(found))
    listed = find(root, "waivers")
    if not isinstance(root, Entries) or listed is None:
        return WaiverFile((), (f"{root.place}: expected `waivers`, a list",))
    waivers: dict[str, Waiver] = {}
    for entry in items_of(listed):
        try:
            waiver = _waiver(entry)
        except _Wrong as wrong:
            found.append(_in_a_line(wrong.problem))
            continue
        if waiver.id in waivers:
            found.append(f"{entry.place}: a second waiver `{waiver.id}`: neither holds")
            waivers[waiver.id] = replace(waiver, ids=())
        else:
            waivers[waiver.id] = waiver
    return WaiverFile(tuple(one for one in waivers.values() if one.ids), tuple(found))


def _in_a_line(problem: Problem) -> str:
    return f"{problem.where}: {problem.message}" + (f" (try: {problem.hint})" if problem.hint else "")


class _Wrong(Exception):
    def __init__(self, tree: Tree, key: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        found = find(tree, key) if key else None
        named = tree.keys.get(key) if isinstance(tree, Entries) and key not in _KEYS else None
        self.problem = Problem(named or (found or tree).place, message, hint)


def _waiver(tree: Tree) -> Waiver:
    if not isinstance(tree, Entries):
        raise _Wrong(tree, "", "expected a waiver, a mapping")
    for key in tree.keys:
        if key not in _KEYS:
            raise _Wrong(tree, key, f"unknown key `{key[:60]}`", f"one of {', '.join(sorted(_KEYS))}")
    for key in _REQUIRED:
        if not written(tree, key).strip():
            raise _Wrong(tree, key, f"`{key}` is missing")
    status = _one_of(tree, "status", [one.value for one in Status])
    reason = _one_of(tree, "reason", JUSTIFICATIONS if status == Status.NOT_AFFECTED else RESPONSES)
    if status == Status.AFFECTED and not written(tree, "statement").strip():
        raise _Wrong(tree, "", "a risk that is accepted needs a `statement`", "say why it is borne until then")
    ecosystem, package = _package(tree)
    signed_at, expires_at = _instant(tree, "signed"), _instant(tree, "expires")
    if expires_at <= signed_at:
        raise _Wrong(tree, "expires", "it expires before it is signed")
    aliases = {text for one in items_of(find(tree, "aliases")) if (text := text_of(one))}
    return Waiver(
        id=written(tree, "id"),
        ids=tuple(sorted({written(tree, "finding"), *aliases})),
        service=written(tree, "service"),
        status=Status(status),
        reason=reason,
        owner=written(tree, "owner"),
        approved_by=written(tree, "approved_by"),
        signed_at=signed_at,
        expires_at=expires_at,
        ecosystem=ecosystem,
        package=package,
        versions=_versions(tree, ecosystem),
        statement=written(tree, "statement"),
        known_exploited=written(tree, "known_exploited") == "true",
        fix_version=written(tree, "fix_version") or None,
        where=tree.place,
        finding=written(tree, "finding"),
    )


def _one_of(tree: Tree, key: str, allowed: Iterable[str]) -> str:
    text = written(tree, key)
    if text not in allowed:
        raise _Wrong(tree, key, f"`{text[:60]}` is no {key}", f"one of {', '.join(allowed)}")
    return text


def _package(tree: Tree) -> tuple[str, str]:
    text = written(tree, "package")
    if not text:
        return "", ""
    name, mark, qualifiers = text.partition("?")
    try:
        component = parse_purl(f"{name}@0{mark}{qualifiers}")
    except FactError as error:
        raise _Wrong(tree, "package", error.message, "a purl without version, such as `pkg:npm/lodash`") from None
    return component.ecosystem, component.name


def _versions(tree: Tree, ecosystem: str) -> tuple[tuple[str, str], ...]:
    text = written(tree, "versions").strip()
    if not text:
        if ecosystem:
            raise _Wrong(tree, "versions", "`versions` is missing", "such as `=4.17.20`, or `>=4.0 <4.17.21`")
        return ()
    bounds = [(operator or "=", version) for operator, version in _BOUND.findall(text.replace(",", " "))]
    rebuilt = "".join(_BOUND.sub("", text.replace(",", " ")).split())
    odd = next((version for _, version in bounds if not is_comparable(ecosystem, version)), None)
    if rebuilt or not bounds or odd is not None:
        because = f"`{odd}` is no version of {ecosystem}" if odd else f"`{text[:60]}` is no range of versions"
        raise _Wrong(tree, "versions", because, "such as `=4.17.20`, or `>=4.0 <4.17.21`")
    return tuple(bounds)


def _instant(tree: Tree, key: str) -> datetime:
    text = written(tree, key)
    try:
        at = parse_instant(text)
    except UsageError as error:
        raise _Wrong(tree, key, error.message, "RFC 3339 in UTC, such as `2027-01-15T00:00:00Z`") from None
    if not text.endswith(("Z", "+00:00")):
        raise _Wrong(tree, key, f"`{text[:60]}` is not in UTC", "RFC 3339 in UTC, such as `2027-01-15T00:00:00Z`")
    return at.astimezone(UTC)
