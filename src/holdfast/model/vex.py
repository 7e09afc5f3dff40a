"""What documents say of vulnerabilities in products (VEX), in one form for all formats; nothing is concluded yet.

A statement counts for what it names exactly, or not at all: what has no package URL (a name, a CPE) is kept for people
and matches nothing.
"""

import base64
import hashlib
from datetime import datetime
from enum import StrEnum

from holdfast.model.frozen import frozen
from holdfast.model.naming import compared_name
from holdfast.model.purl import ecosystem_and_name, split_purl

_DEFAULTS = {("maven", "type", "jar")}
"""Qualifiers that say what is so without them."""
_SOURCES = {("deb", "source"), ("rpm", "source"), ("apk", "source"), ("rpm", "src")}
"""(type, `arch`) of a distribution's source packages."""


class VexStatus(StrEnum):
    """How a product stands to a vulnerability."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"

    @property
    def clears(self) -> bool:
        """Whether it says that there is nothing to mend."""
        return self in {VexStatus.NOT_AFFECTED, VexStatus.FIXED}


@frozen
class Package:
    """What a package URL names: any version where `version` is empty, and only what has its qualifiers.

    `ecosystem` has the release where `distro` names one, `name` is in the spelling that is compared. `is_source` says
    that it is a distribution's source package (`arch=source`, or an RPM's `arch=src`).
    """

    type: str
    ecosystem: str
    name: str
    version: str = ""
    qualifiers: tuple[tuple[str, str], ...] = ()
    is_source: bool = False


def parse_package(text: str) -> Package:
    """Return the package that a package URL names.

    Raises:
        FactError: not a package URL.
    """
    parts = split_purl(text)
    given = {key: value for key, value in parts.qualifiers.items() if (parts.type, key, value) not in _DEFAULTS}
    ecosystem, name = ecosystem_and_name(parts.type, parts.segments, given)
    is_source = (parts.type, given.get("arch")) in _SOURCES
    if is_source:
        del given["arch"]
    if ":" in ecosystem and not ecosystem.startswith("purl:"):
        given.pop("distro", None)  # the release stands in the ecosystem
    if parts.subpath:  # a part of a package: nothing that is scanned is told apart so finely
        given["#"] = parts.subpath
    return Package(
        parts.type,
        ecosystem,
        compared_name(ecosystem, name),
        parts.version,
        tuple(sorted(given.items())),
        is_source,
    )


@frozen
class Product:
    """A product or a part of one. `name` is for people; `package` is `None` where no package URL names it.

    `digests` are those of an image, `sha256:…`.
    """

    name: str
    package: Package | None = None
    digests: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether it can be matched at all."""
        return self.package is not None or bool(self.digests)


@frozen
class Claim:
    """What a statement is about: a product, or only these parts of it."""

    product: Product
    parts: tuple[Product, ...] = ()


@frozen
class Statement:
    """One status of one vulnerability in products.

    `ids` are all names that the document gives the vulnerability. `justification` is in the words of the format,
    `impact` says it in a sentence, `action` what to do. `response` is what the author does about it (`will_not_fix`).
    `authors` are the names that the document gives its author, the first for people. `document` is its id, `at` `None`
    where it has no date, `version` the document's as it is written there. `file` is where it was read. `signed_by` is
    the fingerprint of the key that signed it, empty where nobody did.
    """

    ids: tuple[str, ...]
    claims: tuple[Claim, ...]
    status: VexStatus
    justification: str = ""
    impact: str = ""
    action: str = ""
    response: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    document: str = ""
    at: datetime | None = None
    version: str = ""
    file: str = ""
    signed_by: str = ""

    @property
    def author(self) -> str:
        """Whose word it is, for people."""
        return self.authors[0] if self.authors else "an author without name"

    @property
    def lineage(self) -> tuple[str, str, str]:
        """What later statements override earlier ones in: the same author's same document, or the one file.

        Whoever signs with another key, or not at all, overrides nothing: anybody can write an author's name.
        """
        return (self.author, self.document, self.signed_by) if self.document else ("", self.file, self.signed_by)


@frozen
class VexDocument:
    """One document; `notes` say what of it can't count, and why."""

    file: str
    format: str
    id: str
    statements: tuple[Statement, ...]
    notes: tuple[str, ...] = ()


@frozen
class VexKey:
    """A public key whose signatures of documents count: what it is called, and its DER in base64."""

    name: str
    text: str

    @property
    def data(self) -> bytes:
        """The key's DER."""
        return base64.b64decode(self.text)

    @property
    def fingerprint(self) -> str:
        """What tells it apart, whatever it is called: `sha256:…` of its DER."""
        return "sha256:" + hashlib.sha256(self.data).hexdigest()


@frozen
class KeptVex:
    """A document that a server keeps under a name; how many `statements` it has, which are kept beside it.

    `digest` is `sha256:…` of its text, `document` the id that it gives itself, `changed_by` an opaque id, `signed_by`
    the fingerprint of the key that signed it, empty where nobody did.
    """

    org: str
    id: str
    name: str
    digest: str
    format: str
    document: str
    authors: tuple[str, ...]
    statements: int
    notes: tuple[str, ...]
    changed_at: datetime
    changed_by: str
    signed_by: str = ""
