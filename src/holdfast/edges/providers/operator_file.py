"""The operator's file → what this server may reach.

Rules:
1. Everything that is wrong is found in one go, each with file, line and column. With one wrong entry nothing is loaded.
2. It is data: anchors, aliases, tags, keys that stand twice or that nobody knows are refused.
3. Secrets stand in it by reference alone; a value of an option that takes one is never shown, right or wrong.
4. It says what the server runs and whom it tells: a file that other users can change is refused.
"""

import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from holdfast.edges.providers.operator_probes import read_probes
from holdfast.edges.providers.secret_references import is_reference, read_reference
from holdfast.edges.providers.target_spec import SECTIONS, Option, TargetSpec
from holdfast.errors import FactError, PlanError
from holdfast.facts.manifest_durations import parse_duration_s
from holdfast.facts.manifest_yaml import MAX_PROBLEMS, Entries, Items, Problem, Scalar, Tree, parse_yaml, plain
from holdfast.mitigations.probe_hosts import SECTION as PROBES
from holdfast.model.target import Target
from holdfast.registry import load_room

MAX_BYTES = 128 * 1024
SINGLE = frozenset({"flags"})
"""Sections of which a place has one: two entries for the same environment and service contradict each other."""

_COMMON = {
    "name": "What plans and messages call it.",
    "kind": "Which adapter opens it.",
    "environment": "The environment that it is for; all of them without.",
    "service": "The service that it is for; all of them without.",
    "org": "The org that may use it, and no other; that of the installation without.",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
Resolve = Callable[[str], str]


class TargetProblems(FactError):
    """What is wrong with an operator's file; `problems` has them one by one, in order of place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        first, *others = tuple(problems)[:MAX_PROBLEMS]
        lines = [first.message, *(f"  try: {first.hint}" for _ in [0] if first.hint), *(str(one) for one in others)]
        alone = not others
        super().__init__(
            first.message if alone else "\n".join(lines), where=first.where, hint=first.hint if alone else None
        )
        self.problems = (first, *others)


def load_targets(
    path: Path, environ: Mapping[str, str] = os.environ, *, look_for_secrets: bool = True
) -> tuple[Target, ...]:
    """Return the entries of a file; with `look_for_secrets` every secret of them is there.

    Raises:
        TargetProblems: everything that is wrong with it.
        FactError: it can't be read, or other users can change it.
    """
    resolve: Resolve | None = (lambda reference: read_reference(reference, environ)) if look_for_secrets else None
    return parse_targets(_read(path), file=str(path), resolve=resolve)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise FactError("it is no plain file", where=str(path))
            if found.st_mode & 0o022:
                raise FactError(
                    "other users can change it, and with it what this server runs",
                    where=str(path),
                    hint=f"chmod 600 {path}",
                )
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FactError(f"can't be read: {error.strerror}", where=str(path)) from None


def parse_targets(data: bytes, *, file: str, resolve: Resolve | None = None) -> tuple[Target, ...]:
    """Return the entries of an operator's file in its order; an empty one has none.

    With `resolve` every secret is looked for as well.

    Raises:
        TargetProblems: everything that is wrong with it.
    """
    root, problems = parse_yaml(data, file=file)
    reading = _Reading(resolve, [replace(one, message=_of_this_file(one.message)) for one in problems])
    if isinstance(root, Entries):
        reading.read(root)
    elif root is not None and not (isinstance(root, Scalar) and root.value is None):
        reading.note(root.place, "expected a mapping of sections", f"one of {_list_of([*SECTIONS, PROBES])}")
    if reading.problems:
        raise TargetProblems(sorted(dict.fromkeys(reading.problems), key=_place))
    return tuple(reading.targets)


def _of_this_file(message: str) -> str:
    return message.replace("a manifest", "a file")


def _place(problem: Problem) -> tuple[int, int]:
    found = re.search(r":(\d+):(\d+)\Z", problem.where)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


@dataclass(slots=True)
class _Reading:
    """One reading of a file: what was found so far, and what is wrong."""

    resolve: Resolve | None
    problems: list[Problem]
    targets: list[Target] = field(default_factory=list)
    _seen: dict[tuple[str, ...], str] = field(default_factory=dict)

    def note(self, where: str, message: str, hint: str | None = None) -> None:
        """Keep a problem."""
        self.problems.append(Problem(where, message, hint))

    def read(self, root: Entries) -> None:
        """Read every section."""
        for section, tree in root.values.items():
            place = root.keys[section]
            if section == "version":
                if not (isinstance(tree, Scalar) and tree.value == 1):
                    self.note(tree.place, "expected version `1`", "this program knows no other")
            elif section == PROBES:
                self._probes(tree)
            elif section not in SECTIONS:
                self.note(place, f"unknown section `{section[:60]}`", _near(section, [*SECTIONS, PROBES]))
            elif isinstance(tree, Items):
                for item in tree.items:
                    self._entry(section, item)
            elif not (isinstance(tree, Scalar) and tree.value is None):
                self.note(tree.place, f"expected a list of entries in `{section}`", "- name: …")

    def _probes(self, tree: Tree) -> None:
        for found in read_probes(tree):
            if isinstance(found, Problem):
                self.problems.append(found)
            else:
                self._unique(found)
                self.targets.append(found)

    def _entry(self, section: str, tree: Tree) -> None:
        if not isinstance(tree, Entries):
            self.note(tree.place, f"expected an entry of `{section}`", "a mapping with `name` and `kind`")
            return
        before = len(self.problems)
        words = {key: self._common(tree, key) for key in _COMMON}
        spec = self._spec(section, words["kind"], tree)
        options = dict(self._options(spec, tree)) if spec else {}
        if spec is None or len(self.problems) > before:
            return
        target = Target(
            section=section,
            name=words["name"] or "",
            kind=spec.id,
            environment=words["environment"],
            service=words["service"],
            options=tuple(sorted(options.items())),
            where=tree.place,
            org=words["org"],
        )
        if section in SINGLE and target.service is not None:
            self.note(tree.values["service"].place, f"`{section}` are of a whole environment, not of a service")
        for problem in spec.check(target):
            self.note(tree.place, problem)
        self._unique(target)
        self.targets.append(target)

    def _common(self, tree: Entries, key: str) -> str | None:
        value = tree.values.get(key)
        if value is None:
            if key in {"name", "kind"}:
                self.note(tree.place, f"`{key}` is missing", _COMMON[key])
            return None
        if not isinstance(value, Scalar) or value.value is None or not value.text.strip():
            self.note(value.place, f"expected a text for `{key}`")
            return None
        if key == "name" and not _NAME.match(value.text):
            self.note(value.place, f"`{value.text[:60]}` is no name", "small letters, digits, `-`, `_` and `.`")
        return value.text

    def _spec(self, section: str, kind: str | None, tree: Entries) -> TargetSpec | None:
        if kind is None:
            return None
        specs: dict[str, TargetSpec] = {spec.id: spec for spec in load_room(SECTIONS[section])}
        if kind not in specs:
            self.note(tree.values["kind"].place, f"`{section}` has no kind `{kind[:60]}`", _near(kind, specs))
        return specs.get(kind)

    def _options(self, spec: TargetSpec, tree: Entries) -> Iterator[tuple[str, str]]:
        known = {option.name: option for option in spec.options}
        for key, value in tree.values.items():
            if key in _COMMON:
                continue
            if key not in known:
                self.note(tree.keys[key], f"`{spec.id}` has no option `{key[:60]}`", _near(key, [*known, *_COMMON]))
                continue
            if isinstance(value, Scalar) and value.value is None:
                self.note(value.place, f"`{key}` says nothing", known[key].about)
                continue
            problem = find_wrong(known[key], value) or self._unresolved(known[key], value)
            if problem is not None:
                self.note(value.place, problem.message, problem.hint)
            yield key, _json(known[key], value)
        for option in spec.options:
            if option.required and option.name not in tree.values:
                self.note(tree.place, f"`{option.name}` is missing", option.about)

    def _unresolved(self, option: Option, value: Tree) -> Problem | None:
        if not option.secret or self.resolve is None or not isinstance(value, Scalar):
            return None
        try:
            self.resolve(value.text)
        except PlanError as error:
            return Problem(value.place, error.message, error.hint)
        return None

    def _unique(self, target: Target) -> None:
        key: tuple[str, ...] = ("name", target.org or "", target.section, target.name)
        if key in self._seen:
            self.note(
                target.where, f"`{target.name}` stands in `{target.section}` a second time", f"see {self._seen[key]}"
            )
        self._seen.setdefault(key, target.where)
        if target.section in SINGLE:
            place = ("place", target.org or "", target.section, target.environment or "", target.service or "")
            if place in self._seen:
                message = f"a second one of `{target.section}` for the same environment and service"
                self.note(target.where, message, f"the first is at {self._seen[place]}")
            self._seen.setdefault(place, target.where)


def find_wrong(option: Option, tree: Tree) -> Problem | None:
    """Return what is wrong with an option's value; a secret's is never shown."""
    scalar = tree if isinstance(tree, Scalar) else None
    expected = _EXPECTED[option.kind]
    if option.secret:
        if scalar is None or not is_reference(scalar.text):
            hint = "write `env:NAME` or `file:/path`; one that stood here is known to who saw the file"
            return Problem(tree.place, f"`{option.name}` is a secret, and takes a reference alone", hint)
        return None
    if option.kind in {"list", "mapping"} or scalar is None:
        return None if _is_shaped(option, tree) else Problem(tree.place, f"expected {expected} for `{option.name}`")
    if option.choices and scalar.text not in option.choices:
        return Problem(tree.place, f"expected {_list_of(option.choices)} for `{option.name}`, got {_shown(scalar)}")
    if option.kind == "url" and (problem := _wrong_url(scalar)):
        return Problem(tree.place, f"`{option.name}` {problem}", "https://host/path")
    if not _FITS[option.kind](scalar):
        return Problem(tree.place, f"expected {expected} for `{option.name}`, got {_shown(scalar)}")
    return None


_EXPECTED = {
    "text": "a text",
    "boolean": "`true` or `false`",
    "duration": "a duration like `30s`",
    "url": "a URL",
    "path": "an absolute path",
    "list": "a list of texts",
    "mapping": "a mapping",
}
_FITS: Mapping[str, Callable[[Scalar], bool]] = {
    "text": lambda one: bool(one.text.strip()),
    "boolean": lambda one: isinstance(one.value, bool),
    "duration": lambda one: bool(parse_duration_s(one.text)),
    "url": lambda _: True,
    "path": lambda one: one.text.startswith("/"),
}


def _is_shaped(option: Option, tree: Tree) -> bool:
    match tree:
        case Items():
            return option.kind == "list" and all(
                isinstance(item, Scalar) and item.value is not None for item in tree.items
            )
        case Entries():
            return option.kind == "mapping"
    return False


def _wrong_url(scalar: Scalar) -> str | None:
    """What is wrong with a URL, without showing it: what stands before an `@` is a secret."""
    try:
        parts = urlsplit(scalar.text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not host or re.search(r"\s", scalar.text):
        return "is not a URL of http or https"
    if parts.username is not None or parts.password is not None:
        return "has a user or a password in it; secrets have options of their own"
    return None


def _json(option: Option, tree: Tree) -> str:
    value: object
    match tree:
        case Scalar():
            value = tree.value if option.kind == "boolean" else tree.text
        case Items():
            value = [item.text if isinstance(item, Scalar) else plain(item) for item in tree.items]
        case Entries():
            value = plain(tree)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _shown(scalar: Scalar) -> str:
    return f"`{scalar.text[:60]}`"


def _near(text: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = get_close_matches(text, names, 1)
    return f"did you mean `{close[0]}`?" if close else f"one of {_list_of(names)}"


def _list_of(values: Iterable[str]) -> str:
    *others, last = [f"`{value}`" for value in values] or ["nothing"]
    return f"{', '.join(others)} or {last}" if others else last
