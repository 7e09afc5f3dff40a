"""What manifests ask for by name, of the formats that are data.

Rules:

1. A manifest that is a program (`Gemfile`, `mix.exs`, `Package.swift`, `setup.py`, `build.gradle`) is not run: nobody
   here knows what it asks for.
2. What lies in the tree by itself (`workspace:`, `link:`, `file:`) is not asked of anybody. Peers of a project are
   its users' matter.
3. A pin is one exact version. A range is none: which version of it counts is the lock's own word. Neither is the
   version of a name that the project forces to another one.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from holdfast.errors import FactError
from holdfast.model.component import Source
from holdfast.model.frozen import frozen
from holdfast.model.purl import normalize_pypi

_EXACT = re.compile(r"[=v]*(\d+\.\d+\.\d+(?:\.\d+)?(?:-[0-9A-Za-z.-]+)?)\Z")
_CARGO_EXACT = re.compile(r"=\s*(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)\Z")
_POETRY_EXACT = re.compile(r"(?:==)?\s*(\d+(?:\.\d+)*)\Z")
_LOCAL = ("workspace:", "link:", "portal:", "file:", "./", "../")
_NPM_TABLES = ("devDependencies", "dependencies", "optionalDependencies")  # of one name in several, the last counts
_CARGO_TABLES = ("dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies")
_PUB_TABLES = ("dependencies", "dev_dependencies")
_PIPFILE_OTHER = {"source", "requires", "scripts", "pipenv", "pipfile"}
_REFERENCE = re.compile(r"<PackageReference\s[^<]*?\bInclude\s*=\s*[\"']([^\"'<>]+)[\"']", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_COMPUTED = re.compile(r"[$()@%]")
_FORCED = re.compile(r"(?:@[^/@>\s]+/)?[^/@>\s]+")
_SAYS_NAME = re.compile(r"\A[\w.-]+\s*(?:\[[^\]]*\]\s*)?@|[#&]egg=")
"""Another repository's name, or a file's, need not be that of the package in it."""
_ONE_WORD = re.compile(r"\w+\Z")


@frozen
class Ask:
    """One name that a manifest asks for; `pin` is the only version that it takes, empty where it takes several.

    `extra` tells what only some installations get: the extras and groups of a Python project. `marker` and `python`
    (a bound in Poetry's words) say on which machines it is asked for; empty for all.
    """

    name: str
    pin: str = ""
    extra: bool = False
    marker: str = ""
    python: str = ""


@frozen
class Asking:
    """What a manifest asks for, and its own name; empty where it has none. `pythons` are those that it takes."""

    name: str
    asks: tuple[Ask, ...]
    pythons: str = ""


def _pin(pattern: re.Pattern[str], wanted: object) -> str:
    found = pattern.match(wanted.strip()) if isinstance(wanted, str) else None
    return found[1] if found else ""


def _named(document: dict[str, Any]) -> str:
    name = document.get("name")
    return name if isinstance(name, str) else ""


def table_of(value: object) -> dict[str, Any]:
    """Return a value that is a table; an empty one for any other."""
    return value if isinstance(value, dict) else {}


def read_toml(data: bytes) -> dict[str, Any]:
    """Return a TOML document.

    Raises:
        ValueError: it is none.
    """
    import tomllib  # most manifests are JSON, and a scan is short

    return tomllib.loads(data.decode())


def _json(data: bytes) -> dict[str, Any]:
    document = json.loads(data)
    if not isinstance(document, dict):
        raise FactError("expected an object")
    return document


def names_in(keys: Iterable[str]) -> frozenset[str]:
    """Return the names that the keys of overrides speak of: `**/a`, `a@1`, `a>@s/b`."""
    return frozenset(word for key in keys for word in _FORCED.findall(key))


def forced_by_package_json(document: dict[str, Any]) -> frozenset[str]:
    """Return the names whose version a `package.json` forces, for itself and for the projects of its workspace."""
    keys = [*table_of(document.get("resolutions")), *table_of(document.get("overrides"))]
    return names_in([*keys, *table_of(table_of(document.get("pnpm")).get("overrides"))])


def _package_json(data: bytes) -> Asking:
    document = _json(data)
    forced = forced_by_package_json(document)
    asks: dict[str, Ask] = {}
    for table in _NPM_TABLES:
        for name, wanted in table_of(document.get(table)).items():
            if isinstance(wanted, str) and not wanted.startswith(_LOCAL):
                asks[name] = Ask(name, "" if name in forced else _pin(_EXACT, wanted))
    return Asking(_named(document), tuple(asks.values()))


def _composer_json(data: bytes) -> Asking:
    document = _json(data)
    itself = {name.lower() for key in ("replace", "provide") for name in table_of(document.get(key))}
    asks = [
        Ask(name.lower(), _pin(_EXACT, wanted))
        for table in ("require", "require-dev")
        for name, wanted in table_of(document.get(table)).items()
        if "/" in name and name.lower() not in itself  # PHP, its extensions and Composer's own interfaces have no `/`
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
    document = read_toml(data)
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
        if wanted is None or wanted.source is Source.PATH:
            continue
        if wanted.source is Source.REGISTRY or _SAYS_NAME.search(text):
            pin = wanted.version or "" if wanted.source is Source.REGISTRY else ""
            yield Ask(wanted.name, pin, extra, wanted.marker)


def _poetry(listed: object, *, extra: bool) -> Iterator[Ask]:
    for name, wanted in table_of(listed).items():
        if name.lower() == "python":
            continue
        entry = table_of(wanted)
        marker, python, platform = (_text(entry.get(key)) for key in ("markers", "python", "platform"))
        marker = marker or (f"sys_platform == '{platform}'" if _ONE_WORD.match(platform) else "")
        pin = _pin(_POETRY_EXACT, entry.get("version", wanted))
        yield Ask(name, pin, extra or entry.get("optional") is True, marker, python)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _pyproject(data: bytes) -> Asking:
    document = read_toml(data)
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
    forced = forced_by_pyproject(document)
    asks = [replace(one, pin="") if one.pin and normalize_pypi(one.name) in forced else one for one in asks]
    pythons = _text(project.get("requires-python")) or _text(table_of(poetry.get("dependencies")).get("python"))
    return Asking(_named(project) or _named(poetry), tuple(asks), pythons)


def forced_by_pyproject(document: dict[str, Any]) -> frozenset[str]:
    """Return the names whose version a `pyproject.toml` forces: overrides of uv and of PDM."""
    tools = table_of(document.get("tool"))
    resolution = table_of(table_of(tools.get("pdm")).get("resolution"))
    forced = _requirements(table_of(tools.get("uv")).get("override-dependencies"), extra=False)
    return frozenset({one.name for one in forced} | {*map(normalize_pypi, table_of(resolution.get("overrides")))})


def _pipfile(data: bytes) -> Asking:
    document = read_toml(data)
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
    listed = _REFERENCE.findall(_COMMENT.sub("", data.decode("utf-8", "replace")))
    names = (name.strip() for text in listed for name in text.split(";"))
    return Asking("", tuple(Ask(name) for name in dict.fromkeys(names) if name and not _COMPUTED.search(name)))


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


def asks_for_nothing(glob: str, data: bytes) -> bool:
    """Whether a manifest certainly asks for nothing at all, by whatever tool; no where it can't be read."""
    if glob not in READERS:
        return False
    try:
        if glob.endswith(".in"):
            return all(not line.strip() or line.lstrip()[0] == "#" for line in data.decode().splitlines())
        if READERS[glob][0] == "NuGet":
            return "PackageReference" not in _COMMENT.sub("", data.decode())
        document = _document(glob, data)
    except (ValueError, RecursionError, FactError):
        return False
    if glob == "composer.json":
        return not any("/" in name for key in ("require", "require-dev") for name in table_of(document.get(key)))
    if glob == "Pipfile":
        return not any(table for name, table in document.items() if name not in _PIPFILE_OTHER)
    return not any(_holds_any(glob, table) for table in _dependency_tables(document))


def _document(glob: str, data: bytes) -> dict[str, Any]:
    if glob.endswith(".json"):
        return _json(data)
    if glob != "pubspec.yaml":
        return read_toml(data)
    from holdfast.facts.lockfiles._yaml import load_yaml_object

    return load_yaml_object(glob, data)[0]


def _dependency_tables(document: dict[str, Any]) -> Iterator[object]:
    """Yield whatever stands under a key that speaks of dependencies, and what a build fills in of them."""
    left: list[object] = [document]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left += value
        for key, inner in table_of(value).items():
            if "depend" in str(key).lower():
                yield inner
            elif key == "dynamic" and isinstance(inner, list):
                yield [one for one in inner if "dependencies" in str(one)]
            else:
                left.append(inner)


def _holds_any(glob: str, table: object) -> bool:
    """Whether anything but Python itself, or a project of the workspace, is asked for by a table."""
    if not isinstance(table, dict):
        return bool(table)
    entries = [(str(name), wanted) for name, wanted in table.items() if wanted != []]
    if glob == "pyproject.toml":
        return any(name.lower() != "python" for name, _ in entries)
    if glob == "package.json":
        # an archive or a folder that is named by its path need not be one that is read by itself
        return not all(isinstance(wanted, str) and wanted.startswith("workspace:") for _, wanted in entries)
    return bool(entries)
