"""A scan as one side of a decision."""

from dataclasses import replace
from datetime import date

from holdfast.gate.levels import Levels
from holdfast.gate.policy_read import read_policy
from holdfast.gate.sides import under
from holdfast.loop.gate_side import find_vanished, side_of
from holdfast.loop.scan import ScanReport, Unjudged
from holdfast.loop.scan_findings import ScanFinding
from holdfast.model.component import Component, Location, Occurrence, Sbom, Source, Unparsed
from holdfast.model.finding import Kind


def occurrence(name: str, file: str = "package-lock.json", **fields: object) -> Occurrence:
    return Occurrence(Component("npm", name, "1.0.0"), (Location(file, 3),), **fields)  # type: ignore[arg-type]


def report(*occurrences: Occurrence, files: tuple[str, ...] = ("package-lock.json",)) -> ScanReport:
    return ScanReport(Sbom(occurrences, tuple((file, "package_lock_json", 1) for file in files)), (), (), ())


def levels(text: str = "min_score: {default: 0}") -> Levels:
    return Levels([read_policy(text.encode(), file="p.yaml")])


def found(*members: str) -> ScanFinding:
    return ScanFinding(members[0], members, "pkg:npm/a@1.0.0", occurrence("a"), None, None, None, "high")


def test_a_record_of_a_malicious_package_is_a_kind_of_its_own() -> None:
    one, other = side_of(replace(report(), findings=(found("GHSA-1", "MAL-2026-1"), found("GHSA-2")))).findings
    assert (one.kind, one.id, one.ids) == (Kind.MALICIOUS, "MAL-2026-1", ("GHSA-1", "MAL-2026-1"))
    assert other.kind is Kind.VULNERABILITY


def test_gaps_are_recognized_without_their_line() -> None:
    def gaps(line: int) -> list[str]:
        sbom = Sbom((), (), (Unparsed("requirements.txt", line, "not pinned: `desk`"),))
        return [gap.id for gap in under(side_of(ScanReport(sbom, (), (), ())), levels()).gaps]

    assert gaps(3) == gaps(9) == ["unread:requirements.txt:not pinned: `desk`"]


def test_what_a_policy_declares_private_is_no_gap() -> None:
    scan = replace(
        report(), unjudged=(Unjudged(occurrence("@acme/x"), "no feed"), Unjudged(occurrence("y"), "no feed"))
    )
    assert len(under(side_of(scan), levels()).gaps) == 2
    (gap,) = under(side_of(scan), levels("private: ['npm:@acme/*']")).gaps
    assert gap.id == "unjudged:npm:y:1.0.0"


def test_a_file_that_vanished_with_packages_that_nobody_names_now_is_a_gap() -> None:
    base = report(occurrence("a"), occurrence("b", "lib/package-lock.json"),
                  files=("package-lock.json", "lib/package-lock.json"))  # fmt: skip
    assert find_vanished(base, base) == ()
    (gap,) = find_vanished(report(occurrence("a")), base)
    assert (gap.id, gap.because) == (
        "vanished:lib/package-lock.json",
        "a dependency file vanished, and 1 of its packages are read nowhere else",
    )
    assert find_vanished(report(occurrence("a"), occurrence("b")), base) == ()
    broken = replace(report(occurrence("a")).sbom, unparsed=(Unparsed("lib/package-lock.json", 1, "not JSON"),))
    assert find_vanished(ScanReport(broken, (), (), ()), base) == ()  # that it can't be read is a gap already


def test_licences_are_findings_where_a_policy_speaks_of_them() -> None:
    scan = report(occurrence("a", licenses=("MIT",)), occurrence("b", licenses=("AGPL-3.0-only",)), occurrence("c"))
    assert under(side_of(scan), levels()).findings == ()
    rules = levels("licenses: {block: [AGPL-3.0-only], unknown: warn}")
    assert [(one.kind, one.id) for one in under(side_of(scan), rules).findings] == [
        (Kind.LICENSE, "AGPL-3.0-only"),
        (Kind.LICENSE, "NOASSERTION"),
    ]
    own = Occurrence(Component("npm", "own", "1", Source.PATH), ())
    assert under(side_of(report(own)), rules).findings == ()


def test_a_distribution_past_its_end_of_life_is_one_finding() -> None:
    scan = replace(report(), ended=(("Debian:10", date(2024, 6, 30)),))
    (one,) = under(side_of(scan), levels()).findings
    assert (one.kind, one.id, one.keys) == (
        Kind.END_OF_LIFE,
        "EOL-Debian:10",
        frozenset({("end-of-life", "1:Debian:10")}),
    )
    assert "2024-06-30" in one.title
