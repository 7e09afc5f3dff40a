"""What a comparison of reports says: the standings, the reasons, and their words."""

from collections.abc import Sequence
from enum import StrEnum

from holdfast.model.advisory import Pairwise
from holdfast.model.frozen import frozen

REPORTS = ("grype", "osv_scanner", "trivy")
"""Formats of reports that are compared: those of tools that hold packages against advisories."""
_SHOWN = 4


class Standing(StrEnum):
    """On which side a finding stands, in the order of the rows."""

    ONLY_THEIRS = "only theirs"
    ONLY_OURS = "only ours"
    UNKNOWN = "unknown"
    SAME = "same"


class Reason(StrEnum):
    """Why it stands there."""

    ID = "id"
    ALIAS = "alias"
    NOTICE = "notice"
    SUPPRESSED = "suppressed"
    OTHER_KIND = "other-kind"
    NO_PACKAGE = "no-package"
    NOT_COMPOSED = "not-composed"
    OTHER_VERSION = "other-version"
    ECOSYSTEM = "ecosystem"
    NAMED_ONLY = "named-only"
    OWNED = "owned"
    UNJUDGED = "unjudged"
    UNDECIDED = "undecided"
    RANGE = "range"
    SPELLING = "spelling"
    ELSEWHERE = "elsewhere"
    NO_RECORD = "no-record"
    BY_RANGE = "by-range"
    BEFORE_ZERO = "before-zero"
    ODD_LIST = "odd-list"
    ODD_VERSION = "odd-version"
    NAMED_FIXED = "named-fixed"
    OPEN_RANGE = "open-range"
    NOT_HELD = "not-held"
    DEVELOPMENT = "development"
    INDIRECT = "indirect"
    SPELLINGS = "spellings"
    NOT_LISTED = "not-listed"
    THEIR_VERSION = "their-version"
    UNNAMED = "unnamed"
    LEFT = "left"
    UNLISTED = "unlisted"


WORDS = {
    Reason.ID: "the same id",
    Reason.ALIAS: "two ids of one thing",
    Reason.NOTICE: "a notice that mends it, perhaps among others",
    Reason.SUPPRESSED: "they found it, and a rule or document of theirs took it out",
    Reason.OTHER_KIND: "no matter of a package's advisories",
    Reason.NO_PACKAGE: "their entry names no package that could be read",
    Reason.NOT_COMPOSED: "the package is not in our composition",
    Reason.OTHER_VERSION: "our composition has the package at another version",
    Reason.ECOSYSTEM: "the ecosystem is not covered: its versions can't be compared yet",
    Reason.NAMED_ONLY: "it does not come from a registry: named, not matched",
    Reason.OWNED: "it came with the distribution's package, which is judged instead",
    Reason.UNJUDGED: "we could not judge the component",
    Reason.UNDECIDED: "our record does not tell whether it affects this version",
    Reason.RANGE: "range source: our record does not affect this version",
    Reason.SPELLING: "our record is on a package in other letters, which is another one in this ecosystem",
    Reason.ELSEWHERE: "our record of it is withdrawn, or gives no versions of a package of this very name",
    Reason.NO_RECORD: "no record of ours on this package has any of its ids",
    Reason.BY_RANGE: "range source: our record affects the version by its range alone, no list of versions names it",
    Reason.BEFORE_ZERO: "range source: the version comes before 0.0.0, our record begins before all, theirs may not",
    Reason.ODD_LIST: "range source: our record lists versions that are none here, and their reader may refuse it whole",
    Reason.ODD_VERSION: "range source: the version is none by the rules of its ecosystem, and they may not judge it",
    Reason.NAMED_FIXED: "range source: one range of our record ends at this very version, and another one holds it",
    Reason.OPEN_RANGE: "range source: our record knows no end of it for this package, theirs may",
    Reason.NOT_HELD: "use: of a compiled program they may count what it holds of the package, we count the package",
    Reason.DEVELOPMENT: "it is for development alone, which they may leave out",
    Reason.INDIRECT: "`go.mod` names it as indirect, which they may leave out where it is of before Go 1.17",
    Reason.SPELLINGS: "they list nothing on the package: known to them by another of its spellings, not seen, or free",
    Reason.NOT_LISTED: "range source, alias or use: they list the package, and nothing under any id of ours",
    Reason.THEIR_VERSION: "they list the package at another version",
    Reason.UNNAMED: "they name it on a package that could not be read",
    Reason.LEFT: "they list nothing on the package, which came with the distribution's: left to that, or not seen",
    Reason.UNLISTED: "they list nothing on the package: not seen, or found free of it",
}
_DETAILS = {
    Reason.OTHER_VERSION: "ours: ",
    Reason.RANGE: "ours: ",
    Reason.BY_RANGE: "ours: ",
    Reason.ODD_LIST: "ours: ",
    Reason.OPEN_RANGE: "ours: ",
    Reason.NOT_LISTED: "ours: ",
    Reason.THEIR_VERSION: "theirs: ",
    Reason.NO_RECORD: "our newest record: ",
}


@frozen
class CompareRow:
    """One finding of either side, or of both.

    `ours` are our records, `theirs` is the id that they give it; empty where a side has none. `package`, `ecosystem`
    and `version` are as the side writes them that has it, theirs where both do; empty for what is about no package.
    `detail` is what the reason rests on; `fixed_in` are versions as they write them.
    """

    standing: Standing
    reason: Reason
    ecosystem: str
    package: str
    version: str
    ours: tuple[str, ...]
    theirs: str
    detail: str = ""
    fixed_in: tuple[str, ...] = ()

    @property
    def because(self) -> str:
        """The reason in words, with what it rests on."""
        parts = [f"{_DETAILS.get(self.reason, '')}{self.detail}"] if self.detail else []
        if self.reason is Reason.RANGE:
            parts.append(f"theirs: fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "theirs: no fix named")
        return f"{WORDS[self.reason]} ({'; '.join(parts)})" if parts else WORDS[self.reason]


def range_words(entries: Sequence[Pairwise]) -> str:
    """Return the ranges and versions of records in words, the first few of them."""
    found = dict.fromkeys(words for entry in entries for words in _entry_words(entry) if words)
    return ", ".join(list(found)[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")


def _entry_words(entry: Pairwise) -> list[str]:
    if entry.range is None:
        return list(entry.versions)
    return [" ".join(f"{event.kind.replace('_', ' ')} {event.version}" for event in entry.range.events)]
