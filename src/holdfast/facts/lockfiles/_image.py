"""References to container images, as `FROM` and workflows write them.

Rules:

1. An image is an address, so its source is `url`: it is named, and not matched, for no feed speaks of images. What is
   in it is told by a scan of the image itself; it is no unknown of the file that names it.
2. The component is `[namespace/]name`, its version the digest, else the tag; a registry's address and the tag beside a
   digest are qualifiers, as in package URLs.
3. Without tag and digest, or with `latest`, the image is whatever was pushed last: it is named, and a gap.

Source: distribution/reference; package-url/purl-spec, type `docker`.
"""

import re

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.model.component import Component, Location, Occurrence, Scope, Source

ECOSYSTEM = "purl:docker"

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_DIGEST = re.compile(r"[A-Za-z0-9+._-]+:[0-9a-fA-F]{32,128}\Z")


def parse_image(text: str) -> Component:
    """Return the image of a reference; its version is empty where nothing is pinned.

    Raises:
        FactError: it is no reference.
    """
    rest, at, digest = text.partition("@")
    head, slash, last = rest.rpartition("/")
    last, colon, tag = last.partition(":")
    host, _, path = f"{head}{slash}{last}".partition("/")
    if path and ("." in host or ":" in host or host == "localhost"):
        name = path
    else:
        name, host = f"{head}{slash}{last}", ""
    is_well_formed = len(name) <= 255 and _NAME.match(name) is not None
    if not is_well_formed or (colon and not _TAG.match(tag)) or (at and not _DIGEST.match(digest)):
        raise FactError(f"not an image: `{text[:120]}`")
    qualifiers = [("repository_url", host)] if host else []
    qualifiers += [("tag", tag)] if digest and tag else []
    return Component(ECOSYSTEM, name, digest or tag, Source.URL, tuple(qualifiers))


def add_image(gathering: Gathering, text: str, line: int | None, scope: Scope = Scope.RUNTIME) -> None:
    """Add the image of a reference at `line`, and a gap where it is not pinned or is no reference."""
    try:
        component = parse_image(text)
    except FactError as error:
        gathering.skip(line, error.message)
        return
    gathering.add_occurrence(Occurrence(component, (Location(gathering.file, line),), direct=True, scope=scope))
    if component.version in {"", "latest"}:
        what = "is whatever was pushed last" if component.version else "has neither tag nor digest"
        gathering.skip(line, f"the image `{text[:120]}` {what}: which one it is when it is built is not known")
