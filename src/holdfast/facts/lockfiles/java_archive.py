"""JAR, WAR and EAR files, and those within them.

Rules:

1. Every `pom.properties` below `META-INF/maven` names a component, so the parts of a shaded archive are all there.
2. An archive without one is named by its manifest as far as that goes: a Maven name guessed from it is a component,
   and a gap beside it says that it is a guess. With nothing to guess from, it is the gap alone.
3. An archive that holds others, or no code, is no package of its own. Archives of sources and of documentation are
   passed over, and so is the wrapper of Gradle, which is a part of the build.
4. Archives within archives are read four deep. What is over a limit, encrypted or damaged is a gap, never a silence.

Source: JAR File Specification; Apache Maven Archiver, "pom.properties"; OSGi Core 3.2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering, readable
from holdfast.facts.licenses import license_texts
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._zip import Budget, ZipArchive, ZipEntry
from holdfast.model.component import Component, Location, Occurrence, ParsedFile, Unparsed
from holdfast.ports.tree import Tree

MAX_ARCHIVE_BYTES = 256 << 20
MAX_UNPACKED_BYTES = 512 << 20
MAX_DEPTH = 4
MAX_ARCHIVES = 5_000
_MAX_TEXT_BYTES = 1 << 20
_ENDS = (".jar", ".war", ".ear", ".par", ".sar", ".aar", ".kar", ".hpi", ".jpi", ".nar", ".rar")
_PASSED_OVER = ("-sources.jar", "-javadoc.jar", "-test-sources.jar", "gradle-wrapper.jar")
_POM = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties")
_NAMED = re.compile(r"(?P<artifact>.+?)-(?P<version>\d[\w.+-]*)\.[a-z]+\Z")
_GROUP = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+)+\Z")
_ARTIFACT = re.compile(r"[\w.-]+\Z")


@dataclass(slots=True)
class _Reading:
    """What is shared by an archive and all within it."""

    gathering: Gathering
    budget: Budget = field(default_factory=lambda: Budget(MAX_UNPACKED_BYTES))
    archives: int = 0


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of an archive; the tree is not needed.

    Raises:
        FactError: no zip archive, or one over a limit as a whole.
    """
    try:
        archive = ZipArchive(data)
    except FactError as error:
        raise FactError(error.message, where=file) from None
    reading = _Reading(Gathering(file, SPEC.id, "Maven"))
    _read(archive, file, reading, 0)
    return reading.gathering.parsed()


def _read(archive: ZipArchive, place: str, reading: _Reading, depth: int) -> None:
    """Read one archive; `place` is its path, those within an archive behind `!/`."""
    reading.archives += 1
    inner = [entry for entry in archive.entries if _is_archive(entry.name)]
    poms = [entry for entry in archive.entries if _POM.fullmatch(entry.name)]
    named = [_add_pom(archive, entry, place, reading) for entry in poms]
    has_code = any(entry.name.endswith(".class") for entry in archive.entries)
    if not any(named) and not inner and has_code:
        _add_manifest(archive, place, reading)
    for entry in inner:
        _read_within(archive, entry, f"{place}!/{readable(entry.name)}", reading, depth + 1)


def _is_archive(name: str) -> bool:
    return name.lower().endswith(_ENDS) and not name.lower().endswith(_PASSED_OVER)


def _read_within(archive: ZipArchive, entry: ZipEntry, place: str, reading: _Reading, depth: int) -> None:
    try:
        if depth > MAX_DEPTH:
            raise FactError(f"archives nested over {MAX_DEPTH} deep")
        if reading.archives >= MAX_ARCHIVES:
            raise FactError(f"over {MAX_ARCHIVES} archives in one")
        inner = ZipArchive(archive.read(entry, MAX_ARCHIVE_BYTES, reading.budget))
    except FactError as error:
        _skip(reading, place, error.message)
        return
    _read(inner, place, reading, depth)


def _skip(reading: _Reading, place: str, because: str) -> None:
    reading.gathering.skip_all((Unparsed(place, None, because),))


