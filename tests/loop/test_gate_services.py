"""Several services in one tree: every file is somebody's, and every verdict is told."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import UsageError
from holdfast.gate.decide import Bound
from holdfast.loop.gate import Stated
from holdfast.loop.gate_services import (
    MOST_FOLDERS,
    MOST_SERVICES,
    below,
    find_services,
    owner_of,
    split_reports,
    split_sbom,
    split_scan,
    told_from_top,
)
from holdfast.loop.scan import ScanReport
from holdfast.model.component import Component, Location, Occurrence, Sbom, Unparsed
from holdfast.model.finding import Kind
from holdfast.model.inventory import Reach
from holdfast.model.reported import Report, ReportedFinding

PAY, WEB, DOCS = (
    Bound("pay", tier=1, reach=Reach.INTERNET),
    Bound("web", tier=3, reach=Reach.INTERNAL),
    Bound("docs", tier=3, reach=Reach.INTERNET),
)
STATED = Stated(PAY, (), (), (("services/pay", "pay"), ("services/pay/ui", "web"), ("docs", "docs")), (PAY, WEB, DOCS))
WORDS = ("services", "pay", "ui", "docs", "other", "docs2")


def one(name: str, *files: str) -> Occurrence:
    return Occurrence(Component("PyPI", name, "1.0"), tuple(Location(file, 1) for file in files))


@pytest.mark.parametrize(
    ("file", "service"),
    [
        ("services/pay/requirements.txt", "pay"),
        ("services/pay/ui/package-lock.json", "web"),
        ("docs/a/b/go.sum", "docs"),
        ("services/other/go.sum", "pay"),  # nearer to what is in `services`, and of those the innermost is no nearer
        ("docs2/go.sum", "pay"),
        ("go.sum", "pay"),
        ("", "pay"),
        ("./docs//go.sum", "docs"),
    ],
)
def test_a_file_is_the_innermost_ones_else_the_nearest_ones_else_the_strictest_ones(file: str, service: str) -> None:
    assert owner_of(STATED)(file) == service


def test_a_file_that_a_service_names_is_its_own() -> None:
    named = replace(STATED, folders=(("docs", "docs"), ("docs/pay.txt", "pay")))
    owner = owner_of(named)
    assert [owner(file) for file in ("docs/pay.txt", "./docs/pay.txt", "docs/x.txt")] == ["pay", "pay", "docs"]


def test_a_service_around_all_owns_what_no_inner_one_does() -> None:
    around = replace(STATED, folders=(("", "docs"), ("services/pay", "pay")))
    owner = owner_of(around)
    assert [owner(file) for file in ("go.sum", "services/x/go.sum", "services/pay/go.sum")] == ["docs", "docs", "pay"]


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map("/".join), max_size=8))
def test_nothing_is_dropped_and_nothing_is_anothers(files: list[str]) -> None:
    named = [f"{file}/go.sum" for file in files]
    whole = Sbom(
        tuple(one(f"p{number}", *named[number:]) for number in range(len(named))),
        tuple((file, "go_sum", 1) for file in named),
        tuple(Unparsed(file, None, "odd") for file in named),
    )
    parts = split_sbom(whole, owner_of(STATED))
    assert sorted(file for part in parts.values() for file in part.files) == sorted(whole.files)
    assert sorted(gap.file for part in parts.values() for gap in part.unparsed) == sorted(named)
    places = [(each.component, at) for part in parts.values() for each in part.occurrences for at in each.locations]
    every = [(each.component, at) for each in whole.occurrences for at in each.locations]
    assert sorted(places, key=str) == sorted(every, key=str)


def test_a_release_past_its_end_is_only_theirs_who_have_packages_of_it() -> None:
    old = Occurrence(Component("Debian:10", "openssl", "1.1"), (Location("docs/status", 1),))
    sbom = Sbom((old, one("lamp", "services/pay/go.sum")), (("services/pay/go.sum", "go_sum", 1),))
    ended = (("Debian:10", date(2024, 6, 30)),)
    parts = split_scan(ScanReport(sbom, (), (), (), ended=ended), owner_of(STATED))
    assert {name: part.ended for name, part in parts.items()} == {"docs": ended, "pay": ()}


def test_what_a_tool_says_goes_to_who_has_the_package_or_the_place() -> None:
    parts = split_sbom(Sbom((one("lamp", "docs/go.sum", "services/pay/go.sum"),)), owner_of(STATED))
    lamp = ReportedFinding("grype", Kind.VULNERABILITY, "CVE-1", component=Component("PyPI", "lamp", "1.0"))
    other = replace(lamp, component=Component("PyPI", "desk", "1.0"))
    code = ReportedFinding("bandit", Kind.CODE, "S1", locations=(Location("services/pay/ui/app.py", 1),))
    report = Report("sarif", "x", "1", (lamp, other, code), (Unparsed("docs/odd.py", None, "odd"),))
    found = split_reports([report], owner_of(STATED), parts)
    assert {name: [said.id for one in listed for said in one.findings] for name, listed in found.items()} == {
        "pay": ["CVE-1", "CVE-1"],
        "docs": ["CVE-1"],
        "web": ["S1"],
    }
    assert [gap.file for one in found["docs"] for gap in one.unparsed] == ["docs/odd.py"]


def test_a_folder_is_told_from_there_and_back() -> None:
    sbom = below(Sbom((one("lamp", "docs/go.sum"),), (("docs/go.sum", "go_sum", 1),)), "docs")
    assert (sbom.files[0][0], sbom.occurrences[0].locations[0].file) == ("go.sum", "go.sum")
    answer = {
        "unknown": [{"id": "unread:go.sum:odd", "because": "odd", "where": "go.sum:3"}],
        "blocking": [{"locations": [{"file": "go.sum", "line": 1}, {"file": "docs/app.py", "line": 2}]}],
        "waivers": [{"id": "w", "where": "x", "reason": "y"}],
    }
    told = told_from_top(answer, "docs", frozenset({"docs/app.py"}))
    assert told["unknown"][0]["where"] == "docs/go.sum:3"
    assert [place["file"] for place in told["blocking"][0]["locations"]] == ["docs/go.sum", "docs/app.py"]
    assert told["waivers"] == answer["waivers"]


def test_services_are_bounded_and_one_is_none() -> None:
    bounds = tuple(Bound(f"s{number}") for number in range(MOST_SERVICES + 1))
    many = replace(STATED, services=bounds, folders=tuple((one.service, one.service) for one in bounds))
    with pytest.raises(UsageError, match="over 200 services"):
        find_services(many)
    paths = tuple((f"f{number}", f"s{number % 9}") for number in range(MOST_FOLDERS + 1))
    with pytest.raises(UsageError, match="2000 folders"):
        find_services(replace(many, folders=paths))
    assert len(find_services(replace(many, folders=many.folders[:MOST_SERVICES]))) == MOST_SERVICES
    assert find_services(replace(STATED, folders=(("", "pay"),))) == ()
