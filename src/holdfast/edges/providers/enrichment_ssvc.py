"""SSVC decisions of CISA: exploitation, automatable, technical impact.

Two shapes are read: `{"decisions": {CVE: {"Exploitation": …, "Automatable": …, "Technical Impact": …}}}`, and the CVE
records of vulnrichment, one or a list, with `containers.adp[].metrics[].other.content.options[]`. There is no single
published file, so without a location SSVC is absent.

Source: https://github.com/cisagov/vulnrichment
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from holdfast.edges.providers.enrichment_read import PublishedList
from holdfast.errors import FeedError
from holdfast.ports.feed import EnrichmentRows

_FIELDS = {"Exploitation": "exploitation", "Automatable": "automatable", "Technical Impact": "technical_impact"}


class SsvcSource(PublishedList):
    """The decisions at a path or an address."""

    kind = "ssvc"

    def fetch(self, now: datetime) -> EnrichmentRows:
        """Read the decisions: CVE → `exploitation`, `automatable`, `technical_impact`, each a word.

        Raises:
            FeedError: not there, or neither of the two shapes.
        """
        return parse_ssvc(self.content(), self.describe(), now)


def parse_ssvc(data: bytes, source: str, now: datetime) -> EnrichmentRows:
    """Return the rows of either shape; `as_of` is `now`, for neither carries a date of the whole.

    Raises:
        FeedError: neither of the two shapes.
    """
    try:
        content: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FeedError(f"expected SSVC decisions as JSON: {error}", where=source) from None
    decisions = content.get("decisions") if isinstance(content, dict) else None
    pairs = decisions.items() if isinstance(decisions, dict) else _of_records(content)
    rows = {cve: fields for cve, options in pairs if (fields := _fields(options)) and str(cve).startswith("CVE-")}
    if not rows:
        raise FeedError("expected SSVC decisions, found none", where=source)
    return EnrichmentRows("ssvc", rows, now, source)


def _fields(options: object) -> dict[str, object]:
    if not isinstance(options, dict):
        return {}
    return {ours: str(options[theirs]).lower() for theirs, ours in _FIELDS.items() if options.get(theirs) is not None}


def _of_records(content: object) -> Iterator[tuple[str, dict[str, object]]]:
    for record in content if isinstance(content, list) else [content]:
        if not isinstance(record, dict):
            continue
        cve = _at(record, "cveMetadata", "cveId")
        for part in _items(_at(record, "containers", "adp")):
            for metric in _items(_at(part, "metrics")):
                options = _items(_at(metric, "other", "content", "options"))
                merged = {key: value for option in options if isinstance(option, dict) for key, value in option.items()}
                if isinstance(cve, str) and merged:
                    yield cve, merged


def _at(value: object, *path: str) -> object:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
