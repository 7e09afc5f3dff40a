"""What VEX documents say of a finding: matched exactly, and never more than their authors may say.

Rules:

1. A package URL without version means every version, with one that version alone, letter by letter. Every qualifier it
   has must be the component's; a distribution's release counts as it is compared everywhere (`debian-12.4` is 12).
2. With parts, the product must be what is judged, and the component one of the parts. Without, the product is the
   component itself, or all that is judged.
3. A later statement of the same document overrides an earlier one, where both have a date or neither has. Where
   documents differ the strictest counts: affected, under investigation, then what clears. The others are told.
4. Of a finding of several CVEs each must be cleared, by what names that CVE or a record that names all of them; of a
   distribution's notice each CVE that it mends, or the notice by its own name.
5. A statement does not count, and says why: one that clears and is dated in the future, one by an author whom the
   policy does not name, one without a signature where the policy wants it, one that another key signed. What is known
   to be exploited, or was made to harm, is not cleared unless the policy lets it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime

from holdfast.findings.vex_naming import is_named
from holdfast.model.component import Component
from holdfast.model.finding import Finding, Kind, list_cves
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.naming import cves_of
from holdfast.model.vex import Claim, Package, Product, Statement, VexDocument, VexStatus

EXPLOITED, MALICIOUS = "known-exploited", "malicious"
_STRICTNESS = {
    VexStatus.NOT_AFFECTED: 0,
    VexStatus.FIXED: 0,
    VexStatus.UNDER_INVESTIGATION: 1,
    VexStatus.AFFECTED: 2,
}
_WORDS = {
    VexStatus.NOT_AFFECTED: "not affected",
    VexStatus.FIXED: "fixed",
    VexStatus.AFFECTED: "affected",
    VexStatus.UNDER_INVESTIGATION: "under investigation",
}
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_SPOKEN_OF = frozenset({Kind.VULNERABILITY, Kind.MALICIOUS})


@frozen
class VexLimits:
    """Whose statements count, `None` for anybody's; and which findings may be cleared although they never are.

    `keys` are the fingerprints of those whose signatures count, `None` where that was seen to when they were read.
    """

    authors: frozenset[str] | None = None
    also_clears: frozenset[str] = frozenset()
    keys: frozenset[str] | None = None
    needs_signature: bool = False


@frozen
class Judgeable:
    """What is judged, as documents may name it as a product: by package URLs and digests (`sha256:…`)."""

    packages: tuple[Package, ...] = ()
    digests: frozenset[str] = frozenset()


@frozen
class Said:
    """What documents say of one finding. `statement` is the one that counts; `void` is why it clears nothing.

    `others` say another thing of it and do not count. What they are about besides is left out of them.
    """

    statement: Statement
    void: tuple[str, ...] = ()
    others: tuple[Statement, ...] = ()

    @property
    def clears(self) -> bool:
        """Whether the finding neither blocks nor costs anything."""
        return self.statement.status.clears and not self.void

    @property
    def words(self) -> str:
        """What it says, for people."""
        return words_of(self.statement)


def words_of(one: Statement) -> str:
    """Return a statement in words: its status, why, and who says so."""
    why = one.justification or one.impact
    said = f"{_WORDS[one.status]} because {why}" if why and one.status is VexStatus.NOT_AFFECTED else _WORDS[one.status]
    response = f" ({', '.join(one.response)})" if one.response else ""
    return f"VEX: {said}{response}, by {one.author}" + (", signed" if one.signed_by else "")


@frozen
class Vex:
    """Documents, found by the names of vulnerabilities, and what is judged."""

    judged: Judgeable = Judgeable()
    statements: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, documents: Sequence[VexDocument], judged: Judgeable) -> "Vex":
        """Return documents ready to be asked."""
        notes = tuple(f"{one.file}: {note}" for one in documents for note in one.notes)
        return cls.saying((one for document in documents for one in document.statements), judged, notes)

    @classmethod
    def saying(cls, statements: Iterable[Statement], judged: Judgeable, notes: tuple[str, ...]) -> "Vex":
        """Return statements, in the order of their documents, ready to be asked."""
        found: dict[str, list[Statement]] = {}
        for one in statements:
            for name in dict.fromkeys(one.ids):
                found.setdefault(name, []).append(one)
        return cls(judged, {name: tuple(listed) for name, listed in found.items()}, notes)

    def about(self, finding: Finding, component: Component) -> list[Statement]:
        """Return every statement about a finding in one package, in the order of the documents."""
        named = (one for name in finding.spoken_of_as for one in self.statements.get(name, ()))
        found = {id(one): one for one in named}
        return [one for one in found.values() if any(self._is_about(claim, component) for claim in one.claims)]

    def of_findings(self, findings: Iterable[Finding]) -> "Vex":
        """Return what speaks of these findings alone, to be kept with them."""
        found: dict[str, dict[int, Statement]] = {}
        for finding in findings:
            components = _components(finding)
            for name in finding.spoken_of_as:
                for one in self.statements.get(name, ()):
                    claims = tuple(c for c in one.claims if any(self._is_about(c, each) for each in components))
                    if claims:
                        known = found.setdefault(name, {}).get(id(one))
                        every = dict.fromkeys((*known.claims, *claims)) if known else claims
                        found[name][id(one)] = replace(one, claims=tuple(every))
        return Vex(self.judged, {name: tuple(listed.values()) for name, listed in found.items()}, self.notes)

    def _is_about(self, claim: Claim, component: Component) -> bool:
        if claim.parts:
            return is_judged(claim.product, self.judged) and any(is_named(part, component) for part in claim.parts)
        return is_named(claim.product, component) or is_judged(claim.product, self.judged)


def find_said(finding: Finding, vex: Vex, limits: VexLimits, now: datetime) -> Said | None:
    """Return what documents say of a finding; `None` where none speaks of it.

    Of several packages that have it, each must be cleared.
    """
    if not vex.statements:
        return None
    found = [_said_of(finding, one, vex, limits, now) for one in _components(finding)]
    spoken = [one for one in found if one is not None]
    holds_up = [one for one in spoken if not one.clears]
    if holds_up:
        return max(holds_up, key=lambda one: _order(one.statement))
    if spoken and len(spoken) < len(found):
        return replace(spoken[0], void=(f"it speaks of {len(spoken)} of the {len(found)} packages that have it",))
    return max(spoken, key=lambda one: _order(one.statement), default=None)


def _components(finding: Finding) -> tuple[Component, ...]:
    """Return the packages that a finding is in, as far as VEX has words for it."""
    if finding.kind not in _SPOKEN_OF or finding.component is None:
        return ()
    return tuple(dict.fromkeys((finding.component, *(one.component for one in finding.packages))))


def _said_of(finding: Finding, component: Component, vex: Vex, limits: VexLimits, now: datetime) -> Said | None:
    about = vex.about(finding, component)
    cves = finding.cves or finding.mends
    if len(cves) < 2 or not about:
        return _judged(about, finding, limits, now)
    of_each = [[one for one in about if _is_of_cve(one, cve, finding)] for cve in cves]
    spoken = {id(one) for listed in of_each for one in listed}
    of_each += [[one] for one in about if id(one) not in spoken]  # of a part, nobody knows which
    found = [_judged(listed, finding, limits, now) for listed in of_each]
    said = [one for one in found if one is not None]
    holds_up = [one for one in said if not one.clears]
    if holds_up:
        return max(holds_up, key=lambda one: _order(one.statement))
    best = max(said, key=lambda one: _order(one.statement))
    open_ones = [cve for cve, one in zip(cves, found, strict=False) if one is None]
    return replace(best, void=(f"nobody says it of {list_cves(open_ones)}",)) if open_ones else best


def _is_of_cve(one: Statement, cve: str, finding: Finding) -> bool:
    """Whether a statement is about one of the CVEs of a finding of several."""
    whole = finding.whole if finding.cves else finding.ids  # a notice goes by its own name alone
    return cve in one.ids or (not cves_of(one.ids) and not set(whole).isdisjoint(one.ids))


def _judged(about: Sequence[Statement], finding: Finding, limits: VexLimits, now: datetime) -> Said | None:
    """Return what statements about one thing come to."""
    if not about:
        return None
    why = {id(one): _unsound(one, limits, now) for one in about}
    counted = _latest(one for one in about if not why[id(one)])
    if not counted:
        one = max(_latest(about), key=_order)
        return Said(_slim(one), why[id(one)])
    strictest = max(counted, key=_order)
    others = tuple(_slim(one) for one in counted if one.status is not strictest.status)
    void = _too_bad(finding, limits) if strictest.status.clears else ()
    return Said(_slim(strictest), void, others)


def _slim(one: Statement) -> Statement:
    """Return a statement without all that it is about: a vendor's may name thousands of products."""
    return replace(one, claims=())


