"""`mix.lock` of Elixir's Mix.

Rules:

1. Packages of Hex count under the name they have there, an organisation's own too; git dependencies are named with
   source `vcs` and their revision.
2. The lock does not name the project's own dependencies, and `mix.exs` is a program, which is not run: direct is not
   known.
3. The file is read as data. An entry of a form that is not known is told.

Source: hexpm/hex, `Hex.SCM` and `Hex.Utils.lock`; Mix.SCM.Git.
"""

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._elixir_terms import Atom, Key, load_terms
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._text import decode, refuse_conflict
from holdfast.model.component import ParsedFile, Source
from holdfast.ports.tree import Tree


def _add(key: Key, entry: object, gathering: Gathering) -> None:
    kind = entry[0] if isinstance(entry, tuple) and len(entry) >= 2 else None
    words = entry[1:] if isinstance(entry, tuple) else ()
    alias = str(key)
    texts = [type(word) is str for word in words]
    if kind == "hex" and len(words) >= 2 and isinstance(words[0], Atom) and texts[1]:
        name = str(words[0])
        gathering.add(name, words[1], key.line, alias=alias if alias != name else "")
    elif kind == "package" and texts[0]:  # as the first versions of Hex wrote it
        gathering.add(alias, words[0], key.line)
    elif kind == "git" and len(words) >= 2 and texts[1]:
        gathering.add(alias, words[1], key.line, source=Source.VCS)
    elif kind == "path":
        gathering.add(alias, "", key.line, source=Source.PATH)
    else:
        gathering.skip(key.line, f"`{alias}` has a form that is not known")


def parse(file: str, data: bytes, _tree: Tree) -> ParsedFile:
    """Return the packages of a `mix.lock`.

    Raises:
        FactError: empty, not text, merge-conflicted, or not a map of Elixir terms.
    """
    text = decode(file, data)
    refuse_conflict(file, text)
    gathering = Gathering(file, SPEC.id, "Hex")
    document = load_terms(file, text)
    if not isinstance(document, dict):
        gathering.skip(1, "expected a map")
        return gathering.parsed()
    for key, entry in document.items():
        _add(key, entry, gathering)
    return gathering.parsed()


SPEC = LockfileSpec(id="mix_lock", patterns=("mix.lock",), parse=parse)
