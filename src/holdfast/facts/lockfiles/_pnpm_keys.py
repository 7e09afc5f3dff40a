"""The keys of pnpm lock files: what package, what version, from where.

Forms, whatever the lock file's version says: `/name/1.0.0_peers` (5), `/name@1.0.0(peers)` (6), `name@1.0.0` (9), with
`@scope/` before the name; before a `/` a registry's host; a path (`file:`), an archive's address, a repository.

Source: pnpm/spec, `lockfile`, 5 to 9; pnpm/pnpm, `@pnpm/dependency-path`.
"""

import re

from holdfast.facts.lockfiles._json import JsonObject
from holdfast.model.component import Source
from holdfast.model.frozen import frozen

_VERSION = r"\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]*)?"
_KEY = re.compile(rf"/?((?:@[^/@\s]+/)?[^/@\s]+)[@/]({_VERSION})(?:[_(/].*)?\Z")
_NAME = re.compile(r"/?((?:@[^/@\s:]+/)?[^/@\s:]+)@(?=[a-z+]+:|\.{0,2}/)")
_HOST = re.compile(r"[^/@\s]+\.[^/@\s]+/|[^/@\s]+:\d+/")
_PLAIN = re.compile(rf"({_VERSION})(?:[_(/].*)?\Z")
_GIT_ARCHIVE = re.compile(r"https?://(?:codeload\.github\.com/|gitlab\.com/.*/repository/|bitbucket\.org/.*/get/)")
_GIT_KEY = re.compile(r"@?(?:[^/@]+@)?(?:git[+:@]|ssh:|github\.com/|gitlab\.com/|bitbucket\.org/)")


@frozen
class PnpmPackage:
    """What a key names; `version` is empty where only an address is known."""

    name: str
    version: str
    source: Source


def read_key(key: str, entry: JsonObject) -> PnpmPackage | None:
    """Return the package that an entry of `packages` is; `None` when its key names none."""
    resolution = entry.get("resolution")
    kind = _source_of(key, resolution if isinstance(resolution, JsonObject) else JsonObject())
    found = _KEY.match(key) or _hosted(key)
    if found and kind is Source.REGISTRY:
        return PnpmPackage(found[1], found[2], kind)
    if kind is Source.REGISTRY:
        return None
    name, version = entry.get("name"), entry.get("version")
    written = found or _NAME.match(key)
    if not isinstance(name, str) or not name:
        name = written[1] if written else key.partition("(")[0]
    if not isinstance(version, str):
        version = found[2] if found else ""
    return PnpmPackage(name, version, kind)


def _hosted(key: str) -> re.Match[str] | None:
    host = _HOST.match(key)
    return _KEY.match(key[host.end() - 1 :]) if host else None


def _source_of(key: str, resolution: JsonObject) -> Source:
    """An archive of a package whose key has a version is a registry's, whatever its address."""
    archive = resolution.get("tarball")
    archive = archive if isinstance(archive, str) else ""
    place = _NAME.sub("", key)
    if resolution.get("type") == "directory" or place.startswith(("file:", "link:", "portal:", "workspace:")):
        return Source.PATH
    git_hosted = resolution.get("gitHosted") == "true" or _GIT_ARCHIVE.match(archive) or _GIT_ARCHIVE.match(place)
    if resolution.get("type") == "git" or git_hosted or _GIT_KEY.match(place):
        return Source.VCS
    if _KEY.match(key) or not (archive or "://" in place):
        return Source.REGISTRY
    return Source.REGISTRY if _hosted(key) else Source.URL
