"""Words that several outputs share."""

from holdfast.gate.outputs._words import remedy
from holdfast.model.finding import Finding, Kind


def test_a_malicious_package_is_taken_out_and_what_has_no_fix_has_none() -> None:
    assert remedy(Finding(Kind.MALICIOUS, "MAL-2026-1", ("MAL-2026-1",))) == "take it out"
    assert remedy(Finding(Kind.VULNERABILITY, "CVE-2026-1", ("CVE-2026-1",))) == "no fix is known"
