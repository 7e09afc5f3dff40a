"""What manifests ask for by name, of the formats that are data.

Rules:

1. A manifest that is a program (`Gemfile`, `mix.exs`, `Package.swift`, `setup.py`, `build.gradle`) is not run: nobody
   here knows what it asks for.
2. What lies in the tree by itself (`workspace:`, `link:`, `file:`) is not asked of anybody. Peers of a project are
   its users' matter.
3. A pin is one exact version. A range is none: which version of it counts is the lock's own word.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from holdfast.errors import FactError
from holdfast.model.frozen import frozen

_EXACT = re.compile(r"[=v]*(\d+\.\d+\.\d+(?:\.\d+)?(?:-[0-9A-Za-z.-]+)?)\Z")
_CARGO_EXACT = re.compile(r"=\s*(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)\Z")
_POETRY_EXACT = re.compile(r"(?:==)?\s*(\d+(?:\.\d+)*)\Z")
_LOCAL = ("workspace:", "link:", "portal:", "file:", "./", "../")
_NPM_TABLES = ("devDependencies", "optionalDependencies", "dependencies")
_CARGO_TABLES = ("dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies")
_PUB_TABLES = ("dependencies", "dev_dependencies")
_PIPFILE_OTHER = {"source", "requires", "scripts", "pipenv", "pipfile"}
_REFERENCE = re.compile(r"<PackageReference\s[^>]*?Include\s*=\s*[\"']([^\"'$()<>;@%]+)[\"']", re.IGNORECASE)


@frozen
class Ask:
    """One name that a manifest asks for; `pin` is the only version that it takes, empty where it takes several.

    `extra` tells what only some installations get: the extras and groups of a Python project.
    """

    name: str
    pin: str = ""
    extra: bool = False


@frozen
class Asking:
    """What a manifest asks for, and its own name; empty where it has none."""

    name: str
    asks: tuple[Ask, ...]


def _pin(pattern: re.Pattern[str], wanted: object) -> str:
    found = pattern.match(wanted.strip()) if isinstance(wanted, str) else None
    return found[1] if found else ""


def _named(document: dict[str, Any]) -> str:
    name = document.get("name")
    return name if isinstance(name, str) else ""


def table_of(value: object) -> dict[str, Any]:
    """Return a value that is a table; an empty one for any other."""
    return value if isinstance(value, dict) else {}


def _toml(data: bytes) -> dict[str, Any]:
    import tomllib  # most manifests are JSON, and a scan is short

    return tomllib.loads(data.decode())


def _json(data: bytes) -> dict[str, Any]:
    document = json.loads(data)
    if not isinstance(document, dict):
        raise FactError("expected an object")
    return document


def _package_json(data: bytes) -> Asking:
    document = _json(data)
    forced = [*table_of(document.get("resolutions")), *table_of(document.get("overrides"))]
    forced += table_of(table_of(document.get("pnpm")).get("overrides"))
    asks: dict[str, Ask] = {}
    for table in _NPM_TABLES:
        for name, wanted in table_of(document.get(table)).items():
            if isinstance(wanted, str) and not wanted.startswith(_LOCAL):
                is_forced = any(name in key for key in forced)
                asks[name] = Ask(name, "" if is_forced else _pin(_EXACT, wanted))
    return Asking(_named(document), tuple(asks.values()))


def _composer_json(data: bytes) -> Asking:
    document = _json(data)
    itself = {*table_of(document.get("replace")), *table_of(document.get("provide"))}
    asks = [
        Ask(name.lower(), _pin(_EXACT, wanted))
        for table in ("require", "require-dev")
        for name, wanted in table_of(document.get(table)).items()
        if "/" in name and name not in itself  # PHP, its extensions and Composer's own interfaces have no `/`
    ]
    return Asking(_named(document), tuple(asks))


def _crates(document: dict[str, Any], shared: dict[str, Any]) -> Iterator[Ask]:
    for table in _CARGO_TABLES:
        for name, written in table_of(document.get(table)).items():
            is_shared = table_of(written).get("workspace") is True
            wanted = shared.get(name, written) if is_shared else written
            entry = table_of(wanted)
            real = entry.get("package")
            pin = _pin(_CARGO_EXACT, entry.get("version", wanted))
            yield Ask(real if isinstance(real, str) else name, pin)


def _cargo_toml(data: bytes) -> Asking:
    document = _toml(data)
    shared = table_of(table_of(document.get("workspace")).get("dependencies"))
    asks = [*_crates(document, shared)]
    for target in table_of(document.get("target")).values():
        asks += _crates(table_of(target), shared)
    return Asking(_named(table_of(document.get("package"))), tuple(asks))


def _requirements(listed: object, *, extra: bool) -> Iterator[Ask]:
    from holdfast.facts.lockfiles._requirement import parse_requirement  # as above

    for text in listed if isinstance(listed, list) else ():
        try:
            wanted = parse_requirement(text) if isinstance(text, str) else None
        except FactError:
            continue  # no tool that locks takes such a line either
        if wanted is not None:
            yield Ask(wanted.name, wanted.version or "" if wanted.source == "registry" else "", extra)


def _poetry(listed: object, *, extra: bool) -> Iterator[Ask]:
    for name, wanted in table_of(listed).items():
        if name.lower() != "python":
            entry = table_of(wanted)
            yield Ask(name, _pin(_POETRY_EXACT, entry.get("version", wanted)), extra or entry.get("optional") is True)


def _pyproject(data: bytes) -> Asking:
    document = _toml(data)
    project, tools = table_of(document.get("project")), table_of(document.get("tool"))
    poetry = table_of(tools.get("poetry"))
    asks = [*_requirements(project.get("dependencies"), extra=False)]
    asks += _poetry(poetry.get("dependencies"), extra=False)
    asks += _poetry(poetry.get("dev-dependencies"), extra=True)
    for group in table_of(poetry.get("group")).values():
        asks += _poetry(table_of(group).get("dependencies"), extra=True)
    development = table_of(table_of(tools.get("pdm")).get("dev-dependencies"))
    for groups in (project.get("optional-dependencies"), document.get("dependency-groups"), development):
        for listed in table_of(groups).values():
            asks += _requirements(listed, extra=True)
    asks += _requirements(table_of(tools.get("uv")).get("dev-dependencies"), extra=True)
    return Asking(_named(project) or _named(poetry), tuple(asks))


def _pipfile(data: bytes) -> Asking:
    document = _toml(data)
    categories = [table_of(table) for name, table in document.items() if name not in _PIPFILE_OTHER]
    asks = [Ask(name, _pin(_POETRY_EXACT, _written(wanted))) for table in categories for name, wanted in table.items()]
    return Asking("", tuple(asks))


def _written(wanted: object) -> object:
    text = table_of(wanted).get("version", wanted)
    return text if isinstance(text, str) and text.startswith("==") else None


def _requirements_in(data: bytes) -> Asking:
    lines = [line.partition(" #")[0].strip() for line in data.decode("utf-8", "replace").splitlines()]
    return Asking("", tuple(_requirements([line for line in lines if line and line[0] not in "#-"], extra=False)))


def _pubspec_yaml(data: bytes) -> Asking:
    from holdfast.facts.lockfiles._yaml import load_yaml_object

    root, _ = load_yaml_object("pubspec.yaml", data)
    asks = [Ask(name) for table in _PUB_TABLES for name in table_of(root.get(table))]
    return Asking(_named(root), tuple(asks))


def _project_file(data: bytes) -> Asking:
    return Asking("", tuple(Ask(name) for name in _REFERENCE.findall(data.decode("utf-8", "replace"))))


READERS: dict[str, tuple[str, Callable[[bytes], Asking]]] = {
    "package.json": ("npm", _package_json),
    "composer.json": ("Packagist", _composer_json),
    "Cargo.toml": ("crates.io", _cargo_toml),
    "pyproject.toml": ("PyPI", _pyproject),
    "Pipfile": ("PyPI", _pipfile),
    "*requirements*.in": ("PyPI", _requirements_in),
    "requirements/*.in": ("PyPI", _requirements_in),
    "pubspec.yaml": ("Pub", _pubspec_yaml),
    "*.csproj": ("NuGet", _project_file),
    "*.fsproj": ("NuGet", _project_file),
    "*.vbproj": ("NuGet", _project_file),
}
"""Glob of a manifest, as in `recognized.MANIFESTS` → its ecosystem, and how what it asks for is read."""


def read_asks(glob: str, data: bytes) -> Asking | None:
    """Return what a manifest asks for; `None` where it is a program.

    Raises:
        FactError: it can't be read.
    """
    if glob not in READERS:
        return None
    try:
        return READERS[glob][1](data)
    except (ValueError, RecursionError) as error:
        raise FactError(f"a manifest that can't be read: {error}") from error
