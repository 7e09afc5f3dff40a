"""SPDX tag-value, brought into the shape of its JSON and read by the same rules.

A line is `Tag: value`; a value in `<text>` goes on to `</text>`; `#` begins a comment. A package's fields follow its
`PackageName`; a file, a snippet or a licence ends it. A line that is neither is unparsed, and the others count.

Source: SPDX 2.3, clauses 6 to 11, tag-value format.
"""

from collections.abc import Iterator
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._text import decode, lines_of, refuse_conflict
from holdfast.facts.sboms.spdx import Package, SpdxDocument, gather_packages
from holdfast.model.component import ParsedFile

TAG_VALUE_FORMAT = "spdx_tag_value"
_OF_PACKAGES = {
    "SPDXID": "ref",
    "PackageVersion": "version",
    "PrimaryPackagePurpose": "purpose",
    "PackageLicenseConcluded": "concluded",
    "PackageLicenseDeclared": "declared",
}
_ENDS_PACKAGE = {"FileName", "SnippetSPDXID", "SnippetSPDXIdentifier", "LicenseID"}


class _Reading:
    """What the lines have said so far."""

    def __init__(self, gathering: Gathering) -> None:
        self.document = SpdxDocument(relationships=[], licenses=[])
        self.packages: list[Package] = []
        self._gathering = gathering
        self._package: Package | None = None

    def take(self, tag: str, value: str, line: int) -> None:
        """Take one field."""
        if tag == "PackageName":
            self._package = Package(name=value, references=[], line=line)
            self.packages.append(self._package)
        elif tag in _ENDS_PACKAGE:
            self._package = None
            if tag == "LicenseID":
                self.document.licenses.append({"licenseId": value})
        elif tag == "LicenseName" and self.document.licenses:
            self.document.licenses[-1]["name"] = value
        elif tag == "SPDXVersion":
            self.document.version = value
        elif tag == "Relationship":
            self._relate(value, line)
        elif self._package is not None and tag in _OF_PACKAGES:
            setattr(self._package, _OF_PACKAGES[tag], value)
        elif self._package is not None and tag == "ExternalRef":
            words = value.split()
            self._package.references.append(dict(zip(("", "referenceType", "referenceLocator"), words, strict=False)))

    def _relate(self, value: str, line: int) -> None:
        words = value.split()
        if len(words) < 3:
            self._gathering.skip(line, f"expected `Relationship: A KIND B`, got `{value}`")
            return
        keys: Any = ("spdxElementId", "relationshipType", "relatedSpdxElement")
        self.document.relationships.append(dict(zip(keys, words, strict=False)))


def parse_spdx_tag_value(file: str, data: bytes) -> ParsedFile:
    """Return the packages of an SPDX tag-value document.

    Raises:
        FactError: not text, merge-conflicted, or without the version of SPDX 2.
    """
    text = decode(file, data)
    refuse_conflict(file, text)
    gathering = Gathering(file, TAG_VALUE_FORMAT, "")
    reading = _Reading(gathering)
    for tag, value, line in _fields(text, gathering):
        reading.take(tag, value, line)
    version = reading.document.version
    if not isinstance(version, str) or not version.startswith("SPDX-2."):
        hint = "export the SBOM as SPDX 2.3 or CycloneDX"
        raise FactError(f"expected `SPDXVersion: SPDX-2.3`, got {version!r}", where=file, hint=hint)
    return gather_packages(reading.document, reading.packages, gathering)


def _fields(text: str, gathering: Gathering) -> Iterator[tuple[str, str, int]]:
    """Yield (tag, value, line) of each field; texts of several lines are put together."""
    lines = iter(enumerate(lines_of(text), 1))
    for number, line in lines:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        tag, colon, value = stripped.partition(":")
        if not colon or not tag.isalnum():
            gathering.skip(number, f"expected `Tag: value`, got `{stripped}`")
            continue
        value = value.strip()
        if value.startswith("<text>"):
            parts = [value[len("<text>") :]]
            while "</text>" not in parts[-1]:
                try:
                    parts.append(next(lines)[1])
                except StopIteration:
                    gathering.skip(number, "a `<text>` that never ends")
                    break
            value = "\n".join(parts).partition("</text>")[0].strip()
        yield tag, value, number
