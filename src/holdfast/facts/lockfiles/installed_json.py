"""`vendor/composer/installed.json`: what Composer has installed, of Composer 1 and 2.

Rules:

1. Composer 1 writes a list; Composer 2 an object with `packages`, and `dev-package-names` gives the scope.
2. Everything else is as in `composer.lock`; the `composer.json` is two folders above.

Source: composer/composer, `FilesystemRepository`.
"""

import posixpath

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._composer_packages import Row, add_packages, find_direct_names, rows_of
from holdfast.facts.lockfiles._json import JsonObject, load_json
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile, Scope
from holdfast.ports.tree import Tree


def _scoped(rows: list[Row], development: object) -> list[Row]:
    named = {name for name in development if isinstance(name, str)} if isinstance(development, list) else set()

    def scope_of(entry: JsonObject) -> Scope:
        name = entry.get("name")
        return Scope.DEVELOPMENT if isinstance(name, str) and name in named else Scope.RUNTIME

    return [(entry, scope_of(entry)) for entry, _ in rows]


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the installed packages; the tree gives the `composer.json` of the project.

    Raises:
        FactError: not JSON.
    """
    document = load_json(file, data)
    gathering = Gathering(file, SPEC.id, "Packagist")
    table = document if isinstance(document, JsonObject) else JsonObject(packages=document)
    if table.get("packages") is None:
        gathering.skip(1, "no `packages` in it: not a whole file")
    rows = rows_of(table.get("packages"), Scope.RUNTIME, "packages", gathering)
    rows = _scoped(rows, table.get("dev-package-names"))
    project = posixpath.dirname(posixpath.dirname(posixpath.dirname(file)))
    add_packages(rows, find_direct_names(tree, project), gathering)
    return gathering.parsed()


SPEC = LockfileSpec(id="installed_json", patterns=("composer/installed.json",), parse=parse)
