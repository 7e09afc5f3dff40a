"""Installed Python packages."""

import pytest

from tests.facts.lockfiles.reading import gaps, read, rows

FOLDER = "lib/site-packages/Zope.Interface-6.0.dist-info/"
METADATA = "Metadata-Version: 2.1\nName: Zope.Interface\nVersion: 6.0\nSummary: x\n\nVersion: 9.9 in the text below\n"


def test_environment_name_and_version_come_from_the_headers() -> None:
    assert rows(read({FOLDER + "METADATA": METADATA})) == [("zope-interface", "6.0", "registry", None, "runtime", 2)]


@pytest.mark.parametrize(
    ("beside", "direct"),
    [({"REQUESTED": "", "INSTALLER": "pip\n"}, True), ({"INSTALLER": "uv\n"}, False), ({"INSTALLER": "conda"}, None)],
)
def test_environment_direct_is_what_the_installer_recorded(beside: dict[str, str], direct: bool | None) -> None:
    files = {FOLDER + "METADATA": METADATA, **{FOLDER + name: text for name, text in beside.items()}}
    assert rows(read(files))[0][3] is direct


@pytest.mark.parametrize(
    ("direct_url", "source"),
    [
        ('{"url": "file:///src/own", "dir_info": {"editable": true}}', "path"),
        ('{"url": "https://example.org/x", "vcs_info": {"vcs": "git", "commit_id": "abc"}}', "vcs"),
        ('{"url": "https://example.org/x.whl", "archive_info": {}}', "url"),
        ("{broken", "url"),
        ("[1]", "url"),
    ],
)
def test_environment_direct_url_is_the_source(direct_url: str, source: str) -> None:
    parsed = read({FOLDER + "METADATA": METADATA, FOLDER + "direct_url.json": direct_url})
    assert rows(parsed)[0][2] == source


@pytest.mark.parametrize("place", ["Zope.Interface-6.0.egg-info", "Zope.Interface-6.0.egg-info/PKG-INFO"])
def test_environment_package_of_the_old_kind_is_read_and_not_known_to_be_direct(place: str) -> None:
    found = read({f"usr/lib/python3/dist-packages/{place}": METADATA})
    assert rows(found) == [("zope-interface", "6.0", "registry", None, "runtime", 2)]


def test_environment_package_without_version_is_unparsed() -> None:
    assert gaps(read({FOLDER + "METADATA": "Name: x\n\nVersion: 1\n"})) == [(1, "a component without version: `x`")]


def test_environment_package_without_name_is_unparsed() -> None:
    assert gaps(read({FOLDER + "METADATA": "Version: 1\n"})) == [(1, "a component without name: ``")]


def test_licence_is_read_from_the_headers_and_not_from_the_description() -> None:
    classified = METADATA.split("\n\n")[0] + "\nClassifier: License :: OSI Approved :: MIT License\n\nLicense: GPL\n"
    assert read({"a-1.dist-info/METADATA": classified}).occurrences[0].licenses == ("MIT",)
    stated = classified.replace("Classifier:", "License-Expression: ISC\nClassifier:")
    assert read({"a-1.dist-info/METADATA": stated}).occurrences[0].licenses == ("ISC",)
