"""What a `pyproject.toml` beside a lock file names directly, by group."""

import re
import tomllib
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES
from holdfast.facts.lockfiles._toml import table_of
from holdfast.model.component import Scope
from holdfast.model.purl import normalize_pypi
from holdfast.ports.tree import Tree

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def requirement_names(requirements: object) -> list[str]:
    """Return the normalized names that a list of requirements asks for; nothing when it is no list."""
    texts = [text for text in requirements if isinstance(text, str)] if isinstance(requirements, list) else []
    names = [_NAME.match(text) for text in texts]
    return [normalize_pypi(name[1]) for name in names if name]


def _keys(dependencies: object) -> list[str]:
    return [normalize_pypi(name) for name in table_of(dependencies) if name != "python"]


def direct_names(document: dict[str, Any]) -> dict[str, Scope]:
    """Return the normalized names that a project asks for itself, with the strongest scope it asks for."""
    project, poetry = table_of(document.get("project")), table_of(table_of(document.get("tool")).get("poetry"))
    found: dict[str, Scope] = {}
    groups = table_of(poetry.get("group"))
    development = _keys(poetry.get("dev-dependencies"))
    for name, group in groups.items():
        if name == "main":
            found.update(dict.fromkeys(_keys(table_of(group).get("dependencies")), Scope.RUNTIME))
        else:
            development += _keys(table_of(group).get("dependencies"))
    pdm = table_of(table_of(document.get("tool")).get("pdm"))
    for listed in (
        *table_of(document.get("dependency-groups")).values(),
        *table_of(pdm.get("dev-dependencies")).values(),
    ):
        development += requirement_names(listed)
    for listed in table_of(project.get("optional-dependencies")).values():
        found.update({name: Scope.OPTIONAL for name in requirement_names(listed) if name not in found})
    for name, wanted in table_of(poetry.get("dependencies")).items():
        optional = table_of(wanted).get("optional") is True
        if name != "python":
            found[normalize_pypi(name)] = Scope.OPTIONAL if optional else Scope.RUNTIME
    found.update(dict.fromkeys(requirement_names(project.get("dependencies")), Scope.RUNTIME))
    return {**dict.fromkeys(development, Scope.DEVELOPMENT), **found}


def read_direct_names(folder: str, tree: Tree) -> dict[str, Scope] | None:
    """Return `direct_names` of the `pyproject.toml` in that folder; `None` when there is none that can be read."""
    try:
        data = tree.read(f"{folder}pyproject.toml", MAX_FILE_BYTES)
        return direct_names(tomllib.loads(data.decode()))
    except (FactError, ValueError, RecursionError):
        return None  # the file itself is reported by the composition; here it only means "not known"
