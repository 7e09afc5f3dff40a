"""`go.sum` on its own: the modules whose zip was hashed.

Rules:

1. With a `go.mod` beside it, that file has the word and this one has no components.
2. Alone, every module with a zip hash is a component; which are direct is not in the file. A file without any such
   hash does not tell what is built: that is unparsed.

Source: the Go Modules Reference, "go.sum files".
"""

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._go_sum_lines import parse_sums
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES, LockfileSpec
from holdfast.model.component import ParsedFile
from holdfast.ports.tree import Tree


def _has_module_file(file: str, tree: Tree) -> bool:
    try:
        tree.read(file.removesuffix("go.sum") + "go.mod", MAX_FILE_BYTES)
    except FactError:
        return False
    return True


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the modules of a lone `go.sum`; the tree tells whether it is alone.

    Raises:
        FactError: alone, and empty or not text.
    """
    gathering = Gathering(file, SPEC.id, "Go")
    if not _has_module_file(file, tree):
        sums = parse_sums(file, data)
        gathering.skip_all(sums.unparsed)
        for line, path, version in sums.modules:
            gathering.add(path, version, line)
        if not sums.modules and not sums.unparsed:
            gathering.skip(None, "only hashes of `go.mod` files: which modules' code is built is not in it")
    return gathering.parsed()


SPEC = LockfileSpec(id="go_sum", patterns=("go.sum",), parse=parse)
