"""`holdfast agent`."""

from pathlib import Path

import pytest

from tests.edges.cli.shell import Shell

_STATUS = """Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.11-1~deb12u2

"""


@pytest.fixture
def machine(shell: Shell) -> Shell:
    """The files of a small machine, in `files/root`."""
    shell.write("root/etc/os-release", 'ID=debian\nVERSION_ID="12"\n')
    shell.write("root/etc/hostname", "web-1\n")
    shell.write("root/etc/machine-id", "0123456789abcdef\n")
    shell.write("root/var/lib/dpkg/status", _STATUS)
    return shell


def test_show_prints_what_would_be_reported(machine: Shell) -> None:
    out = machine("agent", "show", "--root", machine.files / "root").out
    assert "web-1" in out
    assert "Debian:12" in out
    document = machine.json("agent", "show", "--root", machine.files / "root")
    assert [one["name"] for one in document["sbom"]["occurrences"]] == ["openssl"]
    assert "0123456789abcdef" not in str(document)


def test_a_report_makes_a_host(machine: Shell) -> None:
    root: list[str | Path] = ["--root", machine.files / "root", "--environment", "production", "--lease", "600"]
    host = machine.json("agent", "run", "--once", *root)
    assert (host["name"], host["environment"], host["os"], host["packages"]) == ("web-1", "production", "Debian:12", 1)
    again = machine.json("agent", "run", "--once", *root)
    assert again["id"] == host["id"]


def test_a_reported_host_is_judged(machine: Shell) -> None:
    machine("agent", "run", "--once", "--root", machine.files / "root")
    hit = machine.json("impact", "pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12")
    assert [one["subject_kind"] for one in hit["items"]] == ["host"]


def test_what_is_not_read_is_named(machine: Shell) -> None:
    machine.write("root/var/lib/rpm/rpmdb.sqlite", "")
    printed = machine("agent", "run", "--once", "--root", machine.files / "root")
    assert "not read: var/lib/rpm/rpmdb.sqlite" in printed.err


def test_a_lease_that_is_too_short_is_a_usage_error(machine: Shell) -> None:
    machine("agent", "run", "--once", "--lease", "1", code=2)
