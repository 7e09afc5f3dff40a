"""A store answers a scan with what distributions say, as the compiled file does."""

import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.edges.providers.compiled import FILE_NAME, open_compiled
from holdfast.edges.providers.compiled_store import compile_store
from holdfast.facts.sboms.purls import component_of
from holdfast.loop.feeds import sync
from holdfast.loop.scan import scan
from holdfast.loop.scan_json import report_to_json
from holdfast.loop.store_lookup import StoreLookup
from holdfast.model.advisory import PackageState
from holdfast.model.component import Location, Occurrence, Sbom
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock
from holdfast.testing.feeds import MemoryFeed
from tests.edges.cli.test_scan_distributions import CASES, CORPUS
from tests.loop.test_scan_findings import record


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
    found = [component_of(purl, None, {}, "bom.json") for purl in (*(purl for purl, _ in CASES), *more)]
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
