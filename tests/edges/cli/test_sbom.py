"""`holdfast sbom`."""

import json

import pytest

from holdfast.facts.sbom import read_sbom
from tests.edges.cli.shell import Shell
from tests.edges.providers.images.making import layer, saved_of, write_archive

_LINES = "jinja2==3.1.2\nacme-pdf==1.4.0\n"


def test_sbom_is_cyclonedx_that_reads_back(shell: Shell) -> None:
    shell.write("requirements.txt", _LINES)
    text = shell("sbom", shell.files, "--format", "json").out
    assert json.loads(text)["specVersion"] == "1.6"
    back = read_sbom("sbom.json", text.encode())
    assert [one.component.purl for one in back.occurrences] == ["pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/jinja2@3.1.2"]
    assert back.occurrences[0].locations[0].line == 2


def test_sbom_of_the_same_folder_is_the_same_bytes(shell: Shell) -> None:
    shell.write("requirements.txt", _LINES)
    first, second = (shell("sbom", shell.files, "--format", "json").out for _ in range(2))
    assert first == second
    assert "timestamp" not in json.loads(first)["metadata"]


def test_sbom_takes_its_time_from_source_date_epoch(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    shell.write("requirements.txt", _LINES)
    assert shell.json("sbom", shell.files)["metadata"]["timestamp"].startswith("1970-01-02T00:00:00")


def test_sbom_of_a_wrong_epoch_is_a_usage_error(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    shell.write("requirements.txt", _LINES)
    assert "expected seconds since 1970" in shell("sbom", shell.files, code=2).err


def test_sbom_goes_to_a_file_under_the_name_that_is_given(shell: Shell) -> None:
    shell.write("requirements.txt", _LINES)
    target = shell.files / "out.cdx.json"
    printed = shell("sbom", shell.files, "--output", target, "--name", "pay", "--version", "2")
    assert printed.out == ""
    component = json.loads(target.read_text())["metadata"]["component"]
    assert (component["name"], component["version"]) == ("pay", "2")


def test_sbom_in_spdx_is_the_same_bytes_each_time_and_reads_back(shell: Shell) -> None:
    shell.write("requirements.txt", _LINES)
    first, second = (shell("sbom", shell.files, "--spec", "spdx", "--format", "json").out for _ in range(2))
    assert first == second
    assert json.loads(first)["creationInfo"]["created"] == "1970-01-01T00:00:00Z"
    back = read_sbom("x.spdx.json", first.encode())
    assert [one.component.purl for one in back.occurrences] == ["pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/jinja2@3.1.2"]
    assert back.occurrences[0].locations[0].line == 2


def test_sbom_of_nothing_exits_3(shell: Shell) -> None:
    shell.write("README.txt", "hello")
    assert "nothing to describe" in shell("sbom", shell.files, code=3).err


def test_sbom_of_no_folder_is_a_usage_error(shell: Shell) -> None:
    printed = shell("sbom", shell.files / "missing", "--format", "json", code=2)
    assert printed.json["error"]["message"] == "there is no such file or folder"


def test_sbom_names_what_it_did_not_read(shell: Shell) -> None:
    shell.write("flake.lock", "{}\n")
    assert "not read: flake.lock: Nix lock file" in shell("sbom", shell.files).err


def test_sbom_lists_components_with_their_places(shell: Shell) -> None:
    shell.write("requirements.txt", _LINES)
    out = shell("sbom", shell.files / "requirements.txt").out
    assert "pkg:pypi/jinja2@3.1.2" in out
    assert "requirements.txt:1" in out


def test_sbom_that_cannot_be_written_says_where(shell: Shell) -> None:
    shell.write("requirements.txt", _LINES)
    printed = shell("sbom", shell.files, "--output", shell.files / "no" / "such" / "x.json", code=2)
    assert "could not be written" in printed.err


def test_sbom_of_an_image_is_what_is_installed_in_it(shell: Shell) -> None:
    image = layer({"etc/os-release": "ID=wolfi\n", "lib/apk/db/installed": "P:musl\nV:1.2.5-r0\n"})
    document = shell.json("sbom", write_archive(shell.files / "pay.tar", saved_of(image)))
    assert [one["purl"] for one in document["components"]] == ["pkg:apk/wolfi/musl@1.2.5-r0"]


def test_path_and_image_together_are_a_usage_error(shell: Shell) -> None:
    assert "a path and an image" in shell("sbom", shell.files, "--image", "registry.example/pay:1", code=2).err
