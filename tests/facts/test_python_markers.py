"""Where a requirement with a marker holds."""

import pytest

from holdfast.facts.python_markers import Holds, where_holds


@pytest.mark.parametrize(
    ("marker", "python", "pythons", "where"),
    [
        ("", "", "", Holds.ALWAYS),
        ("python_version < '3.8'", "", "", Holds.NEVER),
        ("python_version < '3.11'", "", "", Holds.SOMETIMES),
        ("python_version < '3.12'", "", ">=3.11.4", Holds.SOMETIMES),
        ("python_full_version < '3.11.2'", "", ">=3.11,<3.12", Holds.SOMETIMES),
        ("python_version >= '3.9'", "", ">=3.9", Holds.ALWAYS),
        ("python_version < '3'", "", ">=2.7", Holds.SOMETIMES),
        ("sys_platform == 'freebsd'", "", "", Holds.SOMETIMES),
        ("python_version < '3' or sys_platform == 'win32'", "", "", Holds.SOMETIMES),
        ("(python_version < '3') and sys_platform == 'win32'", "", "", Holds.SOMETIMES),
        ("extra == 'x'", "", "", Holds.SOMETIMES),
        ("", "<3.8", "^3.9", Holds.NEVER),
        ("", "~3.9", "^3.9", Holds.SOMETIMES),
        ("", "^2.7 || ^3.9", "^3.9", Holds.ALWAYS),
        ("", "3.9.*", "~3.9", Holds.ALWAYS),
        ("", "not a bound", ">=3.9", Holds.ALWAYS),
        ("python_version < '3.8'", "", "nobody knows", Holds.NEVER),
        ("python_version < '3.8'", "", ">=99", Holds.NEVER),
        ("(" * 400, "", "", Holds.ALWAYS),
        ("python_version < '3' " * 100, "", "", Holds.ALWAYS),
    ],
)
def test_requirement_holds_where_its_marker_and_its_bound_do(
    marker: str, python: str, pythons: str, where: Holds
) -> None:
    assert where_holds(marker, python, pythons) is where