def _add_pom(archive: ZipArchive, entry: ZipEntry, place: str, reading: _Reading) -> bool:
    """Add what a `pom.properties` names; `False` when it names nothing, which is noted."""
    try:
        text = archive.read(entry, _MAX_TEXT_BYTES, reading.budget).decode("utf-8", "replace")
        said = dict(_properties(text))
        group, artifact, version = (said.get(key, "") for key in ("groupId", "artifactId", "version"))
        if not group or not artifact or "${" in version:
            raise FactError("a `pom.properties` without group, artifact or version")
        _add(f"{group}:{artifact}", version, place, reading)
    except FactError as error:
        _skip(reading, place, f"`{readable(entry.name)}`: {error.message}")
        return False
    return True


def _add(name: str, version: str, place: str, reading: _Reading, licenses: tuple[str, ...] = ()) -> None:
    component = Component("Maven", name, version)
    reading.gathering.add_occurrence(Occurrence(component, (Location(place),), licenses=licenses))


def _properties(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, sign, value = line.strip().partition("=")
        if sign and not key.startswith(("#", "!")):
            yield key.strip(), value.strip()


def _add_manifest(archive: ZipArchive, place: str, reading: _Reading) -> None:
    entry = next((one for one in archive.entries if one.name.upper() == "META-INF/MANIFEST.MF"), None)
    said: dict[str, str] = {}
    if entry is not None:
        try:
            said = _manifest(archive.read(entry, _MAX_TEXT_BYTES, reading.budget).decode("utf-8", "replace"))
        except FactError as error:
            _skip(reading, place, f"`{readable(entry.name)}`: {error.message}")
    group, artifact, version = _guess(said, re.split(r"[/!]", place)[-1])
    if not version:
        _skip(reading, place, "nothing in it names a package: neither `pom.properties` nor a version in the manifest")
        return
    if not group or not artifact:
        shown = artifact or said.get("implementation-title") or said.get("bundle-symbolicname") or "?"
        _skip(reading, place, f"`{shown}` {version}, by its manifest and file name alone: its Maven group is not known")
        return
    try:
        _add(f"{group}:{artifact}", version, place, reading, license_texts([_license(said)]))
    except FactError as error:
        _skip(reading, place, error.message)
        return
    _skip(reading, place, f"`{group}:{artifact}` {version} is guessed from the manifest: there is no `pom.properties`")


def _manifest(text: str) -> dict[str, str]:
    """Return the main section, names in lower case, continued lines put together."""
    main = re.split(r"\r?\n\r?\n|\r\r", text, maxsplit=1)[0]
    joined = re.sub(r"(?:\r\n|\r|\n) ", "", main)
    pairs = (line.partition(":") for line in re.split(r"[\r\n]+", joined))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _guess(said: dict[str, str], name: str) -> tuple[str, str, str]:
    """Return (group, artifact, version) as far as manifest and file name tell; empty where they don't."""
    match = _NAMED.match(name)
    artifact = match["artifact"] if match else name.rpartition(".")[0]
    version = match["version"] if match else said.get("implementation-version") or said.get("bundle-version", "")
    symbolic = said.get("bundle-symbolicname", "").partition(";")[0].strip()
    group = said.get("implementation-vendor-id", "")
    if not _GROUP.match(group):
        head, _, last = symbolic.rpartition(".")
        group = head if last.lower() == artifact.lower() and "." in head else symbolic
    artifact = artifact if _ARTIFACT.match(artifact) else ""
    return (group if _GROUP.match(group) else ""), artifact, version.partition(" ")[0]


def _license(said: dict[str, str]) -> str:
    """Return what `Bundle-License` names; an address is none."""
    stated = said.get("bundle-license", "").partition(";")[0].strip()
    return "" if "://" in stated else stated


def sniff(file: str, data: bytes) -> bool:
    """Return whether it is one to read: sources and documentation are not, nor is another `.rar` than Java's."""
    name = file.rpartition("/")[2].lower()
    return not name.endswith(_PASSED_OVER) and not (name.endswith(".rar") and not data.startswith(b"PK"))


SPEC = LockfileSpec(
    id="java_archive",
    patterns=tuple(f"*{end}" for end in _ENDS),
    parse=parse,
    sniff=sniff,
    limit_bytes=MAX_ARCHIVE_BYTES,
)
