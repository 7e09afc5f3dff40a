"""Platforms of Red Hat as CPEs name them, and what a package in one of them is on a machine.

Rules:

1. `enterprise_linux` of a major release, whole or by one of its own channels (`baseos`, `appstream`), is that release.
2. An extended stream (`rhel_eus:9.2`), a minor release (`enterprise_linux:10.0`) and any other channel are of the
   release too, and nobody can tell from a machine whether it takes from them. So they speak only for packages that have
   a version: that is one build, the same wherever it is installed.
3. A package is of a module (`nodejs:18`) where its package URL says so with `rpmmod`, or a module of type `rpmmod`
   stands between it and the platform; without, it is of none. A module without stream names nothing.
4. Anything else is no platform: other products, wildcards, a release that is none.

Source: Red Hat Product Security, Security Data Guidelines, "CPE", "purl" and "CSAF-VEX"; CPE 2.2 URI and 2.3 formatted
string.
"""

import re
from dataclasses import replace

from holdfast.errors import FactError
from holdfast.model.frozen import frozen
from holdfast.model.purl import split_purl
from holdfast.model.vex import Package

_RELEASE = re.compile(r"([1-9][0-9]?)(\.[0-9]{1,2})?\Z")
_MAIN = "enterprise_linux"
_EXTENDED = re.compile(r"(?:rhel|enterprise_linux)_(?:eus|aus|tus|e4s|els)(?:_long_life)?\Z")
_CHANNELS = frozenset(
    {
        "",
        "appstream",
        "baseos",
        "client",
        "computenode",
        "crb",
        "highavailability",
        "nfv",
        "realtime",
        "resilientstorage",
        "sap",
        "sap_hana",
        "server",
        "supplementary",
        "workstation",
    }
)
_URI, _FORMATTED = "cpe:/", "cpe:2.3:"


@frozen
class Platform:
    """A release, as machines name it (`Red Hat:9`); `is_whole` tells that every machine of it takes from here."""

    ecosystem: str
    is_whole: bool


def find_platform(cpe: str) -> Platform | None:
    """Return the release that a CPE names; `None` where it is no platform by rule 4."""
    if cpe[: len(_URI)].lower() == _URI:
        fields = cpe[len(_URI) :].split(":")
    elif cpe.startswith(_FORMATTED):
        fields = ["" if field == "*" else field for field in cpe[len(_FORMATTED) :].split(":")]
    else:
        return None
    part, vendor, product, version, update, channel, *more = (*fields, *[""] * 6)
    release = _RELEASE.match(version)
    if part not in {"o", "a"} or vendor != "redhat" or release is None or update or any(more):
        return None
    if product == _MAIN:
        return Platform(f"Red Hat:{release[1]}", channel in _CHANNELS and not release[2])
    return Platform(f"Red Hat:{release[1]}", is_whole=False) if _EXTENDED.match(product) else None


def find_module(purl: str) -> str:
    """Return the module that a package URL of type `rpmmod` names, `name:stream[:version:context]`; else empty."""
    try:
        parts = split_purl(purl)
    except FactError:
        return ""
    if parts.type != "rpmmod" or len(parts.segments) != 2 or parts.segments[0] != "redhat":
        return ""
    label = f"{parts.segments[1]}:{parts.version}" if parts.version else parts.segments[1]
    return label if _is_module(label) else ""


def find_installed(package: Package, platform: Platform, module: str = "") -> Package | None:
    """Return a package as a machine has it, given its platform and its module; `None` where that names nothing.

    Without a module `rpmmod` is empty: what a machine has from a module is another build.
    """
    if package.type != "rpm" or package.ecosystem not in {"Red Hat", platform.ecosystem}:
        return None
    if not platform.is_whole and not package.version:
        return None
    qualifiers = dict(package.qualifiers)
    said = qualifiers.get("rpmmod", "")
    if said and module and not _is_within(said, module) and not _is_within(module, said):
        return None
    label = max(said, module, key=len)
    if label and not _is_module(label):
        return None
    qualifiers["rpmmod"] = label
    return replace(package, ecosystem=platform.ecosystem, qualifiers=tuple(sorted(qualifiers.items())))


def _is_module(label: str) -> bool:
    parts = label.split(":")
    return 2 <= len(parts) <= 4 and all(parts)


def _is_within(longer: str, shorter: str) -> bool:
    return f"{longer}:".startswith(f"{shorter}:")
