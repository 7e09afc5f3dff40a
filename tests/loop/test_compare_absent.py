"""Why a report may lack what we found: facts of ours that its tool reads in another way."""

from collections.abc import Sequence

import pytest

from holdfast.loop.compare import compare
from holdfast.loop.compare_absent import (
    find_reason_of_record,
    find_reason_of_use,
    has_several_spellings,
    is_of_program,
)
from holdfast.loop.compare_words import Reason
from holdfast.loop.scan import scan
from holdfast.model.advisory import Event, Pairwise, Range
from holdfast.model.component import Component, Location, Occurrence, Sbom, Scope
from holdfast.model.reported import Report
from holdfast.testing.clocks import START
from tests.edges.providers.bucket import record
from tests.loop.test_scan import Known

PSEUDO = "v0.0.0-20260305000458-cb46a597b246"


def _range(*events: tuple[str, str], kind: str = "SEMVER") -> Pairwise:
    return Pairwise("Go", "a.example/b", Range(kind, tuple(Event(*one) for one in events)))


def _listed(*versions: str) -> Pairwise:
    return Pairwise("PyPI", "lamp", None, versions)


def _go(version: str) -> Component:
    return Component("Go", "a.example/b", version)


def _lamp(version: str) -> Component:
    return Component("PyPI", "lamp", version)


CLOSED = _range(("introduced", "0"), ("fixed", "2.0.6"))
LATER = _range(("introduced", "0"), ("fixed", "2.1.5"))
OPEN = _range(("introduced", "0"))


@pytest.mark.parametrize(
    ("tool", "component", "entries", "reason"),
    [
        ("trivy", _go(PSEUDO), [OPEN], (Reason.BEFORE_ZERO, "")),
        ("trivy", _go("v0.0.1"), [OPEN], None),
        ("trivy", _go(PSEUDO), [_range(("introduced", "0.0.0-20250114093457-36d6fad421fb"))], None),
        ("trivy", _go("v2.0.6"), [CLOSED, LATER], (Reason.NAMED_FIXED, "")),
        ("trivy", _go("v2.0.7"), [CLOSED, LATER], None),
        ("trivy", _lamp("1.0"), [_listed("1.0", "2.0.0-final", "trunk")], (Reason.ODD_LIST, "2.0.0-final, trunk")),
        ("trivy", _lamp("1.0"), [_listed("1.0", "2.0.0-beta", "0.dev0")], None),
        ("trivy", _lamp("3.0.0b3-"), [_listed("3.0.0b3-")], (Reason.ODD_VERSION, "")),
        ("grype", _lamp("3.0.0b3-"), [_listed("3.0.0b3-")], (Reason.ODD_VERSION, "")),
        ("grype", _lamp("1.0"), [_listed("1.0", "trunk")], None),
        ("grype", _go(PSEUDO), [OPEN], (Reason.OPEN_RANGE, "introduced 0")),
        ("grype", _go("v1.2.0"), [_range(("introduced", "1.2.0"))], (Reason.OPEN_RANGE, "introduced 1.2.0")),
        ("grype", _go("v1.1.0"), [_range(("introduced", "1.2.0"))], None),
        ("grype", _go("v2.0.6"), [CLOSED, LATER], None),
        ("osv_scanner", _go(PSEUDO), [OPEN], None),
        ("osv_scanner", _lamp("3.0.0b3-"), [_listed("3.0.0b3-")], None),
    ],
)
def test_what_a_record_has_is_a_reason_for_the_tool_that_reads_it_in_another_way(
    tool: str, component: Component, entries: Sequence[Pairwise], reason: tuple[Reason, str] | None
) -> None:
    assert find_reason_of_record(tool, component, entries) == reason


def _at(*files: str, direct: bool | None = False, scope: Scope = Scope.RUNTIME) -> Occurrence:
    return Occurrence(_go("v1.0.0"), tuple(Location(one) for one in files), direct, scope=scope)


FORMATS = {"go.mod": "go_mod", "pay": "go_binary", "poetry.lock": "poetry_lock"}


@pytest.mark.parametrize(
    ("tool", "occurrence", "reason"),
    [
        ("trivy", _at("go.mod"), Reason.INDIRECT),
        ("trivy", _at("go.mod", direct=True), None),
        ("trivy", _at("go.mod", "pay"), None),
        ("grype", _at("go.mod"), None),
        ("trivy", _at("poetry.lock"), None),
        ("grype", _at("poetry.lock", scope=Scope.DEVELOPMENT), Reason.DEVELOPMENT),
    ],
)
def test_what_is_indirect_or_for_development_may_be_left_out(
    tool: str, occurrence: Occurrence, reason: Reason | None
) -> None:
    assert find_reason_of_use(tool, occurrence, FORMATS) is reason


def test_a_program_is_what_only_compiled_files_name() -> None:
    assert is_of_program(_at("pay"), FORMATS)
    assert not is_of_program(_at("pay", "go.mod"), FORMATS)
    assert not is_of_program(_at("gone"), FORMATS)


def test_only_a_name_of_python_with_a_separator_has_several_spellings() -> None:
    assert has_several_spellings(Component("PyPI", "jw-util", "2.2"))
    assert not has_several_spellings(_lamp("1.0"))
    assert not has_several_spellings(Component("npm", "left-pad", "1.0.0"))


@pytest.mark.parametrize(
    ("tool", "name", "scope", "reason"),
    [
        ("osv_scanner", "jw-util", Scope.RUNTIME, Reason.SPELLINGS),
        ("trivy", "lamp", Scope.DEVELOPMENT, Reason.DEVELOPMENT),
        ("trivy", "lamp", Scope.RUNTIME, Reason.ODD_LIST),
        ("grype", "lamp", Scope.RUNTIME, Reason.UNLISTED),
    ],
)
def test_what_a_report_lists_nothing_on_has_the_closest_reason(
    tool: str, name: str, scope: Scope, reason: Reason
) -> None:
    whole = record("L-1", name=name)
    whole["affected"][0]["versions"] = ["1.0", "trunk"]
    occurrence = Occurrence(Component("PyPI", name, "1.0"), (Location("uv.lock", 3),), direct=True, scope=scope)
    lookup = Known(whole)
    scanned = scan(Sbom((occurrence,), (("uv.lock", "uv_lock", 1),)), lookup, START)
    assert [row.reason for row in compare(Report(tool, tool, "1", (), ()), scanned, lookup)] == [reason]
