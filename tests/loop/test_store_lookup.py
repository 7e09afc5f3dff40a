"""A store answers a scan with what distributions say, as the compiled file does."""

import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast.edges.providers.compiled import FILE_NAME, CompiledAdvisories, Lists, open_compiled
from holdfast.edges.providers.compiled_store import compile_store
from holdfast.facts.sboms.purls import component_of
from holdfast.findings.waivers import Limits, find_waiver
from holdfast.loop.feeds import sync
from holdfast.loop.gate_side import finding_of
from holdfast.loop.scan import scan
from holdfast.loop.scan_json import report_to_json
from holdfast.loop.store_lookup import StoreLookup
from holdfast.model.advisory import Enrichment, PackageState
from holdfast.model.component import Location, Occurrence, Sbom
from holdfast.model.finding import Finding
from holdfast.model.purl import parse_purl
from holdfast.model.tenancy import PUBLIC
from holdfast.model.waiver import Status, Waiver
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock
from holdfast.testing.feeds import MemoryFeed
from tests.edges.cli.test_scan_distributions import CASES, CORPUS
from tests.loop.test_scan_findings import record
from tests.shared import SHARED_DATA, needs_shared


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (record("D-1", "sedge", urgency="unimportant"), (("D-1", PackageState.WILL_NOT_FIX),)),
        (record("D-1", "sedge", urgency="end-of-life"), (("D-1", PackageState.END_OF_LIFE),)),
        (record("D-1", "sedge", urgency="medium"), ()),
        (record("D-1", "sedge", "1.2-3", urgency="unimportant"), ()),
        (record("D-1", "sedge", "0"), (("D-1", PackageState.NOT_AFFECTED),)),
    ],
)
def test_store_and_file_know_the_same_of_a_package(
    store: Store, tmp_path: Path, made: dict[str, Any], said: tuple[tuple[str, PackageState], ...]
) -> None:
    sync(store, MemoryFeed({"Debian": [made]}), FakeClock(), ecosystems=["Debian"])
    compile_store(store, tmp_path / FILE_NAME)
    held = open_compiled(tmp_path / FILE_NAME)
    with store.read(PUBLIC) as tx:
        kept = StoreLookup(tx).rules("Debian:12", "sedge")
    assert (kept.said, held.rules("Debian:12", "sedge").said) == (said, said)
    held.close()


def test_server_and_file_say_the_same_of_every_distribution(store: Store, tmp_path: Path) -> None:
    feeds = json.loads((CORPUS / "osv.json").read_text())
    sync(store, MemoryFeed(feeds), FakeClock(), ecosystems=sorted(feeds))
    compile_store(store, tmp_path / FILE_NAME)
    held = open_compiled(tmp_path / FILE_NAME)
    more = [f"pkg:deb/debian/{one}?distro=debian-12" for one in ("sedge@1.2-3", "rush@3.1_1-1", "reed@0~git1-1")]
    found = [component_of(purl, None, None, {}, "bom.json") for purl in (*(purl for purl, _ in CASES), *more)]
    sbom = Sbom(tuple(Occurrence(one, (Location("bom.json"),)) for one in found))
    with store.read(PUBLIC) as tx:
        served = report_to_json(scan(sbom, StoreLookup(tx), START))
    assert served == report_to_json(scan(sbom, held, START))
    assert len(served["findings"]) > len(CASES) / 2
    held.close()


def test_notice_is_exploited_in_store_and_file_where_one_of_its_cves_is(store: Store, tmp_path: Path) -> None:
    notice = {**record("A-1", "sedge", "1-2", ecosystem="AlmaLinux:9"), "related": ["CVE-2026-1", "CVE-2026-2"]}
    sync(store, MemoryFeed({"AlmaLinux": [notice]}), FakeClock(), ecosystems=["AlmaLinux"])
    with store.write(PUBLIC, START) as tx:
        tx.enrichments.save("kev", {"CVE-2026-2": {}}, START, "list")
    compile_store(store, tmp_path / FILE_NAME)
    held = open_compiled(tmp_path / FILE_NAME)
    with store.read(PUBLIC) as tx:
        kept = StoreLookup(tx).facts(["A-1"])["A-1"]
    assert (kept.known_exploited, kept.members, kept.mends) == (True, ("A-1",), ("CVE-2026-1", "CVE-2026-2"))
    assert held.facts(["A-1"])["A-1"].known_exploited
    assert held.facts(["A-1"])["A-1"].mends == kept.mends
    held.close()


@needs_shared
@pytest.mark.parametrize(
    ("ecosystem", "identifier", "purl"),
    [
        ("Go", "GO-2021-0159", "pkg:golang/stdlib@1.4.2"),
        ("crates.io", "RUSTSEC-2020-0014", "pkg:cargo/rusqlite@0.22.0"),
        ("crates.io", "RUSTSEC-2019-0036", "pkg:cargo/failure@0.1.7"),
    ],
)
def test_a_real_record_of_several_cves_is_one_finding_that_one_cve_does_not_excuse(
    store: Store, tmp_path: Path, ecosystem: str, identifier: str, purl: str
) -> None:
    with zipfile.ZipFile(SHARED_DATA / "osv" / ecosystem / "all.zip") as archive:
        made = json.loads(archive.read(f"{identifier}.json"))
    cves = sorted({one for one in made["aliases"] if one.startswith("CVE-")})
    sync(store, MemoryFeed({ecosystem: [made]}), FakeClock(), ecosystems=[ecosystem])
    compile_store(store, tmp_path / FILE_NAME)
    held, known = open_compiled(tmp_path / FILE_NAME), {cves[-1]: Enrichment(known_exploited=True, epss=0.5)}
    listed = Lists(frozenset(known), known)
    with store.write(PUBLIC, START) as tx:
        tx.enrichments.save("kev", {cves[-1]: {"added": "2024-01-01"}}, START, "file")
        tx.enrichments.save("epss", {cves[-1]: {"epss": 0.5}}, START, "file")
    sbom = Sbom((Occurrence(parse_purl(purl), (Location("go.mod", 1),)),))
    with store.read(PUBLIC) as tx:
        of_store = scan(sbom, StoreLookup(tx), START)
    of_file = scan(sbom, CompiledAdvisories(held.connection, "", listed), START)
    held.close()
    for report in (of_store, of_file):
        (one,) = [found for found in map(finding_of, report.findings) if identifier in found.ids]
        assert (one.cves, one.whole, one.known_exploited, one.epss) == (tuple(cves), (identifier,), True, 0.5)
        assert all(cve in one.named for cve in cves)
        plain = replace(one, known_exploited=False, fix=None)
        assert [_is_waived(plain, *ids) for ids in ([cves[0]], cves, [identifier])] == [False, True, True]


def _is_waived(finding: Finding, *ids: str) -> bool:
    component = finding.component
    assert component is not None
    one = Waiver(
        *("w-1", ids, "shop", Status.AFFECTED, "will_not_fix", "ana", "sec", START, START + timedelta(days=9)),
        *(component.ecosystem, component.name),
        finding=ids[0],
    )
    limits = Limits(timedelta(days=90), 1.0)
    found = find_waiver(finding, [one], service="shop", limits=limits, now=START + timedelta(days=1))
    return found is not None and found.holds
