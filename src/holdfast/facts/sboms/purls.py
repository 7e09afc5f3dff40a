"""Entries of documents as components: the purl names them, and the version beside it where the purl has none."""

import re
from dataclasses import replace
from urllib.parse import quote

from holdfast.model.component import Component, Source, names_binaries
from holdfast.model.purl import parse_purl, split_purl, with_letters_of

_SOURCE_RPM = re.compile(r"([^/]+)-([^-/]+-[^-/]+)\.(?:no)?src\.rpm")
_RANGE_SIGNS = frozenset("<>=^~*|, ")


def component_of(purl: str, name: object, version: object, properties: dict[str, str], where: str) -> Component:
    """Return the component that a purl names.

    `version` counts where the purl has none; a range is no version. `name` is what stands beside the purl: of a module
    of Go it may have letters that the purl has lost. `properties` are what our own writers add:
    `source`, `source_package` and `source_version`.

    Raises:
        FactError: not a purl, or without a version.
    """
    source = _source(properties["source"]) if "source" in properties else Source.REGISTRY
    if source is not Source.REGISTRY and not version:
        return replace(parse_purl(_with_version(purl, "0"), where=where), version="", source=source)
    if isinstance(version, str) and version and not _has_version(purl) and not _RANGE_SIGNS & set(version):
        purl = _with_version(purl, version)
    component = with_letters_of(parse_purl(purl, where=where), name)
    if not properties and not component.qualifiers:
        return component
    upstream = _upstream(component, purl).partition("@")
    package = properties.get("source_package", upstream[0])
    compared = properties.get("source_version", upstream[2] or component.source_version)
    if not any(upstream) and source is Source.REGISTRY and not package and compared == component.source_version:
        return component
    return replace(
        component,
        source=source if source is not Source.REGISTRY else component.source,
        qualifiers=tuple(pair for pair in component.qualifiers if pair[0] != "upstream"),
        source_package=package,
        source_version=compared,
    )


def _upstream(component: Component, purl: str) -> str:
    """Return the source package that a purl names: `name`, `name@version`; an RPM's is the name of its file.

    That has no epoch, so the package's own counts. Its version says nothing where advisories speak of packages.
    """
    if not purl.startswith("pkg:rpm/") or "upstream=" not in purl:
        return dict(component.qualifiers).get("upstream", "")
    file = _SOURCE_RPM.fullmatch(split_purl(purl).qualifiers.get("upstream", ""))
    if not file:
        return ""
    name = file[1] if file[1] != component.name else ""
    if file[2] == component.version or names_binaries(component.ecosystem):
        return name
    epoch = dict(component.qualifiers).get("epoch", "")
    return f"{name}@{epoch}:{file[2]}" if epoch else f"{name}@{file[2]}"


def _source(text: str) -> Source:
    try:
        return Source(text or Source.REGISTRY)
    except ValueError:
        return Source.REGISTRY


def _has_version(purl: str) -> bool:
    head = purl.partition("#")[0].partition("?")[0]
    return "@" in head.rpartition("/")[2]


def _with_version(purl: str, version: str) -> str:
    rest, hash_sign, subpath = purl.partition("#")
    head, mark, query = rest.partition("?")
    return f"{head}@{quote(version, safe=':~')}{mark}{query}{hash_sign}{subpath}"
