"""CISA's table of four questions, row by row."""

from datetime import timedelta

import pytest

from holdfast.gate.deadlines import TABLE, find_deadline
from holdfast.model.finding import Kind
from holdfast.model.inventory import Reach
from tests.gate.findings import NOW, finding

# known exploited, exposed, automatable, impact → what CERTCC/SSVC publishes of the directive, as it lists it
ROWS = """
no|no|no|partial|upgrade
yes|no|no|partial|14
no|yes|no|partial|60
no|no|yes|partial|60
no|no|no|total|upgrade
yes|yes|no|partial|14
yes|no|yes|partial|14
no|yes|yes|partial|14
yes|no|no|total|14
no|yes|no|total|14
no|no|yes|total|60
yes|yes|yes|partial|3
yes|yes|no|total|3 forensics
yes|no|yes|total|3 forensics
no|yes|yes|total|3
yes|yes|yes|total|3 forensics
"""


@pytest.mark.parametrize("row", ROWS.split("\n")[1:-1])
def test_each_row_has_its_days(row: str) -> None:
    exploited, exposed, automatable, impact, expected = row.split("|")
    found = find_deadline(
        finding(known_exploited=exploited == "yes", automatable=automatable == "yes", total_impact=impact == "total"),
        Reach.INTERNET if exposed == "yes" else Reach.INTERNAL,
        NOW,
    )
    assert found is not None
    if expected == "upgrade":
        assert (found.term.days, found.due_at) == (None, None)
    else:
        days, _, forensics = expected.partition(" ")
        assert found.due_at == NOW + timedelta(days=int(days))
        assert found.term.forensics is bool(forensics)


def test_every_combination_is_in_the_table() -> None:
    assert len(TABLE) == 16


def test_what_is_not_known_is_said_and_taken_as_the_directive_has_it() -> None:
    found = find_deadline(finding(), Reach.UNKNOWN, NOW)
    assert found is not None
    assert found.term.days == 14  # exposed, not automatable, total impact
    assert all("not decided" in word for word in found.because)


def test_what_is_exploited_without_a_decision_counts_as_the_worst() -> None:
    found = find_deadline(finding(known_exploited=True), Reach.INTERNET, NOW)
    assert found is not None
    assert (found.term.days, found.term.forensics) == (3, True)


def test_a_malicious_package_is_due_at_once_and_code_has_no_table() -> None:
    malicious = find_deadline(finding(kind=Kind.MALICIOUS), Reach.INTERNAL, NOW)
    assert malicious is not None
    assert malicious.due_at == NOW
    assert find_deadline(finding(kind=Kind.CODE), Reach.INTERNET, NOW) is None
