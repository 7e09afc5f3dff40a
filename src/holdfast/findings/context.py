"""What the lifecycle must be told besides the running history: advisories, and the places that were read."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from functools import partial, reduce

from holdfast.controls.versions import compare_versions
from holdfast.errors import NotFoundError
from holdfast.model.advisory import PackageState
from holdfast.model.exposure import Risk
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Reach

ComponentKey = tuple[str, str, str]
"""(ecosystem, name, version)."""
_HOPE = (
    PackageState.NOT_AFFECTED,
    PackageState.FIXED,
    PackageState.AFFECTED,
    PackageState.WILL_NOT_FIX,
    PackageState.END_OF_LIFE,
)
"""From what is well to what nobody will mend."""


@frozen
class AdvisoryFacts:
    """What is known of one alias cluster.

    `advisories` names every record in it. `disclosed_at` is the earliest publication; `None` or the year 1 is no date.
    `fixes` has the smallest untouched version per (ecosystem, name, affected version); a missing key is "no fix known".
    `withdrawn` says that every record of the cluster was withdrawn. `states` is how a distribution says that its own
    packages stand to it, by the same key.
    """

    cluster: str
    advisories: tuple[str, ...]
    disclosed_at: datetime | None = None
    summary: str = ""
    severity: float | None = None
    vector: str | None = None
    known_exploited: bool | None = None
    epss: float | None = None
    fixes: Mapping[ComponentKey, str] = field(default_factory=dict)
    withdrawn: bool = False
    states: Mapping[ComponentKey, PackageState] = field(default_factory=dict)

    def state(self, ecosystem: str, name: str, versions: tuple[str, ...]) -> PackageState | None:
        """Return the least hopeful word of a distribution about versions that run; `None` where it has none."""
        found = [one for version in versions if (one := self.states.get((ecosystem, name, version))) is not None]
        return max(found, key=_HOPE.index, default=None)

    def risk(self, ecosystem: str, name: str, versions: tuple[str, ...], reach: Reach) -> Risk:
        """Return what ranks an exposure; a fix is ready only when every running version has one: then the highest."""
        found = [self._fix((ecosystem, name, version)) for version in versions]
        fixes = [fix for fix in found if fix is not None]
        fix = reduce(partial(_higher, ecosystem), fixes) if fixes and len(fixes) == len(found) else None
        return Risk(self.severity, self.vector, self.known_exploited, self.epss, reach, fix)

    def _fix(self, key: ComponentKey) -> str | None:
        """The version that mends it; of a distribution's package only where the distribution says that one does."""
        return self.fixes.get(key) if self.states.get(key, PackageState.FIXED) is PackageState.FIXED else None


def _higher(ecosystem: str, one: str, other: str) -> str:
    return other if compare_versions(ecosystem, other, one) == 1 else one


@frozen
class Place:
    """A subject in an environment, as it was really read.

    `watched_since` is when we began to know what this subject runs there. `still_runs` says that some release of it (or
    the host) runs there now. `components` are the matchable components running there now; it may be limited to those
    that the stored exposures name, and serves to tell a fix from an advisory that no longer matches.
    """

    watched_since: datetime
    still_runs: bool = True
    team: str | None = None
    tier: int | None = None
    reach: Reach = Reach.UNKNOWN
    components: frozenset[ComponentKey] = frozenset()


@frozen
class Context:
    """Facts for one pass of `observe`.

    `advisories` by cluster; `places` by (subject id, environment). A place that is not in it was not read, and nothing
    in it is resolved. `replaced_at`, by fingerprint, is when a release that is not affected first ran after the
    affected one, where the caller knows; otherwise the end of the affected running stands for it.
    """

    org: str
    advisories: Mapping[str, AdvisoryFacts]
    places: Mapping[tuple[str, str], Place]
    replaced_at: Mapping[str, datetime] = field(default_factory=dict)

    def get_advisories(self, cluster: str) -> AdvisoryFacts:
        """Return the facts of a cluster.

        Raises:
            NotFoundError: the cluster was matched, and nobody said what it is.
        """
        facts = self.advisories.get(cluster)
        if facts is None:
            raise NotFoundError(f"no facts about the alias cluster `{cluster}`")
        return facts

    def get_place(self, subject_id: str, environment: str) -> Place:
        """Return what is known of a subject in an environment.

        Raises:
            NotFoundError: something ran there, and the place was not given.
        """
        place = self.places.get((subject_id, environment))
        if place is None:
            raise NotFoundError(f"no facts about `{subject_id}` in `{environment}`")
        return place
