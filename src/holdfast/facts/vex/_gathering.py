"""Gathers what one VEX document says, and keeps rule 3 of the room: doubt never clears."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from holdfast.errors import FactError, UsageError
from holdfast.facts.gather import readable
from holdfast.facts.reports._gathering import inner, objects, text, texts
from holdfast.model.frozen import frozen
from holdfast.model.instant import parse_instant
from holdfast.model.vex import Claim, Product, Statement, VexDocument, VexStatus, parse_package

__all__ = ["Link", "Said", "VexGathering", "inner", "objects", "text", "texts"]

MAX_CLAIMS = 500_000
_MOST_IDS = 50
_MOST_NOTES = 20


@frozen
class Link:
    """What a document elsewhere names: a part, and the product it lies in; `None` where it is the product itself."""

    part: Product
    product: Product | None = None


@frozen
class Said:
    """A statement as its format writes it; `status` is `None` where the format knows no such word, `word` is it.

    `at` is a date as it is written, `None` for that of the document.
    """

    ids: Sequence[str]
    claims: Sequence[Claim]
    status: VexStatus | None
    word: str = ""
    justification: str = ""
    impact: str = ""
    action: str = ""
    response: tuple[str, ...] = ()
    at: object = None


def _is_vague(claim: Claim) -> bool:
    """Whether a claim can be matched, and names no version at all: a fix lies in one."""
    named = (claim.product, *claim.parts)
    has_version = any(one.digests or (one.package is not None and one.package.version) for one in named)
    return all(one.is_exact for one in named) and not has_version


@dataclass(slots=True)
class VexGathering:
    """What one document has said so far; `elsewhere` is what the other documents may be asked for."""

    file: str
    format_id: str
    elsewhere: Mapping[str, Link] = field(default_factory=dict)
    id: str = ""
    authors: tuple[str, ...] = ()
    version: str = ""
    at: datetime | None = None
    is_dated: bool = True
    """Whether the document's own date can be trusted: one that is missing where it must be, or none, clears nothing."""
    statements: list[Statement] = field(default_factory=list)
    _notes: dict[str, None] = field(default_factory=dict)
    _claims: int = 0

    def note(self, because: str) -> None:
        """Tell something that can't count."""
        self._notes[readable(because)] = None

    def date(self, written: object, *, needed: bool = False) -> None:
        """Set the document's date, `needed` where its format demands one."""
        self.at, self.is_dated = self._instant(written)
        if written is None and needed:
            self.note("the document has no date: nothing in it clears anything")
            self.is_dated = False

    def product(self, purl: object, name: str, digests: tuple[str, ...] = ()) -> Product:
        """Return a product by its package URL; without one, or with one that is none, it matches nothing."""
        shown = text(purl) or name or "a product without name"
        if not isinstance(purl, str) or not purl.strip():
            if not digests:
                self.note(f"`{shown}` has no package URL: it matches nothing")
            return Product(shown, None, digests)
        try:
            return Product(shown, parse_package(purl.strip()), digests)
        except FactError as error:
            self.note(f"`{shown}` matches nothing: {error.message}")
            return Product(shown, None, digests)

    def add(self, said: Said) -> None:
        """Add a statement, cleared of what it may not say.

        Raises:
            FactError: the document names too many products.
        """
        ids = tuple(dict.fromkeys(one for one in said.ids if one))[:_MOST_IDS]
        if not ids:
            self.note("a statement without vulnerability")
            return
        self._claims += sum(1 + len(one.parts) for one in said.claims)
        if self._claims > MAX_CLAIMS:
            raise FactError(f"a document that names over {MAX_CLAIMS} products", where=self.file, hint="split it")
        if not said.claims:
            self.note(f"`{ids[0]}`: a statement about no product")
            return
        at, is_dated = (self.at, self.is_dated) if said.at is None else self._instant(said.at)
        status = self._status(said, ids[0], is_dated=is_dated)
        sorted_out: dict[bool, list[Claim]] = {}
        for one in said.claims:
            sorted_out.setdefault(status is VexStatus.FIXED and _is_vague(one), []).append(one)
        for is_vague, claims in sorted_out.items():
            if is_vague:
                self.note(f"`{ids[0]}`: fixed, and not in which version: it counts as under investigation")
            self._put(said, ids, claims, VexStatus.UNDER_INVESTIGATION if is_vague else status, at)

    def _put(
        self, said: Said, ids: tuple[str, ...], claims: Sequence[Claim], status: VexStatus, at: datetime | None
    ) -> None:
        self.statements.append(
            Statement(
                ids,
                tuple(claims),
                status,
                said.justification,
                said.impact,
                said.action,
                said.response,
                self.authors,
                self.id,
                at,
                self.version,
                self.file,
            )
        )

    def _status(self, said: Said, name: str, *, is_dated: bool) -> VexStatus:
        if said.status is None:
            self.note(f"`{name}`: `{said.word}` is no status: it counts as under investigation")
            return VexStatus.UNDER_INVESTIGATION
        if said.status is VexStatus.NOT_AFFECTED and not (said.justification or said.impact):
            self.note(f"`{name}`: not affected, and not why: it counts as under investigation")
            return VexStatus.UNDER_INVESTIGATION
        if said.status.clears and not is_dated:
            return VexStatus.UNDER_INVESTIGATION
        return said.status

    def _instant(self, written: object) -> tuple[datetime | None, bool]:
        """Return a date and whether it can be trusted: none is no lie, a broken one is noted."""
        if written is None:
            return None, True
        try:
            return parse_instant(written if isinstance(written, str) else repr(written)), True
        except UsageError as error:
            self.note(f"{error.message}: what has this date clears nothing")
            return None, False

    def document(self) -> VexDocument:
        """Return the whole."""
        notes = list(self._notes)
        shown = notes[:_MOST_NOTES] + ([f"{len(notes) - _MOST_NOTES} more such notes"] if notes[_MOST_NOTES:] else [])
        return VexDocument(self.file, self.format_id, self.id, tuple(self.statements), tuple(shown))
