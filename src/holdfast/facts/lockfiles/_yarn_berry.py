"""The lock file of Yarn 2 and later: YAML with `__metadata`.

Source: yarnpkg/berry, `packages/yarnpkg-core/sources/Project.ts` and `structUtils.ts`.
"""

import re
from urllib.parse import unquote

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._json import JsonObject, objects_of, texts_of
from holdfast.facts.lockfiles._yaml import YamlObject, load_yaml_object
from holdfast.facts.lockfiles._yarn_entry import YarnEntry, split_pattern
from holdfast.model.component import Source

_KNOWN_VERSIONS = re.compile(r"[2-9]\Z")
_PATHS = ("portal:", "link:", "file:", "exec:", "workspace:", "./", "../", "/", "~/")
_VCS = re.compile(r"(?:git[@+:]|ssh:|github:|gitlab:|bitbucket:|[^:@\s]+@[^:/\s]+:)")
_LOCAL = "0.0.0-use.local"


def _source_of(reference: str) -> Source | None:
    """Return where a resolved reference (what follows `name@`) leads; `None` when its protocol is not known."""
    if reference.startswith("patch:"):
        return _source_of(split_pattern(unquote(reference[6:]))[1].partition("#")[0])
    if reference.startswith("npm:") or reference[:1].isdigit():
        return Source.REGISTRY
    if reference.startswith(_PATHS):
        return Source.PATH
    if _VCS.match(reference) or "#commit=" in reference or reference.partition("#")[0].endswith(".git"):
        return Source.VCS
    return Source.URL if reference.startswith(("https:", "http:")) else None


def _add(key: str, entry: JsonObject, gathering: Gathering) -> YarnEntry | None:
    resolution, version = entry.get("resolution"), entry.get("version")
    if not isinstance(resolution, str) or not isinstance(version, str):
        gathering.skip(entry.line, f"`{key}` has no resolution or no version")
        return None
    name, reference = split_pattern(resolution)
    source = _source_of(reference)
    if source is None:
        gathering.skip(entry.line, f"`{name}` has a source that is not known: `{reference}`")
        return None
    patterns = tuple(pattern.strip() for pattern in key.split(","))
    names = {split_pattern(pattern)[0] for pattern in patterns}
    workspace = reference[10:] if reference.startswith("workspace:") else None
    alias = next(iter(sorted(names - {name})), "") if workspace is None else ""
    version = "" if version == _LOCAL else version
    asks = tuple(texts_of(entry.get("dependencies")).items())
    return YarnEntry(entry.line, patterns, name, version, source, alias, workspace, asks)


def _check_version(root: YamlObject, gathering: Gathering) -> None:
    metadata = root.get("__metadata")
    version = metadata.get("version") if isinstance(metadata, JsonObject) else None
    if not isinstance(version, str) or not _KNOWN_VERSIONS.match(version):
        line = root.lines.get("__metadata", 1)
        gathering.skip(line, f"expected a `__metadata` version 2 to 9, got {version!r}")


def read_berry(data: bytes, gathering: Gathering) -> list[YarnEntry]:
    """Return the entries in order, the members of the workspace among them.

    Raises:
        FactError: not YAML, or not a mapping.
    """
    root, gaps = load_yaml_object(gathering.file, data)
    gathering.skip_all(gaps)
    _check_version(root, gathering)
    entries = objects_of(root)
    for key in root.keys() - entries.keys():
        gathering.skip(root.lines[key], f"expected a mapping for `{key}`, got {root[key]!r}")
    made = (_add(key, entry, gathering) for key, entry in entries.items() if key != "__metadata")
    return [entry for entry in made if entry is not None]
