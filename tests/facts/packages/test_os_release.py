"""What a machine says of its operating system, and what its feed calls it."""

import pytest

from holdfast.facts.packages._os_release import operating_system, parse_os_release


@pytest.mark.parametrize(
    ("fields", "os"),
    [
        ({"ID": "debian", "VERSION_ID": "12"}, "Debian:12"),
        ({"ID": "ubuntu", "VERSION_ID": "22.04"}, "Ubuntu:22.04"),
        ({"ID": "alpine", "VERSION_ID": "3.20.1"}, "Alpine:v3.20"),
        ({"ID": "almalinux", "VERSION_ID": "9.4"}, "AlmaLinux:9"),
        ({"ID": "debian", "VERSION_CODENAME": "trixie"}, "debian:trixie"),
        ({"ID": "arch"}, "arch:unknown"),
        ({}, "unknown:unknown"),
    ],
)
def test_operating_system_is_named_as_its_feed_is(fields: dict[str, str], os: str) -> None:
    assert operating_system(fields) == os


def test_os_release_is_read_as_a_shell_would() -> None:
    text = '# comment\nID=\'debian\'\nNAME="Debian \\"12\\""\nBROKEN="x\nnonsense\nVERSION_ID=12\n'
    assert parse_os_release(text) == {"ID": "debian", "NAME": 'Debian "12"', "VERSION_ID": "12"}
