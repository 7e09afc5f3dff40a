"""Installed Python packages: `*.dist-info` folders, and `*.egg-info` files and folders of the old kind.

Rules:

1. Name and version come from `METADATA`, in an `*.egg-info` from `PKG-INFO` or the file itself; its
   headers end at the first empty line.
2. `direct_url.json` tells a local path, a VCS or a URL. `REQUESTED` makes it direct; where it is missing, an installer
   that writes it (pip, uv) makes it transitive, and with any other installer it is not known.
3. The licence is `License-Expression`, else what the classifiers say, else `License`.
4. What is of the old kind records nothing else: whether it is direct is not known. An `*.egg-info` outside of a folder
   of packages belongs to sources that were built there: it is none that is installed.

Source: PyPA specifications, "Recording installed projects", "Direct URL"; setuptools documentation, "The Internal
Structure of Python Eggs".
"""

import json

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.licenses import python_licenses
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._text import decode, lines_of
from holdfast.model.component import ParsedFile, Source
from holdfast.model.purl import normalize_pypi
from holdfast.ports.tree import Tree

_MAX_BESIDE_BYTES = 1 << 20
_METADATA = "METADATA"
_WRITE_REQUESTED = {"pip", "uv"}


def _headers(text: str) -> tuple[dict[str, tuple[int, str]], list[str]]:
    """Return (line, value) of each header, by lower-case name; the first of a name counts. And all classifiers."""
    found: dict[str, tuple[int, str]] = {}
    classifiers: list[str] = []
    for number, line in enumerate(lines_of(text), 1):
        if not line.strip():
            break
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            found.setdefault(name.lower(), (number, value.strip()))
            if name.lower() == "classifier":
                classifiers.append(value.strip())
    return found, classifiers


def _beside(file: str, name: str, tree: Tree) -> str | None:
    if not file.endswith(_METADATA):
        return None
    try:
        return tree.read(file.removesuffix(_METADATA) + name, _MAX_BESIDE_BYTES).decode("utf-8", "replace").strip()
    except FactError:
        return None


def _source(text: str | None) -> Source:
    if text is None:
        return Source.REGISTRY
    try:
        direct_url = json.loads(text)
    except (ValueError, RecursionError):
        return Source.URL  # it came by an address, whichever
    if not isinstance(direct_url, dict):
        return Source.URL
    if "vcs_info" in direct_url:
        return Source.VCS
    return Source.PATH if str(direct_url.get("url", "")).startswith("file:") else Source.URL


def _direct(file: str, tree: Tree) -> bool | None:
    if _beside(file, "REQUESTED", tree) is not None:
        return True
    return False if _beside(file, "INSTALLER", tree) in _WRITE_REQUESTED else None


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the one package whose `METADATA` or `PKG-INFO` this is; the tree gives the files beside it.

    Raises:
        FactError: empty, or not text.
    """
    gathering = Gathering(file, SPEC.id, "PyPI")
    headers, classifiers = _headers(decode(file, data))
    line, name = headers.get("name", (1, ""))
    source = _source(_beside(file, "direct_url.json", tree))
    version = headers.get("version", (1, ""))[1]
    expression, text = (headers.get(key, (1, ""))[1] for key in ("license-expression", "license"))
    licenses = python_licenses(expression, text, classifiers)
    direct = _direct(file, tree)
    gathering.add(normalize_pypi(name), version, line, source=source, direct=direct, licenses=licenses)
    return gathering.parsed()


_PATTERNS = ("*.dist-info/METADATA", "*-packages/*.egg-info", "*-packages/*.egg-info/PKG-INFO")
SPEC = LockfileSpec(id="python_environment", patterns=_PATTERNS, parse=parse)