def _unsound(one: Statement, limits: VexLimits, now: datetime) -> tuple[str, ...]:
    """Why a statement does not count by itself; empty when it does."""
    found = []
    if one.status.clears and one.at is not None and one.at > now:
        found.append(f"it is dated {format_instant(one.at)}, which has not come")
    if limits.authors is not None and not limits.authors & set(one.authors):
        found.append(f"the policy does not name {one.author} as an author")
    if limits.needs_signature and not one.signed_by:
        found.append("it is not signed, and the policy counts what is signed alone")
    if one.signed_by and limits.keys is not None and one.signed_by not in limits.keys:
        found.append("it is signed by a key that the policy does not name")
    return tuple(found)


def _too_bad(finding: Finding, limits: VexLimits) -> tuple[str, ...]:
    found = []
    if finding.kind is Kind.MALICIOUS and MALICIOUS not in limits.also_clears:
        found.append("a malicious package is taken out, not talked away")
    if finding.known_exploited and EXPLOITED not in limits.also_clears:
        found.append("it is known to be exploited")
    return tuple(found)


def _latest(statements: Iterable[Statement]) -> list[Statement]:
    """Return the last of each document; several where they are of one instant and version.

    What has no date is told apart: nobody knows whether it came before what has one.
    """
    found: dict[tuple[tuple[str, str, str], bool], list[Statement]] = {}
    for one in statements:
        lineage = (one.lineage, one.at is None)
        known = found.get(lineage)
        if known is None or _age(one) > _age(known[0]):
            found[lineage] = [one]
        elif _age(one) == _age(known[0]):
            known.append(one)
    return [one for listed in found.values() for one in listed]


def _age(one: Statement) -> tuple[datetime, tuple[int, ...]]:
    numbers = (part for part in one.version.split("-")[0].split(".") if part.isascii() and part.isdecimal())
    return one.at or _LONG_AGO, tuple(int(part[:18]) for part in numbers)


def _order(one: Statement) -> tuple[int, datetime, str, str]:
    """The strictest last; of equals the latest, and then always the same one."""
    return _STRICTNESS[one.status], one.at or _LONG_AGO, one.author, one.document


def is_judged(product: Product, judged: Judgeable) -> bool:
    """Whether a product is what is judged."""
    if judged.digests.intersection(product.digests):
        return True
    said = product.package
    if said is None:
        return False
    if said.type == "oci" and said.version in judged.digests:
        return True
    return any(_is_same(said, one) for one in judged.packages)


def _is_same(said: Package, known: Package) -> bool:
    named = (said.type, said.ecosystem, said.name, said.is_source)
    return (
        named == (known.type, known.ecosystem, known.name, known.is_source)
        and said.version in {"", known.version}
        and set(said.qualifiers) <= set(known.qualifiers)
    )
