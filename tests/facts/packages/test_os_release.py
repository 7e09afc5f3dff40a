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
        ({"ID": "alpine", "VERSION_ID": "3.21_alpha20240923"}, "Alpine:edge"),
        ({"ID": "wolfi", "VERSION_ID": "20230201"}, "Wolfi"),
        ({"ID": "chainguard", "VERSION_ID": "20230214"}, "Chainguard"),
        ({"ID": "rocky", "VERSION_ID": "9.4"}, "Rocky Linux:9"),
        ({"ID": "rhel", "VERSION_ID": "9.4"}, "Red Hat:9"),
        ({"ID": "photon", "VERSION_ID": "5.0"}, "Photon OS:5.0"),
        ({"ID": "opensuse-leap", "VERSION_ID": "15.6"}, "openSUSE:Leap 15.6"),
        ({"ID": "opensuse-tumbleweed", "VERSION_ID": "20260101"}, "openSUSE:Tumbleweed"),
        ({"ID": "sles", "VERSION_ID": "15.6"}, "SUSE:Linux Enterprise Server 15 SP6"),
        ({"ID": "openEuler", "VERSION_ID": "22.03", "VERSION": "22.03 (LTS-SP1)"}, "openEuler:22.03-LTS-SP1"),
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
