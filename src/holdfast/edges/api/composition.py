"""Compositions on the wire: CycloneDX, or our own form, which keeps lines, gaps and directness."""

import msgspec

from holdfast.edges.api.body import decode_json
from holdfast.edges.api.wire_inventory import OccurrenceIn, OccurrencesIn
from holdfast.errors import FactError
from holdfast.facts.sbom import read_sbom
from holdfast.model.component import Component, Location, Occurrence, Sbom, Unparsed
from holdfast.model.purl import parse_purl


class _Kind(msgspec.Struct):
    """What tells the two forms apart."""

    occurrences: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read_composition(raw: msgspec.Raw, *, where: str = "$.sbom") -> Sbom:
    """Return the composition that a JSON text holds.

    Raises:
        UsageError: not JSON, or not of our own form.
        FactError: neither form, or an occurrence names no component; `where` is the place.
    """
    data = bytes(raw)
    kind: _Kind = decode_json(raw, _Kind, within=where)
    if kind.occurrences is msgspec.UNSET:
        return read_sbom(where, data)
    given: OccurrencesIn = decode_json(raw, OccurrencesIn, within=where)
    occurrences: dict[Component, Occurrence] = {}
    unparsed = [Unparsed(one.file, one.line, one.because) for one in given.unparsed]
    for number, one in enumerate(given.occurrences):
        place = f"{where}.occurrences[{number}]"
        try:
            occurrence = _occurrence(one, place)
        except FactError as error:
            unparsed.append(Unparsed(one.locations[0].file if one.locations else place, None, error.message))
            continue
        if occurrence.component in occurrences:
            raise FactError(
                f"two occurrences of `{occurrence.component.purl}`", where=place, hint="one, with all places"
            )
        occurrences[occurrence.component] = occurrence
    files = tuple((one.file, one.format, one.components) for one in given.files)
    return Sbom(tuple(occurrences.values()), files, tuple(unparsed))


def _occurrence(one: OccurrenceIn, where: str) -> Occurrence:
    locations = tuple(Location(place.file, place.line, place.owner) for place in one.locations)
    return Occurrence(_component(one, where), locations, one.direct, tuple(one.path), one.scope, "", one.licenses)


def _component(one: OccurrenceIn, where: str) -> Component:
    if one.purl is not None and one.ecosystem is None:
        return parse_purl(one.purl, where=where)
    if one.ecosystem is None or one.name is None:
        raise FactError("neither a purl nor an ecosystem with a name", where=where)
    return Component(
        one.ecosystem,
        one.name,
        one.version,
        one.source,
        tuple(sorted(one.qualifiers.items())),
        one.source_package,
        one.source_version,
    )
