"""Package URLs, to and from components.

Rules (package-url/purl-spec): type lower case; names as their ecosystem writes them (`naming.canonical_name`); npm
scopes and Go, Maven and Composer prefixes are namespaces; versions are percent-encoded; qualifiers sorted by key. npm
has old packages that differ in case alone, so the case of npm names stays, whatever the specification says. That of
Go's modules stays too, and counts; some tools write it small in a purl, as the specification asks (`with_letters_of`).

A distribution that OSV does not know stays `purl:deb`, `purl:rpm`, `purl:apk`, its vendor a part of the name: no feed
speaks of it, and its release, known or not, makes no ecosystem. An RPM's epoch stands beside its version in a purl and
before it where versions are compared.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote, unquote

from holdfast.errors import FactError
from holdfast.model.component import Component, Source
from holdfast.model.frozen import frozen
from holdfast.model.naming import canonical_name, normalize_pypi

__all__ = [
    "PurlParts",
    "ecosystem_and_name",
    "lacks_release",
    "normalize_pypi",
    "parse_purl",
    "split_purl",
    "to_purl",
    "with_letters_of",
]

_TYPE_OF = {
    "PyPI": "pypi",
    "npm": "npm",
    "Go": "golang",
    "crates.io": "cargo",
    "Maven": "maven",
    "RubyGems": "gem",
    "Packagist": "composer",
    "NuGet": "nuget",
    "Hex": "hex",
    "Pub": "pub",
    "CRAN": "cran",
    "Hackage": "hackage",
    "ConanCenter": "conan",
    "SwiftURL": "swift",
    "GitHub Actions": "githubactions",
}
_ECOSYSTEM_OF = {purl_type: ecosystem for ecosystem, purl_type in _TYPE_OF.items()}
_DISTRIBUTIONS = {
    "Debian": ("deb", "debian"),
    "Ubuntu": ("deb", "ubuntu"),
    "Alpine": ("apk", "alpine"),
    "Wolfi": ("apk", "wolfi"),
    "Chainguard": ("apk", "chainguard"),
    "AlmaLinux": ("rpm", "almalinux"),
    "Rocky Linux": ("rpm", "rocky"),
    "Red Hat": ("rpm", "redhat"),
    "Fedora": ("rpm", "fedora"),
    "SUSE": ("rpm", "suse"),
    "openSUSE": ("rpm", "opensuse"),
    "Mageia": ("rpm", "mageia"),
    "openEuler": ("rpm", "openeuler"),
    "Photon OS": ("rpm", "photon"),
    "Azure Linux": ("rpm", "azurelinux"),
}
_WITHOUT_RELEASES = {"Wolfi", "Chainguard"}
_DISTRIBUTION_OF = {vendor: ecosystem for ecosystem, (_, vendor) in _DISTRIBUTIONS.items()} | {
    "rocky-linux": "Rocky Linux",
    "rockylinux": "Rocky Linux",
    "rhel": "Red Hat",
    "sles": "SUSE",
    "azure-linux": "Azure Linux",
}
_WHOLE_RELEASES = {"Ubuntu", "openEuler", "Photon OS"}
_KEPT = {"arch", "distro", "epoch"}
_KEPT_OF_TYPE = {
    ("upstream", "deb"),
    ("upstream", "apk"),
    ("rpmmod", "rpm"),
}  # an RPM's is the name of a file, not of a package
_IN_TYPES = str.maketrans("", "", ".+-")
_SPLIT_NAMESPACE = {"npm": "/", "golang": "/", "maven": ":", "composer": "/", "swift": "/", "githubactions": "/"}
_UNRESERVED = re.compile("[A-Za-z0-9_.~-]*")
_USUAL = re.compile("[A-Za-z0-9_.~-]+@[A-Za-z0-9_.~-]+")


def find_distribution(ecosystem: str) -> tuple[str, str] | None:
    """Return (purl type, vendor) of a distribution by its name without release; `None` when it is no distribution."""
    return _DISTRIBUTIONS.get(ecosystem)


def lacks_release(ecosystem: str) -> bool:
    """Tell whether an ecosystem is a distribution that has releases, and none is named."""
    return ecosystem in _DISTRIBUTIONS and ecosystem not in _WITHOUT_RELEASES


def _split(purl_type: str, name: str) -> tuple[str, str]:
    separator = _SPLIT_NAMESPACE.get(purl_type)
    if separator is None or separator not in name:
        return "", name
    namespace, _, last = name.rpartition(separator)
    return namespace, last


def _quoted(text: str, safe: str) -> str:
    """Return `quote`'s answer; nearly every name and version has nothing to quote, which is cheaper to see."""
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe=safe)


def to_purl(component: Component) -> str:
    """Return the canonical package URL of a component."""
    base = component.ecosystem.partition(":")[0]
    if base in _DISTRIBUTIONS:
        purl_type, namespace = _DISTRIBUTIONS[base]
        name = component.name
    else:
        purl_type = (
            component.ecosystem[5:] if component.ecosystem.startswith("purl:") else _TYPE_OF.get(base, base.lower())
        )
        namespace, name = _split(purl_type, canonical_name(base, component.name))
        if not namespace and "/" in name:
            namespace, _, name = name.rpartition("/")
    if not namespace and not component.qualifiers and _USUAL.fullmatch(usual := f"{name}@{component.version}"):
        return f"pkg:{purl_type}/{usual}"
    parts = [_quoted(part, "") for part in namespace.split("/") if part]
    out = f"pkg:{purl_type}/{'/'.join([*parts, _quoted(name, ':')])}"
    if component.version:
        out += f"@{_quoted(component.version, ':~')}"
    if component.qualifiers:
        out += "?" + "&".join(f"{key}={quote(value, safe=':/,')}" for key, value in sorted(component.qualifiers))
    return out


