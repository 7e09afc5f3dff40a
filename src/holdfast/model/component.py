"""Components and where they occur.

A component is unique by ecosystem, name, version, source and distribution qualifiers. `ecosystem` is OSV's name for it,
with the release suffix where the distribution has one (`PyPI`, `npm`, `Go`, `crates.io`, `Debian:12`, `AlmaLinux:9`);
a purl type that OSV has no name for stands as `purl:<type>`.
"""

from enum import StrEnum

from holdfast.errors import FactError
from holdfast.model.frozen import frozen
from holdfast.model.naming import compared_name

MAX_TEXT_BYTES = 512
_NAME_BINARIES = ("AlmaLinux:", "Red Hat:")
"""Ecosystems whose advisories name the packages that are built, not what they are built from."""


class Scope(StrEnum):
    """What a dependency is for. Unknown purposes count as runtime, the careful side."""

    RUNTIME = "runtime"
    DEVELOPMENT = "development"
    OPTIONAL = "optional"


class Source(StrEnum):
    """Where a component comes from. Only registry components are matched; the others are named."""

    REGISTRY = "registry"
    PATH = "path"
    VCS = "vcs"
    URL = "url"


def names_binaries(ecosystem: str) -> bool:
    """Whether advisories of an ecosystem name the packages that are built, each with the version of its own."""
    return ecosystem.startswith(_NAME_BINARIES)


def _is_long(text: str) -> bool:
    """Whether a text has more bytes than allowed; a character has four at most."""
    return 4 * len(text) > MAX_TEXT_BYTES and len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES


@frozen
class Component:
    """One package at one version.

    `name` is spelled as its author does where the ecosystem keeps that (NuGet, Swift), else as the ecosystem compares
    names (`naming`). `version` may be empty only for a component that is not
    from a registry. `qualifiers` are sorted purl qualifiers (`arch`, `distro`, `epoch`).
    `source_package` is the distribution's source package, where it has another name; `source_version` the version that
    advisories compare, where it is another.

    Raises:
        FactError: a name or version is empty; or it, or anything else, holds NUL or a control character, or is over
            512 bytes.
    """

    ecosystem: str
    name: str
    version: str
    source: Source = Source.REGISTRY
    qualifiers: tuple[tuple[str, str], ...] = ()
    source_package: str = ""
    source_version: str = ""

    def __post_init__(self) -> None:
        usual = f"{self.ecosystem}{self.name}{self.version}{self.source_package}{self.source_version}"
        if self.name and self.version and not self.qualifiers and not _is_long(usual) and usual.isprintable():
            return  # nearly all: no part can be long or unprintable where the whole is neither
        for label, text in (("name", self.name), ("version", self.version)):
            if not text and (label == "name" or self.source is Source.REGISTRY):
                raise FactError(f"a component without {label}: `{self.name[:80]}`")
            if _is_long(text):
                raise FactError(f"a {label} of over {MAX_TEXT_BYTES} bytes: `{text[:40]}…`")
            if not text.isprintable():
                raise FactError(f"a {label} with control characters: {text[:80]!r}")
        qualified = (text for pair in self.qualifiers for text in pair)
        for text in (self.ecosystem, self.source_package, self.source_version, *qualified):
            if text and (not text.isprintable() or _is_long(text)):
                raise FactError(
                    f"`{self.name[:80]}` with over {MAX_TEXT_BYTES} bytes or control characters: {text[:40]!r}"
                )

    @property
    def match_name(self) -> str:
        """The name that advisories of this ecosystem use, in the spelling that is compared."""
        by_source = self.source_package and not names_binaries(self.ecosystem)
        return compared_name(self.ecosystem, self.source_package if by_source else self.name)

    @property
    def source_name(self) -> str:
        """The name of what the package is built from, in the spelling that is compared; else its own."""
        return compared_name(self.ecosystem, self.source_package or self.name)

    @property
    def match_version(self) -> str:
        """The version that advisories of this ecosystem compare."""
        return self.source_version or self.version

    @property
    def shared_version(self) -> str:
        """The version that all packages of one source have; empty where each has its own, and advisories say which."""
        return "" if names_binaries(self.ecosystem) else self.match_version

    @property
    def has_version_of_source(self) -> bool:
        """Whether its version is the one that advisories compare, but for an epoch."""
        return not self.source_version or self.source_version.rpartition(":")[2] == self.version.rpartition(":")[2]

    @property
    def purl(self) -> str:
        """The package URL, canonical. Source: package-url/purl-spec."""
        from holdfast.model.purl import to_purl

        return to_purl(self)


@frozen
class Location:
    """A place in a file, by relative path with `/`; `line` counts from 1, `None` where the format has no lines.

    `owner` is the purl of the distribution's package that the file belongs to, empty where none is known to own it.
    """

    file: str
    line: int | None = None
    owner: str = ""

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@frozen
class Occurrence:
    """A component in one SBOM.

    `direct` is `None` where the format does not know. `path` holds the names from a direct dependency down to the one
    above this component; empty when direct or unknown. It has one path of possibly many, a shortest one.
    `alias` is the name it was installed under, where that is another than its own; a store need not keep it.
    `licenses` are SPDX expressions or, where the file has none, the names it gives.
    """

    component: Component
    locations: tuple[Location, ...]
    direct: bool | None = None
    path: tuple[str, ...] = ()
    scope: Scope = Scope.RUNTIME
    alias: str = ""
    licenses: tuple[str, ...] = ()

    @property
    def owners(self) -> tuple[str, ...]:
        """The distribution's packages that it came with, by purl; empty when any of its places is nobody's.

        What came with them alone carries their distribution's patches, and its advisories speak for it.
        """
        found = tuple(dict.fromkeys(place.owner for place in self.locations))
        return found if all(found) else ()


@frozen
class Unparsed:
    """Something that was seen and not read. It makes a verdict unknown, never pass.

    `owner` is as that of a `Location`.
    """

    file: str
    line: int | None
    because: str
    owner: str = ""


@frozen
class ParsedFile:
    """What one dependency file says; `format` is the parser's id."""

    file: str
    format: str
    occurrences: tuple[Occurrence, ...]
    unparsed: tuple[Unparsed, ...] = ()


@frozen
class Sbom:
    """The composition of a tree, a release or a host: one occurrence per component, files and gaps beside it."""

    occurrences: tuple[Occurrence, ...]
    files: tuple[tuple[str, str, int], ...] = ()
    """(file, format, number of components), in order of path."""
    unparsed: tuple[Unparsed, ...] = ()
