"""CISA's catalog of known exploited vulnerabilities.

Source: https://www.cisa.gov/known-exploited-vulnerabilities-catalog
"""

from datetime import datetime
from typing import Any

import msgspec

from holdfast.edges.providers.enrichment_read import PublishedList
from holdfast.errors import FeedError, UsageError
from holdfast.model.instant import parse_instant
from holdfast.ports.feed import EnrichmentRows

PUBLISHED = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"


class KevSource(PublishedList):
    """The catalog at a path or an address."""

    kind = "kev"

    def __init__(self, location: str = PUBLISHED) -> None:
        super().__init__(location)

    def fetch(self, now: datetime) -> EnrichmentRows:
        """Read the catalog: CVE → when it was added, and whether ransomware is known to use it.

        Raises:
            FeedError: not there, or no such catalog.
        """
        return parse_kev(self.content(), self.describe(), now)


def parse_kev(data: bytes, source: str, now: datetime) -> EnrichmentRows:
    """Return the rows of a catalog's JSON; `as_of` is its `dateReleased`, else `now`.

    Raises:
        FeedError: no such catalog. An entry without a CVE refuses it: a list that is half read is silence.
    """
    try:
        catalog: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FeedError(f"expected the KEV catalog as JSON: {error}", where=source) from None
    entries = catalog.get("vulnerabilities") if isinstance(catalog, dict) else None
    if not isinstance(entries, list):
        raise FeedError("expected the KEV catalog, found no `vulnerabilities`", where=source)
    rows: dict[str, dict[str, object]] = {}
    for number, entry in enumerate(entries):
        cve = entry.get("cveID") if isinstance(entry, dict) else None
        if not isinstance(cve, str) or not cve.startswith("CVE-"):
            raise FeedError(f"vulnerabilities[{number}] has no `cveID`", where=source)
        ransomware = entry.get("knownRansomwareCampaignUse") == "Known"
        rows[cve] = {"added": str(entry.get("dateAdded", "")), "ransomware": ransomware}
    return EnrichmentRows("kev", rows, _released(catalog, source, now), source)


def _released(catalog: dict[str, Any], source: str, now: datetime) -> datetime:
    text = catalog.get("dateReleased")
    if not isinstance(text, str):
        return now
    try:
        return parse_instant(text, where=source)
    except UsageError:  # a date that is odd says nothing against the entries
        return now
