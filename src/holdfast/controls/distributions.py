"""What the records of distributions say beside ranges, and of which release.

Rules:

1. A distribution that splits one release into products or repositories is read as the release: whoever has it may have
   any of them. What is of a paid extension of the release is not sure, and matches with low confidence.
2. A product with packages of its own (`Ubuntu:Pro:FIPS…`, Red Hat's layered products) stays what it is, and matches
   nothing that is installed from the release.
3. A record that speaks of one CVE, as its own id or its `upstream` tells, is that CVE under another name. A notice of
   several is none of them, whatever its `aliases` say, and is exploited where one of them is.
4. Silence says nothing: without a word of the distribution, ranges alone count.

Source: https://ossf.github.io/osv-schema/#affectedpackage-field, the records themselves; Debian's security tracker,
"Severity levels"; docs/reference/versions.md lists what is read for which distribution.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from holdfast.controls.advisory_ranges import is_never
from holdfast.controls.versions import compare_versions
from holdfast.model.advisory import Advisory, Affected, PackageState, Range
from holdfast.model.purl import find_distribution

_RED_HAT = re.compile(r"Red Hat:(enterprise_linux|rhel_(?:eus|aus|tus|e4s|els)(?:_long_life)?):(\d+)(?:[.:]|\Z)")
_SUSE = re.compile(
    r"SUSE:Linux Enterprise (?P<of>.+?) (?P<major>\d+)(?:\.(?P<minor>\d+)| SP(?P<pack>\d+))?(?P<more>[- ].+)?"
)
_UBUNTU_PRO = re.compile(r"Ubuntu:Pro:(\d+\.\d+)(?::LTS)?")
_CVE = re.compile(r"CVE-\d{4}-\d+\Z")
_ONE_EACH = ("CGA-",)
"""Records of these are each of one vulnerability in one package, whatever their ids say."""
SPOKEN_OF = frozenset({"Debian"})
"""Distributions whose records say what gets no fix."""
_URGENCIES = {"unimportant": PackageState.WILL_NOT_FIX, "end-of-life": PackageState.END_OF_LIFE}


@lru_cache(maxsize=1024)
def release_of(ecosystem: str) -> tuple[str, bool]:
    """Return the release that an ecosystem of OSV is of, as an inventory names it, and whether that is sure.

    `Red Hat:enterprise_linux:9::baseos` is of `Red Hat:9`, and surely; `Red Hat:rhel_eus:9.2::baseos` perhaps.
    """
    if match := _RED_HAT.match(ecosystem):
        return f"Red Hat:{match[2]}", match[1] == "enterprise_linux"
    if match := _SUSE.fullmatch(ecosystem):
        return _suse(match, ecosystem)
    if match := _UBUNTU_PRO.fullmatch(ecosystem):
        return f"Ubuntu:{match[1]}", True
    return ecosystem.removesuffix(":LTS"), True


def _suse(match: re.Match[str], ecosystem: str) -> tuple[str, bool]:
    product, pack = match["of"], match["pack"] or match["minor"] or "0"
    if product.startswith("Micro"):  # a system of its own, with versions of its own
        return ecosystem, True
    release = f"SUSE:Linux Enterprise Server {match['major']}" + (f" SP{pack}" if pack.strip("0") else "")
    return release, (product == "Server" or product.startswith("Module for ")) and not match["more"]


def said_of(ecosystem: str, specific: object, ranges: Sequence[Range]) -> PackageState | None:
    """Return what a distribution says of a package beside its ranges; `specific` is `ecosystem_specific`, unchecked.

    Debian's `urgency` counts only where there is no fix: one that came in spite of it is a fix.
    """
    if _is_never(ranges) and find_distribution(ecosystem.partition(":")[0]) is not None:
        return PackageState.NOT_AFFECTED
    if ecosystem.partition(":")[0] not in SPOKEN_OF or not isinstance(specific, Mapping) or _has_fix(ranges):
        return None
    urgency = specific.get("urgency")
    return _URGENCIES.get(urgency.strip("* ").lower()) if isinstance(urgency, str) else None


def _is_never(ranges: Sequence[Range]) -> bool:
    """Whether there are ranges, and each says `not affected`."""
    versions = [one for one in ranges if one.type != "GIT"]
    return bool(versions) and all(is_never(one) for one in versions)


def _has_fix(ranges: Sequence[Range]) -> bool:
    return any(event.kind == "fixed" for one in ranges for event in one.events)


def without_open_doubles(affected: Sequence[Affected]) -> tuple[Affected, ...]:
    """Leave out what says `no fix` of an Ubuntu package that the same record has a fix of for the same release.

    Ubuntu names a release twice where the fix is in Ubuntu Pro alone; a machine that has that fix is not affected. What
    it lists of versions that everybody gets, and that sort after that fix without having it, stays.
    """
    fixes: dict[tuple[str, str], list[str]] = {}
    for one in affected:
        if one.ecosystem.startswith("Ubuntu:") and _has_fix(one.ranges):
            ends = [event.version for part in one.ranges for event in part.events if event.kind == "fixed"]
            fixes.setdefault((one.ecosystem, one.name), []).extend(ends)
    out = []
    for one in affected:
        ends = [] if _has_fix(one.ranges) else fixes.get((one.ecosystem, one.name), [])
        later = tuple(version for version in one.versions if _is_after(one.ecosystem, version, ends))
        if not ends:
            out.append(one)
        elif later:
            out.append(replace(one, ranges=(), versions=later))
    return tuple(out)


def _is_after(ecosystem: str, version: str, fixes: Sequence[str]) -> bool:
    """Whether a version that everybody gets sorts after every fix of those who pay."""
    return "esm" not in version and all(compare_versions(ecosystem, version, fix) == 1 for fix in fixes)


def other_names(identifier: str, upstream: Sequence[str]) -> tuple[str, ...]:
    """Return the further names of a record that is about one CVE alone: `DEBIAN-CVE-2024-1` is `CVE-2024-1`."""
    cves = [one for one in upstream if _CVE.match(one)]
    if identifier.startswith(_ONE_EACH):
        return tuple(upstream) if len(set(cves)) == 1 else ()
    return tuple(one for one in cves if identifier.endswith(f"-{one}"))[:1]


def without_several_cves(advisory: Advisory) -> Advisory:
    """Make `upstream` of the aliases of a distribution's notice that name several CVEs: they are not one vulnerability.

    As aliases they would join the clusters of CVEs that have nothing in common, and what is accepted of one would be of
    all.
    """
    cves = {one for one in (advisory.id, *advisory.aliases) if _CVE.match(one)}
    if len(cves) < 2 or not advisory.affected:
        return advisory
    if not all(find_distribution(one.ecosystem.partition(":")[0]) for one in advisory.affected):
        return advisory
    return replace(advisory, aliases=(), upstream=tuple(dict.fromkeys((*advisory.upstream, *advisory.aliases))))


def mended_cves(advisory: Advisory) -> tuple[str, ...]:
    """Return the CVEs that a distribution's notice mends, sorted; none for a record that is a CVE by another name.

    They are its `upstream`, and where that is empty its `related`: what is known of them is known of the notice.
    """
    if any(_CVE.match(one) for one in (advisory.id, *advisory.aliases)):
        return ()
    if not any(find_distribution(one.ecosystem.partition(":")[0]) for one in advisory.affected):
        return ()
    return tuple(sorted({one for one in advisory.upstream or advisory.related if _CVE.match(one)}))


def no_fix_words(state: PackageState, ecosystem: str) -> str:
    """Say why there is no fix: `Debian will not fix it`; empty where nobody said."""
    who = ecosystem.partition(":")[0] or "its distribution"
    if state is PackageState.WILL_NOT_FIX:
        return f"{who} will not fix it"
    return f"{who} maintains it no more" if state is PackageState.END_OF_LIFE else ""


def count_words(found: Iterable[tuple[PackageState, str]]) -> str:
    """Say of how many (state, ecosystem) there will be no fix: `3 that Debian will not fix`; empty for none."""
    counts = Counter(no_fix_words(state, ecosystem).replace(" it", "", 1) for state, ecosystem in found)
    return ", ".join(f"{counts[words]} that {words}" for words in sorted(counts) if words)
