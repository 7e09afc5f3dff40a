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


_NAMES = {"cve": "cveID", "added": "dateAdded", "ransomware": "knownRansomwareCampaignUse", "released": "dateReleased"}


class _Entry(msgspec.Struct, rename=_NAMES):
    """What we use of an entry: reading all of it would take twice as long."""

    cve: Any = None
    added: Any = ""
    ransomware: Any = None


class _Catalog(msgspec.Struct, rename=_NAMES):
    vulnerabilities: list[_Entry]
    released: Any = None


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
        catalog = msgspec.json.decode(data, type=_Catalog)
    except msgspec.ValidationError as error:
        raise FeedError(f"expected the KEV catalog: {error}", where=source) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FeedError(f"expected the KEV catalog as JSON: {error}", where=source) from None
    rows: dict[str, dict[str, object]] = {}
    for number, entry in enumerate(catalog.vulnerabilities):
        cve = entry.cve
        if not isinstance(cve, str) or not cve.startswith("CVE-"):
            raise FeedError(f"vulnerabilities[{number}] has no `cveID`", where=source)
        rows[cve] = {"added": str(entry.added), "ransomware": entry.ransomware == "Known"}
    return EnrichmentRows("kev", rows, _released(catalog.released, source, now), source)


def _released(text: object, source: str, now: datetime) -> datetime:
    if not isinstance(text, str):
        return now
    try:
        return parse_instant(text, where=source)
    except UsageError:  # a date that is odd says nothing against the entries
        return now
