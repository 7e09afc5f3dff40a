"""How long a repair may take: CISA's table of four questions.

Rules:

1. Exposed is every reach but internal and development; what is not known counts as exposed.
2. Without a decision on record, what is known exploited counts as automatable and of total impact, the careful side;
   anything else as not automatable and of total impact, as the directive has it.
3. The clock starts when the thing was first known where it runs. "At the next upgrade" has no date.
4. What was accepted as inherited has its term from the acceptance, however long it had been known; when it was first
   known is kept beside it, and measures count from there.
5. A malicious package is due at once: it is taken out, not repaired.

Source: CISA, Binding Operational Directive 26-04, table 1; as data: CERTCC/SSVC, `cisa_bod_26_04_1_0_0`.
"""

from datetime import datetime, timedelta

from holdfast.model.finding import Finding, Kind
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Reach

NAME = "bod-26-04"
_EXPOSED = frozenset({Reach.INTERNET, Reach.UNKNOWN})


@frozen
class Term:
    """How many days a repair has; `None` is "at the next upgrade". `forensics`: look whether it was used already."""

    days: int | None
    forensics: bool = False


@frozen
class Deadline:
    """A finding's term, the instant it ends (`None` without one), and the answers it follows from, in words.

    `known_since` is when it was first known where it runs, `granted_at` when it was accepted as inherited, from which
    the term counts; `None` where it was not.
    """

    term: Term
    due_at: datetime | None
    because: tuple[str, ...]
    known_since: datetime | None = None
    granted_at: datetime | None = None

    @property
    def clock(self) -> str:
        """Since when it is known, from when the term counts and when that ends, in words."""
        said = (("known since", self.known_since), ("accepted", self.granted_at), ("due", self.due_at))
        return ", ".join(f"{word} {at:%Y-%m-%d}" for word, at in said if at is not None)


_UPGRADE, _60, _14, _3, _3_FORENSICS = Term(None), Term(60), Term(14), Term(3), Term(3, forensics=True)

# (exposed, known exploited, automatable, total impact)
TABLE: dict[tuple[bool, bool, bool, bool], Term] = {
    (False, False, False, False): _UPGRADE,
    (False, False, False, True): _UPGRADE,
    (False, False, True, False): _60,
    (False, False, True, True): _60,
    (False, True, False, False): _14,
    (False, True, False, True): _14,
    (False, True, True, False): _14,
    (False, True, True, True): _3_FORENSICS,
    (True, False, False, False): _60,
    (True, False, False, True): _14,
    (True, False, True, False): _14,
    (True, False, True, True): _3,
    (True, True, False, False): _14,
    (True, True, False, True): _3_FORENSICS,
    (True, True, True, False): _3,
    (True, True, True, True): _3_FORENSICS,
}


def find_deadline(
    finding: Finding, reach: Reach, known_since: datetime, granted_at: datetime | None = None
) -> Deadline | None:
    """Return when a repair is due; `None` for what the table does not speak of (code, secrets, licences).

    The term counts from `granted_at`, where that is given.
    """
    begins_at = granted_at or known_since
    if finding.kind is Kind.MALICIOUS:
        return Deadline(Term(0, forensics=True), begins_at, ("malicious",), known_since, granted_at)
    if finding.kind is not Kind.VULNERABILITY:
        return None
    exposed, exploited = reach in _EXPOSED, bool(finding.known_exploited)
    automatable = exploited if finding.automatable is None else finding.automatable
    total = True if finding.total_impact is None else finding.total_impact
    term = TABLE[exposed, exploited, automatable, total]
    due_at = None if term.days is None else begins_at + timedelta(days=term.days)
    because = _words(finding, reach, automatable=automatable, total=total)
    return Deadline(term, due_at, because, known_since, granted_at)


def _words(finding: Finding, reach: Reach, *, automatable: bool, total: bool) -> tuple[str, ...]:
    exposed = "exposed" if reach in _EXPOSED else "not exposed"
    guess = " (not decided)"
    return (
        exposed + (guess if reach is Reach.UNKNOWN else ""),
        ("known exploited" if finding.known_exploited else "not known exploited")
        + (guess if finding.known_exploited is None else ""),
        ("automatable" if automatable else "not automatable") + (guess if finding.automatable is None else ""),
        ("total impact" if total else "partial impact") + (guess if finding.total_impact is None else ""),
    )