@frozen
class PurlParts:
    """What a package URL is written of: type in lower case, segments decoded, `version` and `subpath` empty without."""

    type: str
    segments: tuple[str, ...]
    version: str
    qualifiers: dict[str, str]
    subpath: str


def split_purl(text: str, *, where: str | None = None) -> PurlParts:
    """Return the parts of a package URL, with a version or without.

    Raises:
        FactError: not a package URL.
    """
    if not text.startswith("pkg:"):
        raise FactError(f"expected a package URL, got `{text[:80]}`", where=where, hint="a purl starts with `pkg:`")
    rest, _, subpath = text[4:].lstrip("/").partition("#")
    rest, _, query = rest.partition("?")
    qualifiers = _parse_qualifiers(query) if query else {}
    head, at, version = rest.rpartition("@")
    if (
        not at or "/" not in head or head.endswith("/")
    ):  # an `@` inside an npm scope that was not percent-encoded is no version
        head, version = rest, ""
    purl_type, slash, path = head.partition("/")
    if not slash or not path.strip("/"):
        raise FactError(f"a package URL without a name: `{text[:120]}`", where=where)
    purl_type = purl_type.lower()
    if not purl_type.isascii() or not purl_type.translate(_IN_TYPES).isalnum():
        raise FactError(f"a package URL of no type: `{text[:120]}`", where=where)
    segments = tuple(unquote(part) if "%" in part else part for part in path.strip("/").split("/") if part)
    return PurlParts(purl_type, segments, unquote(version) if "%" in version else version, qualifiers, subpath)


def parse_purl(text: str, *, where: str | None = None) -> Component:
    """Return the component a package URL names.

    Raises:
        FactError: not a package URL, or it has no version.
    """
    parts = split_purl(text, where=where)
    purl_type, version, qualifiers = parts.type, parts.version, parts.qualifiers
    if not version:
        raise FactError(
            f"a package URL without a version: `{text[:120]}`", where=where, hint="write `@version` after the name"
        )
    ecosystem, name = ecosystem_and_name(purl_type, parts.segments, qualifiers)
    named = ((k, v) for k, v in qualifiers.items() if k in _KEPT or (k, purl_type) in _KEPT_OF_TYPE)
    kept = tuple(sorted(named)) if qualifiers else ()
    source = Source.VCS if "vcs_url" in qualifiers else Source.REGISTRY
    epoch = qualifiers.get("epoch", "") if purl_type == "rpm" else ""
    compared = f"{epoch}:{version}" if epoch and ":" not in version else ""
    try:
        return Component(ecosystem, name, version, source, kept, source_version=compared)
    except FactError as error:
        raise FactError(error.message, where=where) from None


def with_letters_of(component: Component, name: object) -> Component:
    """Return a module of Go in the letters of the name that stands beside its purl, where the purl's are all small.

    Source: package-url/purl-spec, `golang`: "The namespace and name must be lowercased". Go tells letters apart.
    """
    if component.ecosystem != "Go" or not isinstance(name, str) or name == component.name:
        return component
    is_same = name.lower() == component.name  # in other letters alone, and the purl's are small
    return replace(component, name=name) if is_same else component


def _parse_qualifiers(query: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {key.lower(): unquote(value) for key, _, value in pairs if value}


def ecosystem_and_name(purl_type: str, segments: Sequence[str], qualifiers: Mapping[str, str]) -> tuple[str, str]:
    """Return the ecosystem, with the release that `distro` names, and the name as it is written there."""
    if purl_type in {"deb", "rpm", "apk"}:
        vendor = segments[0].lower() if len(segments) > 1 else ""
        distribution = _DISTRIBUTION_OF.get(vendor, "")
        if not distribution or _DISTRIBUTIONS[distribution][0] != purl_type:
            return f"purl:{purl_type}", "/".join(segments)
        release = _release_of(qualifiers.get("distro", ""), distribution)
        return (f"{distribution}:{release}" if release else distribution), segments[-1]
    ecosystem = _ECOSYSTEM_OF.get(purl_type, f"purl:{purl_type}")
    return ecosystem, canonical_name(ecosystem, _SPLIT_NAMESPACE.get(purl_type, "/").join(segments))


def _release_of(distro: str, distribution: str) -> str:
    """`debian-12.4` → `12`, `alpine-3.20.1` → `v3.20`, `ubuntu-22.04` → `22.04`, `opensuse-leap-15.5` → `Leap 15.5`.

    Empty where the qualifier names none, or the distribution has none.
    """
    distro = distro.lower()
    number = next((part for part in distro.split("-") if part[:1].isdigit()), "")
    if distribution in _WITHOUT_RELEASES:
        return ""
    if distribution == "openSUSE" and "tumbleweed" in distro:
        return "Tumbleweed"
    if not number:
        return ""
    if distribution == "Alpine":
        return "v" + ".".join(number.split(".")[:2])
    if distribution == "openSUSE":
        return f"Leap {number}"
    if distribution == "SUSE":
        major, _, pack = number.partition(".")
        return f"Linux Enterprise Server {major}" + (f" SP{pack}" if pack.strip("0") else "")
    if distribution == "openEuler":  # `openeuler-22.03-lts-sp1`
        return distro[distro.index(number) :].upper()
    return number if distribution in _WHOLE_RELEASES else number.split(".")[0]
