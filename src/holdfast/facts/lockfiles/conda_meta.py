"""`conda-meta/*.json`: the packages that are installed in a conda environment, a file each.

Rules:

1. A package of conda is named as conda's own (`purl:conda`): no feed speaks of these, and that is unknown, not pass. A
   Python package among them has its `*.dist-info` in the environment too, and is judged by that as PyPI's.
2. One that conda says came from PyPI (its channel is `pypi`) is PyPI's.
3. What somebody asked for by name (`requested_spec`) is direct; of a file without that word it is unknown.

Source: conda documentation, "Conda packages"; conda/conda, `conda.models.records`.
"""

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._json import load_json_object
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile
from holdfast.model.purl import normalize_pypi
from holdfast.ports.tree import Tree


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the one package of a record; the tree is not needed.

    Raises:
        FactError: not JSON, or not an object.
    """
    record = load_json_object(file, data)
    channel = record.get("channel")
    is_pypi = isinstance(channel, str) and channel.rstrip("/").rpartition("/")[2] == "pypi"
    gathering = Gathering(file, SPEC.id, "PyPI" if is_pypi else "purl:conda")
    requested = record.get("requested_spec")
    name = record.get("name")
    direct = bool(requested) if isinstance(requested, str) else None
    shown = normalize_pypi(name) if is_pypi and isinstance(name, str) else name
    gathering.add(shown, record.get("version"), record.line, direct=direct)
    return gathering.parsed()


SPEC = LockfileSpec(id="conda_meta", patterns=("conda-meta/*.json",), parse=parse)
