"""A waiver covers the CVEs that it names, and a finding of several CVEs once all are covered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.findings.waivers import Limits, Waived, find_left, find_waiver
from holdfast.model.finding import Finding
from holdfast.model.waiver import Status, Waiver
from tests.gate.findings import NOW, finding

ONE, TWO, RECORD = "CVE-2026-1", "CVE-2026-2", "GO-2026-1"
LIMITS = Limits(timedelta(days=90), 0.1)
SEVERAL = replace(finding(RECORD, aliases=(ONE, TWO, "GHSA-1"), fix=None), whole=(RECORD,))


def waiver(*ids: str, **fields: object) -> Waiver:
    one = Waiver(
        *("w-1", ids, "shop", Status.NOT_AFFECTED, "vulnerable_code_not_in_execute_path", "ana", "sec"),
        signed_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=30),
        ecosystem="npm",
        package="left-pad",
        finding=ids[0],
    )
    return replace(one, **fields)  # type: ignore[arg-type]  # checked by the dataclass


def found(*waivers: Waiver, about: Finding = SEVERAL) -> Waived | None:
    return find_waiver(about, waivers, service="shop", limits=LIMITS, now=NOW)


def holds(*waivers: Waiver, about: Finding = SEVERAL) -> bool:
    one = found(*waivers, about=about)
    return one is not None and one.holds


def test_a_waiver_of_one_cve_does_not_silence_another_that_a_record_names_beside_it() -> None:
    said = found(waiver(ONE))
    assert said is not None
    why = f"it is not for {TWO}, which the finding is as well: name all of them, or {RECORD}"
    assert (said.holds, said.void) == (False, (why,))
    assert holds(waiver(ONE), about=finding(ONE, aliases=(RECORD,), fix=None))


@pytest.mark.parametrize("ids", [(ONE, TWO), (TWO, ONE, "GHSA-1"), (RECORD,), (RECORD, ONE, TWO)])
def test_a_waiver_that_names_all_cves_or_the_record_of_all_covers_it(ids: tuple[str, ...]) -> None:
    assert holds(waiver(*ids))


@pytest.mark.parametrize("ids", [(RECORD, ONE), ("GHSA-1",), ("GHSA-1", TWO)])
def test_a_name_of_a_part_and_a_record_with_some_of_its_cves_do_not_cover_it(ids: tuple[str, ...]) -> None:
    assert not holds(waiver(*ids))


def test_several_waivers_cover_it_together_until_the_first_of_them_ends() -> None:
    first, second = waiver(ONE), waiver(TWO, id="w-2", expires_at=NOW + timedelta(days=3))
    said = found(first, second)
    assert said is not None
    assert (said.holds, said.waiver.id) == (True, "w-2")
    assert not holds(first, replace(second, expires_at=NOW))
    assert not holds(first, replace(second, finding=ONE, ids=(ONE,)))


def test_what_a_server_knew_at_signing_was_named_by_nobody_and_a_cve_that_came_since_is_news() -> None:
    known = (ONE, TWO, "GHSA-1", RECORD)
    assert not holds(waiver(ONE, ids=known, approval_checked=True))
    assert holds(waiver(RECORD, ids=known, approval_checked=True))
    more = replace(SEVERAL, ids=tuple(sorted((*SEVERAL.ids, "CVE-2026-3"))))
    assert find_left(waiver(RECORD, ids=known, approval_checked=True), more) == {"CVE-2026-3"}
    assert find_left(waiver(ONE, TWO), more) == {"CVE-2026-3"}
