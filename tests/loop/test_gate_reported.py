"""Other tools' reports among our findings: seen twice is one, and what moved is the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from holdfast.errors import FactError
from holdfast.gate.sides import Side
from holdfast.loop.gate_reported import Sources, add_reports
from holdfast.model.advisory import Severity
from holdfast.model.component import Component, Location, Occurrence, Sbom, Unparsed
from holdfast.model.finding import Finding, Kind
from holdfast.model.reported import Report, ReportedFinding

LAMP = Component("PyPI", "lamp", "1.0")


@dataclass(frozen=True)
class Texts:
    """A tree of a few files."""

    files: Mapping[str, str]

    def walk(self) -> Iterator[str]:
        yield from sorted(self.files)

    def read(self, path: str, limit_bytes: int) -> bytes:
        if path not in self.files:
            raise FactError("no such file", where=path)
        return self.files[path].encode()

    def read_part(self, path: str, start: int, count: int) -> bytes:
        return self.read(path, 1 << 20)[start : start + count]


def code(line: int, rule: str = "S608", tool: str = "bandit", **fields: object) -> ReportedFinding:
    one = ReportedFinding(tool, Kind.CODE, rule, locations=(Location("app.py", line),), level="high", message="m")
    return replace(one, **fields)  # type: ignore[arg-type]


def package(tool: str, name: str, *aliases: str) -> ReportedFinding:
    severity = Severity(8.1, None)
    return ReportedFinding(
        tool, Kind.VULNERABILITY, name, aliases, LAMP, (Location("r.txt", 1),), severity, fixed_in=("2.0",)
    )


def report(*findings: ReportedFinding, tool: str = "bandit", unparsed: tuple[Unparsed, ...] = ()) -> Report:
    return Report("sarif", tool, "1", findings, unparsed)


def both(
    *reports: Report,
    head: str = "x = 1\nrun(sql)\n",
    base: str | None = None,
    sbom: Sbom | None = None,
    ours: Side | None = None,
) -> tuple[Side, Side | None]:
    before = Texts({"app.py": base}) if base is not None else None
    known = Side(()) if base is not None or sbom is not None else None
    return add_reports(ours or Side(()), known, reports, Sources(Texts({"app.py": head}), before, sbom))


def new(head: Side, base: Side | None) -> list[Finding]:
    old = {key for one in base.findings for key in one.keys} if base else set()
    return [one for one in head.findings if not one.keys & old]


def test_a_packages_finding_that_shares_an_id_with_ours_is_ours() -> None:
    ours = Finding(Kind.VULNERABILITY, "PYSEC-1", ("CVE-1", "PYSEC-1"), occurrence=Occurrence(LAMP, ()))
    head, _ = both(
        report(package("grype", "GHSA-1", "CVE-1"), tool="grype"), report(package("trivy", "CVE-1")), ours=Side((ours,))
    )
    (one,) = head.findings
    assert (one.id, one.ids, one.tools) == ("PYSEC-1", ("CVE-1", "GHSA-1", "PYSEC-1"), ("holdfast", "grype", "trivy"))
    assert one.fix is not None
    assert one.score == 8.1


SEDGE = Component("AlmaLinux:9", "sedge", "1.0-1.el9")


def built(tool: str, name: str, *aliases: str, score: float = 8.1) -> ReportedFinding:
    return replace(package(tool, name, *aliases), component=SEDGE, severity=Severity(score, None))


def test_cves_that_one_notice_mends_stay_apart_whatever_reports_them() -> None:
    one, other = built("trivy", "CVE-1", "ALSA-1"), built("trivy", "CVE-2", "ALSA-1")
    several = built("grype", "ALSA-1", "CVE-1", "CVE-2")
    for reports in ((report(one, other),), (report(one), report(other)), (report(several), report(one, other))):
        head, _ = both(*reports)
        assert not [found for found in head.findings if {"CVE-1", "CVE-2"} <= set(found.ids)]
    head, _ = both(report(one, other), report(one, tool="grype"))
    assert [found.id for found in head.findings] == ["CVE-1", "CVE-2"]


def test_notice_of_ours_is_seen_by_tools_that_report_its_cves_and_as_grave_as_the_gravest() -> None:
    notice = Finding(Kind.VULNERABILITY, "ALSA-1", ("ALSA-1",), occurrence=Occurrence(SEDGE, ()))
    mild, grave = built("trivy", "CVE-1", "ALSA-1", score=4.0), built("trivy", "CVE-2", "ALSA-1", score=9.8)
    head, _ = both(report(mild, grave), ours=Side((notice,)))
    assert [(found.ids, found.score, found.tools) for found in head.findings] == [
        (("ALSA-1",), 9.8, ("holdfast", "trivy"))
    ]


def test_a_line_that_moved_is_the_same_finding() -> None:
    moved = both(report(code(4)), head="x = 1\n\n\nrun(sql)\n", base="x = 1\nrun(sql)\n")
    assert (len(moved[0].findings), new(*moved)) == (1, [])


def test_a_line_that_was_not_there_is_new_even_where_an_equal_one_was() -> None:
    added = both(report(code(2), code(3)), head="x = 1\nrun(sql)\n  run(sql)\n", base="x = 1\nrun(sql)\n")
    assert [one.locations[0].line for one in new(*added)] == [3]
    assert len({one.fingerprint for one in added[0].findings}) == 2
    assert len(new(*both(report(code(2)), base="x = 1\n"))) == 1


def test_two_tools_that_name_one_weakness_at_one_line_saw_one_thing() -> None:
    one, other = code(2, aliases=("CWE-89",)), code(2, "sqli", "semgrep", aliases=("CWE-89",))
    head, _ = both(report(one), report(other, tool="semgrep"))
    (merged,) = head.findings
    assert merged.tools == ("bandit", "semgrep")
    head, _ = both(report(one), report(replace(other, aliases=("CWE-79",)), tool="semgrep"))
    assert len(head.findings) == 2


def test_a_package_that_the_base_has_in_that_version_is_old() -> None:
    was = Sbom((Occurrence(LAMP, ()),))
    assert new(*both(report(package("trivy", "CVE-1")), sbom=was)) == []
    other = Sbom((Occurrence(replace(LAMP, version="0.9"), ()),))
    assert len(new(*both(report(package("trivy", "CVE-1")), sbom=other))) == 1


def test_what_is_suppressed_does_not_count_and_what_was_not_read_is_a_gap() -> None:
    head, _ = both(report(code(2, suppressed=True), unparsed=(Unparsed("app.py", 1, "not parsed"),)))
    assert head.findings == ()
    assert [gap.id for gap in head.gaps] == ["unread:bandit:app.py:not parsed"]


def test_a_gap_in_a_file_that_the_base_has_just_so_is_old_and_one_of_the_whole_run_is_not() -> None:
    run = report(unparsed=(Unparsed("app.py", 1, "not parsed"), Unparsed("", None, "not installed")))
    head, base = both(run, base="x = 1\nrun(sql)\n")
    assert base is not None
    assert [gap.id for gap in base.gaps] == ["unread:bandit:app.py:not parsed"]
    assert len(head.gaps) == 2
    _, base = both(run, base="x = 2\n")
    assert base is not None
    assert base.gaps == ()


def test_two_tools_that_see_a_secret_at_one_line_saw_one_and_those_at_another_did_not() -> None:
    one = code(1, "B105", kind=Kind.SECRET, aliases=("CWE-798",))
    other = code(1, "github-pat", "gitleaks", kind=Kind.SECRET, aliases=("CWE-798",))
    head, _ = both(report(one), report(other, tool="gitleaks"))
    assert [finding.tools for finding in head.findings] == [("bandit", "gitleaks")]
    head, _ = both(report(one), report(replace(other, locations=(Location("app.py", 2),)), tool="gitleaks"))
    assert len(head.findings) == 2


def test_two_tools_that_show_a_line_differently_saw_one_line() -> None:
    one = code(2, aliases=("CWE-89",), line_hash="aaaa")
    other = code(2, "sqli", "semgrep", aliases=("CWE-89",), line_hash="bbbb")
    head, _ = both(report(one), report(other, tool="semgrep"))
    assert len(head.findings) == 1


def test_nothing_is_made_of_a_line_that_holds_a_secret() -> None:
    one = code(1, "aws-key", "gitleaks", kind=Kind.SECRET)
    marks = [both(report(one), head=text)[0].findings[0].fingerprint for text in ("key = 'AKIA1'\n", "key = 'AKIA2'\n")]
    assert marks[0] == marks[1]
    assert len(new(*both(report(one), head="key = 'AKIA2'\n", base="key = 'AKIA1'\n"))) == 1


def test_a_level_in_words_counts_as_the_least_of_its_band() -> None:
    assert both(report(code(2)))[0].findings[0].score == 7.0
    assert both(report(code(2, level="")))[0].findings[0].score is None


def test_what_stands_in_a_file_that_neither_side_can_read_is_new() -> None:
    missing = replace(code(1), locations=(Location("generated.py", 1),))
    assert len(new(*both(report(missing), base="x = 1\n"))) == 1


def test_a_blank_line_is_old_only_where_the_whole_file_is() -> None:
    blank = "\nrun(sql)\n"
    assert new(*both(report(code(1)), head=blank, base=blank)) == []
    assert len(new(*both(report(code(1)), head=blank, base="\nx = 1\n"))) == 1


def test_the_name_of_all_cves_is_none_any_more_where_a_tool_adds_a_cve() -> None:
    ids = ("CVE-1", "CVE-2", "GO-1")
    ours = Finding(Kind.VULNERABILITY, "GO-1", ids, occurrence=Occurrence(LAMP, ()), whole=("GO-1",))
    head, _ = both(report(package("trivy", "CVE-2"), tool="trivy"), ours=Side((ours,)))
    assert [(one.ids, one.whole) for one in head.findings] == [(ids, ("GO-1",))]
    head, _ = both(report(package("trivy", "CVE-2", "CVE-3"), tool="trivy"), ours=Side((ours,)))
    assert [(one.cves, one.whole) for one in head.findings] == [(("CVE-1", "CVE-2", "CVE-3"), ())]


def test_a_report_that_is_given_twice_says_nothing_twice() -> None:
    once = report(code(2), code(2))
    head, _ = both(once, once)
    assert len(head.findings) == len(both(once)[0].findings) == 2
