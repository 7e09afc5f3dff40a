"""Wire types of VEX documents."""

from typing import Annotated

from msgspec import Meta

from holdfast.edges.api.wire import Answer, Instant, Question


class VexIn(Question, frozen=True):
    """A VEX document as it was published: OpenVEX, CycloneDX (JSON or XML) or CSAF, in a text."""

    document: Annotated[str, Meta(min_length=1, max_length=1 << 20)]


class VexOut(Answer, frozen=True):
    """A VEX document that builds are judged by; `notes` are what of it can't count. `digest` is of its text.

    `signed_by` is the fingerprint of the key that signed it; `null` where nobody did.
    """

    id: str
    name: str
    format: str
    document_id: str
    authors: list[str]
    statements: int
    notes: list[str]
    digest: str
    changed_at: Instant
    changed_by: str
    signed_by: str | None = None


class VexPage(Answer, frozen=True):
    """VEX documents by name."""

    items: list[VexOut]
    next: str | None
