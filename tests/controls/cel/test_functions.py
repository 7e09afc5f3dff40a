"""The functions of our own, and the conversions whose edges matter."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.controls.cel import compile_expression, parse_expression
from holdfast.model.verdict import Unknown

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def evaluate(text: str) -> Any:  # whatever the expression gives
    return compile_expression(parse_expression(text), {}, expected=None).evaluate({}, now=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cidr('10.1.2.3', '10.0.0.0/8')", True),
        ("cidr('11.1.2.3', '10.0.0.0/8')", False),
        ("cidr('10.0.0.0/16', '10.0.0.0/8')", True),
        ("cidr('0.0.0.0/0', '10.0.0.0/8')", False),
        ("cidr('::1', '::/0')", True),
        ("cidr('::1', '0.0.0.0/0')", False),
        ("port_in(22, '22')", True),
        ("port_in(8050, '22, 8000-8100')", True),
        ("port_in(8101, '22,8000-8100')", False),
        ("semver('1.10.0') > semver('1.9.0')", True),
        ("semver('1.0.0-rc.1') < semver('1.0.0')", True),
        ("semver('1.0.0-alpha.1') < semver('1.0.0-alpha.beta')", True),
        ("semver('1.0.0-2') < semver('1.0.0-11')", True),
        ("semver('1.0.0-rc') < semver('1.0.0-rc.1')", True),
        ("semver('1.0.0+a') == semver('1.0.0+b')", True),
        ("semver('v1.2.3') == semver('1.2.3')", True),
    ],
)
def test_function_of_our_own_gives(text: str, expected: bool) -> None:
    assert evaluate(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "cidr('300.1.1.1', '10.0.0.0/8')",
        "cidr('', '')",
        "port_in(22, 'ssh')",
        "port_in(22, '')",
        "port_in(22, '22-')",
        "semver('1.2')",
        "semver('1.2.3-')",
        "semver('1.2.3-01')",
        "semver('01.2.3')",
        "timestamp('2026-02-30T00:00:00Z')",
        "timestamp('0001-01-01T00:00:00+23:00')",
        "duration('9999999999999999h')",
        "duration('1h ')",
    ],
)
def test_argument_that_is_none_is_unknown(text: str) -> None:
    assert isinstance(evaluate(text), Unknown)


def test_finer_digits_than_microseconds_are_cut() -> None:
    assert evaluate("timestamp('2026-01-01T00:00:00.123456789Z')") == NOW + timedelta(microseconds=123456)
    assert evaluate("duration('1500ns')") == timedelta(microseconds=1)
