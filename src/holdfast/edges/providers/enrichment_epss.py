"""EPSS: the probability that a CVE is exploited within 30 days, a row each.

The file begins with a comment, `#model_version:…,score_date:…`, then `cve,epss,percentile`.

Source: https://www.first.org/epss/data_stats
"""

from datetime import datetime

from holdfast.edges.providers.enrichment_read import PublishedList
from holdfast.errors import FeedError, UsageError
from holdfast.model.instant import parse_instant
from holdfast.ports.feed import EnrichmentRows

PUBLISHED = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"


class EpssSource(PublishedList):
    """The scores at a path or an address, gzipped or plain."""

    kind = "epss"

    def __init__(self, location: str = PUBLISHED) -> None:
        super().__init__(location)

    def fetch(self, now: datetime) -> EnrichmentRows:
        """Read the scores: CVE → `epss` (0 to 1) and `percentile`.

        Raises:
            FeedError: not there, or no such file.
        """
        return parse_epss(self.content(), self.describe(), now)


def parse_epss(data: bytes, source: str, now: datetime) -> EnrichmentRows:
    """Return the rows of the CSV; `as_of` is its `score_date`, else `now`.

    Raises:
        FeedError: a line is not `cve,epss,percentile`; names the line.
    """
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise FeedError("expected EPSS scores as UTF-8", where=source) from None
    as_of = now
    rows: dict[str, dict[str, object]] = {}
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            as_of = _score_date(line) or as_of
        elif line.strip() and not line.startswith("cve,"):
            cve, scores = _row(line, f"{source}:{number}")
            rows[cve] = scores
    if not rows:
        raise FeedError("expected EPSS scores, found none", where=source)
    return EnrichmentRows("epss", rows, as_of, source)


def _row(line: str, where: str) -> tuple[str, dict[str, object]]:
    parts = line.split(",")
    try:
        score = float(parts[1])
        percentile = float(parts[2]) if len(parts) > 2 else None
    except (IndexError, ValueError):
        raise FeedError(f"expected `cve,epss,percentile`, got `{line[:80]}`", where=where) from None
    if not parts[0].startswith("CVE-") or not 0.0 <= score <= 1.0:
        raise FeedError(f"expected a CVE and a probability, got `{line[:80]}`", where=where)
    return parts[0], {"epss": score, "percentile": percentile}


def _score_date(comment: str) -> datetime | None:
    _, found, text = comment.partition("score_date:")
    try:
        return parse_instant(text.split(",")[0].replace("+0000", "+00:00")) if found else None
    except UsageError:
        return None
