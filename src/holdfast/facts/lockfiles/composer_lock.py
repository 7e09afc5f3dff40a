"""`composer.lock` of Composer.

Rules:

1. `packages` are runtime, `packages-dev` development. Names count in lower case, versions as they are written.
2. A branch (`dev-main`, `1.x-dev`) is named with source `vcs`, a package of a path repository with source `path`. The
   alias of a branch is no version. PHP and its extensions are no packages.
3. The lock does not name the project's own dependencies: direct is known only with a `composer.json` beside it.

Source: Composer's documentation and `composer-schema.json`; composer/composer, `Locker`.
"""

import posixpath

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._composer_packages import add_packages, find_direct_names, rows_of
from holdfast.facts.lockfiles._json import load_json_object
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile, Scope
from holdfast.ports.tree import Tree


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a `composer.lock`; the tree gives the `composer.json` beside it.

    Raises:
        FactError: not JSON, or not an object.
    """
    document = load_json_object(file, data)
    gathering = Gathering(file, SPEC.id, "Packagist")
    if "packages" not in document and "packages-dev" not in document:
        gathering.skip(1, "neither `packages` nor `packages-dev` in it: not a whole lock file")
    rows = rows_of(document.get("packages"), Scope.RUNTIME, "packages", gathering)
    rows += rows_of(document.get("packages-dev"), Scope.DEVELOPMENT, "packages-dev", gathering)
    add_packages(rows, find_direct_names(tree, posixpath.dirname(file)), gathering)
    return gathering.parsed()


SPEC = LockfileSpec(id="composer_lock", patterns=("composer.lock",), parse=parse)
