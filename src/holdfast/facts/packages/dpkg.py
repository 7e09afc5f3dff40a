"""`/var/lib/dpkg/status` and `status.d`: the packages of Debian and what descends from it, distroless images too.

Rules:

1. A package counts when its files are on the disk: `installed`, and the half-done states. One of which only
   configuration is left, or nothing, does not.
2. Debian's and Ubuntu's ecosystem carry the release; any other distribution is `purl:deb`, which has no feed.
3. `Source: name (version)` names the source package that advisories speak of.
4. A stanza that can't be read is unparsed with its line; the others count.
5. In `status.d` a stanza has no state: what has its file there is installed. The `.md5sums` beside them are none.
6. A file belongs to the package that names it in `info/*.list`, or in the `.md5sums` of `status.d`.

Source: deb-control(5), dpkg-query(1), Debian Policy 5.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.packages._spec import PackageDatabaseSpec
from holdfast.facts.packages._vendor import ecosystem_of
from holdfast.model.component import Component, Location, Occurrence, ParsedFile
from holdfast.ports.tree import Tree

_MAX_LIST_BYTES = 32 << 20
_ON_DISK = {"installed", "half-installed", "half-configured", "unpacked", "triggers-awaited", "triggers-pending"}
_STATES = _ON_DISK | {"not-installed", "config-files"}
_SOURCE = re.compile(r"(\S+)(?:\s+\((\S+)\))?\Z")
_READ = {"Package", "Version", "Architecture", "Status", "Source"}
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*\Z", re.IGNORECASE)


def _stanzas(text: str) -> Iterator[tuple[int, dict[str, str], list[int]]]:
    """Yield (line, fields, lines without sense) of each stanza; continuation lines are of fields that don't matter."""
    start, fields, senseless = 1, dict[str, str](), list[int]()
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if not line.strip():
            if fields or senseless:
                yield start, fields, senseless
            start, fields, senseless = number + 1, {}, []
        elif line[0] not in " \t":
            name, colon, value = line.partition(":")
            if not colon or not name or " " in name:
                senseless.append(number)
            elif name in _READ:
                fields[name] = value.strip()
            elif not fields:
                fields["Package"] = fields.get("Package", "")


def _occurrence(fields: dict[str, str], place: Location, os: str) -> Occurrence:
    ecosystem, distro = ecosystem_of(os, "deb")
    name, version = fields.get("Package", ""), fields.get("Version", "")
    if not _NAME.match(name):
        raise FactError(f"expected a package name, got `{name[:80]}`")
    source = _SOURCE.match(fields.get("Source", "") or name)
    if source is None:
        raise FactError(f"expected `Source: name (version)`, got `{fields['Source'][:80]}`")
    qualifiers = {"arch": fields.get("Architecture", ""), "distro": distro}
    component = Component(
        ecosystem,
        name,
        version,
        qualifiers=tuple(sorted((key, value) for key, value in qualifiers.items() if value)),
        source_package=source[1] if source[1] != name else "",
        source_version=source[2] if source[2] and source[2] != version else "",
    )
    return Occurrence(component, (place,))


def _is_on_disk(fields: dict[str, str], *, needs_state: bool) -> bool:
    """Whether the package's files are there.

    Raises:
        FactError: the state is missing where there must be one, or is not one that dpkg has.
    """
    if not needs_state and "Status" not in fields:
        return True
    words = fields.get("Status", "").split()
    if len(words) != 3 or words[2] not in _STATES:
        raise FactError(
            f"`{fields.get('Package', '')}` has a state that dpkg has not: `{fields.get('Status', '')[:80]}`"
        )
    return words[2] in _ON_DISK


def parse(file: str, data: bytes, os: str) -> ParsedFile:
    """Return the installed packages of a dpkg status file, or of one of `status.d`; `os` is as in `Debian:12`.

    Raises:
        FactError: the file is empty.
    """
    if not data.strip():
        raise FactError("the file is empty", where=file)
    gathering = Gathering(file, SPEC.id, "purl:deb")
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    needs_state = not posixpath.dirname(file).endswith("status.d")
    for start, fields, senseless in _stanzas(text):
        for number in senseless:
            gathering.skip(number, "expected `field: value`: the package of this stanza may be read wrongly")
        try:
            if _is_on_disk(fields, needs_state=needs_state):
                gathering.add_occurrence(_occurrence(fields, Location(file, start), os))
        except FactError as error:
            gathering.skip(start, error.message)
    return gathering.parsed()


def find_owners(tree: Tree, root: str, files: Iterable[str], wanted: frozenset[str]) -> Mapping[str, str]:
    """Return the package that owns each wanted path, by the lists of files that dpkg keeps."""
    info, distroless = f"{root}var/lib/dpkg/info/", f"{root}var/lib/dpkg/status.d/"
    found: dict[str, str] = {}
    for file in files:
        if file.startswith(info) and file.endswith(".list"):
            package = posixpath.basename(file).removesuffix(".list").partition(":")[0]
            paths = {line[1:] for line in _lines(tree, file)}
        elif file.startswith(distroless) and file.endswith(".md5sums"):
            package = posixpath.basename(file).removesuffix(".md5sums")
            paths = {line.partition("  ")[2] for line in _lines(tree, file)}
        else:
            continue
        found.update(dict.fromkeys(wanted & paths, package))
    return found


def _lines(tree: Tree, file: str) -> list[str]:
    try:
        return tree.read(file, _MAX_LIST_BYTES).decode("utf-8", "surrogateescape").split("\n")
    except FactError:  # what can't be read owns nothing, so that what it might own is judged by itself
        return []


SPEC = PackageDatabaseSpec(
    id="dpkg",
    paths=("var/lib/dpkg/status", "var/lib/dpkg/status.d/*"),
    parse=parse,
    find_owners=find_owners,
    left_out=(".md5sums",),
)
