"""Waivers: written, scoped, expiring acceptances of a finding. One evaluator for the terminal, the server and the
background checks.

Rules:

1. A waiver is for one finding (any id it was known by when it was signed) in one range of versions of one package in
   one service. It never reaches further.
2. It voids itself, and says why: expired, longer than the policy allows, approved by nobody or by its owner or by
   somebody who may not, known exploited since, EPSS above the bound, a fix released since, the version changed.
3. A version outside of its range is not in its scope. Where no other waiver speaks of the finding that is told, so that
   nobody has to guess why it holds no more.
4. Of a finding of several CVEs it covers the CVEs that it names, and the finding once all are covered, by one waiver or
   by several. The name of a record that names all of them names all that were known of it at signing.
5. What it covers stays visible. What can't be read waives nothing, and is told.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from holdfast.controls.versions import compare_versions
from holdfast.model.finding import Finding, Kind, list_cves
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.naming import cves_of
from holdfast.model.waiver import Waiver

JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
"""Why something is not affected, in the words of OpenVEX 0.2.0 and CISA's "Minimum Requirements for VEX"."""


@frozen
class Limits:
    """What a policy lets a waiver be. Without `approvers` anybody but its owner may approve one."""

    longest: timedelta
    epss_above: float
    approvers: frozenset[str] | None = None


@frozen
class Waived:
    """A waiver of a finding: in force, or void for these reasons."""

    waiver: Waiver
    void: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is in force."""
        return not self.void


def find_waiver(
    finding: Finding, waivers: Iterable[Waiver], *, service: str, limits: Limits, now: datetime
) -> Waived | None:
    """Return the waiver of a finding: one in force, else the one that was last signed with why it is void.

    `None` when none speaks of it, not even of another version.
    """
    named = [one for one in waivers if is_for(one, finding, service)]
    about = [one for one in named if _is_in_range(one, finding)]
    if named and not about:
        return max((Waived(one, (_version_words(one, finding),)) for one in named), key=_order)
    judged = [(Waived(one, find_void(one, finding, limits, now)), find_left(one, finding)) for one in about]
    whole = [one for one, left in judged if one.holds and not left]
    parts = [(one, left) for one, left in judged if one.holds and left]
    if not whole and parts and not frozenset.intersection(*(left for _, left in parts)):  # together they cover all
        return min((one for one, _ in parts), key=lambda one: (one.waiver.expires_at, one.waiver.id))
    said = [Waived(one.waiver, (*one.void, *left_words(left, finding))) for one, left in judged]
    return max(said, key=_order, default=None)


def _order(one: Waived) -> tuple[bool, datetime, str]:
    return one.holds, one.waiver.signed_at, one.waiver.id


def _version_words(waiver: Waiver, finding: Finding) -> str:
    bounds = " ".join(f"{operator}{version}" for operator, version in waiver.versions)
    version = finding.component.version if finding.component else ""
    return f"the version changed: it is for {bounds}, and this is {version}"


def find_left(waiver: Waiver, finding: Finding) -> frozenset[str]:
    """Return the CVEs of a finding of several that a waiver with it in scope leaves open; empty for one CVE."""
    cves = frozenset(finding.cves)
    if len(cves) < 2:
        return frozenset()
    if waiver.names.isdisjoint(finding.whole):
        return cves - waiver.names
    known = cves_of(waiver.ids)
    return cves - known if known else frozenset()


def left_words(left: frozenset[str], finding: Finding) -> tuple[str, ...]:
    """Say what a waiver leaves open; empty where that is nothing."""
    if not left:
        return ()
    whole = f", or {finding.whole[0]}" if finding.whole else ""
    return (f"it is not for {list_cves(left)}, which the finding is as well: name all of them{whole}",)


def excuses(gap: str, waivers: Iterable[Waiver], *, service: str, limits: Limits, now: datetime) -> Waiver | None:
    """Return the waiver in force of something that could not be told, by its id; `None` without one."""
    named = (one for one in waivers if one.service == service and not one.package and gap in one.ids)
    return next((one for one in named if not _find_unsound(one, limits, now)), None)


def covers(waiver: Waiver, finding: Finding, service: str) -> bool:
    """Whether a finding in a service lies in a waiver's scope, whatever else is true of it."""
    return is_for(waiver, finding, service) and _is_in_range(waiver, finding)


def _is_in_range(waiver: Waiver, finding: Finding) -> bool:
    one = finding.component
    return one is None or is_within(waiver.versions, one.ecosystem, one.version)


def is_for(waiver: Waiver, finding: Finding, service: str) -> bool:
    """Whether a waiver is for a finding of a package in a service, in whatever version."""
    signed_for = {waiver.finding} if waiver.finding else set(waiver.ids)  # a list of aliases must not cover many
    if waiver.service != service or not signed_for & set(finding.ids):
        return False
    component = finding.component
    if component is None:
        return not waiver.package
    return waiver.package == component.name and _is_of(waiver.ecosystem, component.ecosystem)


def _is_of(waived: str, ecosystem: str) -> bool:
    """Whether a waiver's ecosystem is a component's: one without a release is every release's."""
    return waived == ecosystem or waived == ecosystem.partition(":")[0]


def is_within(versions: Sequence[tuple[str, str]], ecosystem: str, version: str) -> bool:
    """Whether a version meets every bound; one that can't be compared meets none."""
    return all(_meets(operator, compare_versions(ecosystem, version, bound)) for operator, bound in versions)


def _meets(operator: str, order: int | None) -> bool:
    if order is None:
        return False
    match operator:
        case "=":
            return order == 0
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case ">=":
            return order >= 0
    return False


def find_void(waiver: Waiver, finding: Finding, limits: Limits, now: datetime) -> tuple[str, ...]:
    """Return why a waiver does not hold for a finding in its scope; empty when it does."""
    return (*_find_unsound(waiver, limits, now), *_find_news(waiver, finding, limits))


def _find_unsound(waiver: Waiver, limits: Limits, now: datetime) -> list[str]:
    """What is wrong with it by itself."""
    found = []
    if now >= waiver.expires_at:
        found.append(f"it expired at {format_instant(waiver.expires_at)}")
    if waiver.signed_at > now:
        found.append(f"it was signed at {format_instant(waiver.signed_at)}, which has not come")
    if waiver.expires_at - waiver.signed_at > limits.longest:
        found.append(f"it lasts longer than the {limits.longest.days} days that the policy allows")
    if not waiver.approved_by:
        found.append("nobody approved it")
    elif limits.approvers is not None and not waiver.approval_checked and waiver.approved_by not in limits.approvers:
        found.append(f"`{waiver.approved_by}` may not approve waivers")
    elif waiver.approved_by.strip().casefold() == waiver.owner.strip().casefold():
        found.append("its owner approved it")
    return found


def _find_news(waiver: Waiver, finding: Finding, limits: Limits) -> list[str]:
    """What is known now and was not when it was signed."""
    found = []
    if finding.kind is Kind.MALICIOUS:
        found.append("a malicious package is taken out, not waived")
    if finding.known_exploited and not waiver.known_exploited:
        found.append("it is known to be exploited since")
    if finding.epss is not None and finding.epss > limits.epss_above:
        found.append(f"its EPSS is {finding.epss * 100:.3g} %, above {limits.epss_above * 100:.3g} %")
    fixed = finding.fix.version if finding.fix else None
    if fixed is not None and waiver.fix_version is None:
        found.append(f"a fix was released since: {fixed}")
    return found
