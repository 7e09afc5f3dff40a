"""Other people's implementations of version order, and where they are known to be wrong.

A known difference is a precise predicate on a pair, with the reason; each has a pair that shows it, and a pair that no
longer does takes the entry off this table.

Ruby and dpkg are asked themselves where they are installed (`test_rubygems.py`, `test_dpkg.py`); what Maven, Composer,
RubyGems and rpm said is kept in `said/`. Nobody else's order of Pub, CRAN, Hackage and Hex is at hand in Python.
"""

import re
from collections.abc import Callable
from typing import Any

from debian_inspector.version import Version as DebianInspectorVersion
from packaging.version import Version as PackagingVersion
from semver import Version as SemverVersion
from univers import versions as univers

from holdfast.model.frozen import frozen

_PLAIN = re.compile(r"v?[0-9]+(?:\.[0-9]+){0,2}")


@frozen
class Difference:
    """Pairs that an oracle puts in another order than we do: why, which ones, and one of them."""

    because: str
    covers: Callable[[str, str], bool]
    example: tuple[str, str]


@frozen
class Oracle:
    """`parse` gives values that compare with `<` and `>`, or raises for what it does not read."""

    ecosystem: str
    name: str
    parse: Callable[[str], Any]
    pieces: str
    """What generated versions are made of, after a number, between blanks."""
    differences: tuple[Difference, ...] = ()


def _either(pattern: str) -> Callable[[str, str], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda a, b: bool(compiled.search(a) or compiled.search(b))


def _without_zero_revision(version: str) -> str:
    return re.sub(r"-r0+\Z", "", version)


MAVEN = (
    Difference(
        "it is Maven before 3.9, to which `release` is a word like any other", _either("release"), ("1.RELEASE", "1")
    ),
    Difference(
        "Maven 3.9 puts text after a dot into a list of its own (MNG-7644); it does not",
        _either(r"\.[a-z]+(?=[0-9]|\Z)"),
        ("1.0b", "1.00.sp"),
    ),
    Difference(
        "Maven 3.9 compares the whole of a list with null (MNG-6964), it the first item alone",
        _either(r"(?:\A|[-a-z])(?:0*\.|-|0+(?:[-a-z]|\Z))|-0*(?:[-.]|\Z)"),
        ("1", "1.0-.10x"),
    ),
    Difference("it does not take a null off the list before an empty list", _either("(?:ga|final)-"), ("1ga-", "1a")),
)
COMPOSER = (
    Difference(
        "it reads a stability as the pre-release of a semantic version: `p1` precedes the release, `RC` the letter `a`,"
        " `beta10` comes before `beta2`, and a fourth number is none",
        lambda a, b: not (_PLAIN.fullmatch(a) and _PLAIN.fullmatch(b)),
        ("1", "1-p1"),
    ),
)
ALPINE = (
    Difference(
        "it takes a missing revision for `-r0`, as Gentoo does; apk puts it before",
        lambda a, b: a != b and _without_zero_revision(a) == _without_zero_revision(b),
        ("1.0", "1.0-r0"),
    ),
)
RPM = (
    Difference(
        "it takes a missing release for an empty one; `rpm.vercmp` of rpm 4.18 puts it before",
        lambda a, b: ("-" in a) != ("-" in b),
        ("1", "1-"),
    ),
    Difference(
        "it cuts at the first dash, and drops an empty release; rpm cuts at the last dash",
        _either(r"-.*-|-\Z"),
        ("1.0-1", "1-110~-"),
    ),
)
ORACLES = (
    Oracle("PyPI", "packaging", PackagingVersion, "0 1 2 10 . . a b1 rc .post .dev1 +l - 1!"),
    Oracle("PyPI", "univers", univers.PypiVersion, "0 1 2 10 . . a b1 rc .post .dev1 +l -"),
    Oracle("Maven", "univers", univers.MavenVersion, "0 1 2 10 . - . - a alpha b rc cr ga final release sp x", MAVEN),
    Oracle("NuGet", "univers", univers.NugetVersion, ".0 .1 .10 -a -B rc .1 +b -1"),
    Oracle("RubyGems", "univers", univers.RubygemsVersion, "0 .0 1 .2 .10 . - .a rc .pre .B"),
    Oracle("Packagist", "univers", univers.ComposerVersion, ".0 .1 .2 .10 -alpha -beta2 RC1 -p1 -dev", COMPOSER),
    Oracle(
        "Alpine", "univers", univers.AlpineLinuxVersion, ".0 .1 .05 .10 a b _alpha _pre2 _rc1 _p1 _git0 -r0 -r1", ALPINE
    ),
    Oracle("Debian", "univers", univers.DebianVersion, "0 1 10 . ~ + a - b"),
    Oracle("Debian", "debian-inspector", DebianInspectorVersion.from_string, "0 1 10 . ~ + a - b"),
    Oracle("AlmaLinux", "univers", univers.RpmVersion, "0 1 10 . ~ ^ a - _ b", RPM),
    Oracle("npm", "univers", univers.SemverVersion, ".0 .1 .10 -a -1 -rc.1 .b +x"),
    Oracle("npm", "semver", SemverVersion.parse, ".0 .1 .10 -a -1 -rc.1 .b +x"),
    Oracle("crates.io", "semver", SemverVersion.parse, ".0 .1 .10 -a -1 -rc.1 .b +x"),
    Oracle("Go", "univers", univers.GolangVersion, ".0 .1 .10 -a -1 -rc.1 .b +incompatible"),
    Oracle("ConanCenter", "univers", univers.ConanVersion, "0 1 10 . . a - + rc"),
)
