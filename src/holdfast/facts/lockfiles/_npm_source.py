"""Where an npm package comes from, told by its address and by the way it was asked for."""

import re

from holdfast.model.component import Source

_VCS = re.compile(r"(?:git[+:]|git@|github:|gitlab:|bitbucket:|gist:)|[^@/\s:]+/[^@/\s:]+(?:#.*)?\Z")
_PATH = re.compile(r"(?:file:|link:|\.{1,2}/|/|~/)")
_URL = re.compile(r"https?://", re.IGNORECASE)


def source_of(resolved: str, asked: str) -> Source:
    """Return the source. `resolved` is the lock's address, `asked` the range or address as written; both may be empty.

    An `https` address in `resolved` alone is a registry's archive; it is a URL source only when it was asked for so.
    """
    if resolved.startswith("git") and _VCS.match(resolved):
        return Source.VCS
    if resolved.startswith(("file:", "link:")):
        return Source.PATH
    if _URL.match(asked):
        return Source.VCS if asked.partition("#")[0].endswith(".git") else Source.URL
    if _PATH.match(asked):
        return Source.PATH
    return Source.VCS if not resolved and _VCS.match(asked) else Source.REGISTRY


def split_alias(version: str) -> tuple[str | None, str]:
    """Return (`real name`, `version`) of `npm:name@version`; the name is `None` when it is no alias."""
    if not version.startswith("npm:"):
        return None, version
    name, at, number = version[4:].rpartition("@")
    return (name, number) if at and name else (None, version)
