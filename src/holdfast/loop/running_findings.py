"""What runs, as the findings that a gate would see: what documents and waivers are asked about."""

from collections.abc import Iterable

from holdfast.loop.scan_findings import MALICIOUS
from holdfast.loop.store_lookup import StoreLookup
from holdfast.model.component import Component, Occurrence
from holdfast.model.exposure import Exposure, Risk
from holdfast.model.finding import Finding, Kind
from holdfast.model.fix import Fix
from holdfast.model.naming import cves_of
from holdfast.model.purl import find_distribution
from holdfast.ports.lookup import RecordFacts
from holdfast.ports.store import Transaction


class RunningFindings:
    """Exposures as findings; what is known of the records of all that will be asked about is read once."""

    def __init__(self, tx: Transaction, exposures: Iterable[Exposure]) -> None:
        names = {name for one in exposures for name in one.advisories}
        self._facts = StoreLookup(tx).facts(sorted(names)) if names else {}

    def names(self, exposure: Exposure) -> frozenset[str]:
        """Return all names by which somebody may speak of an exposure: its own, and the CVEs of what it mends."""
        return frozenset((*exposure.advisories, *_mends(self._about(exposure))))

    def of(self, exposure: Exposure, component: Component, risk: Risk) -> Finding:
        """Return the finding of a component that runs; `risk` is that of its version."""
        about = self._about(exposure)
        malicious = next((name for name in exposure.advisories if name.startswith(MALICIOUS)), None)
        return Finding(
            Kind.MALICIOUS if malicious else Kind.VULNERABILITY,
            malicious or exposure.advisories[0],
            exposure.advisories,
            known_exploited=risk.known_exploited or any(one.known_exploited for one in about),
            epss=risk.epss,
            occurrence=Occurrence(component, ()),
            fix=Fix(risk.fix_version, component.name, None, None) if risk.fix_version else None,
            whole=tuple(sorted({name for one in about for name in one.whole})),
            mends=_mends(about),
        )

    def _about(self, exposure: Exposure) -> list[RecordFacts]:
        return [self._facts[name] for name in exposure.advisories if name in self._facts]


def may_be_notice(exposure: Exposure) -> bool:
    """Whether it may be of a distribution's notice of several CVEs, which goes by none of them."""
    is_built = find_distribution(exposure.ecosystem.partition(":")[0]) is not None
    return is_built and not cves_of(exposure.advisories)


def _mends(about: Iterable[RecordFacts]) -> tuple[str, ...]:
    return tuple(sorted({name for one in about for name in one.mends}))
