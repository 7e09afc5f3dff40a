"""Python environments on this machine."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

from holdfast.edges.agent import collect_python_environment
from holdfast.errors import UsageError
from holdfast.model.purl import normalize_pypi


def _install(library: Path, name: str, version: str, **beside: str) -> None:
    folder = library / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for file, text in beside.items():
        (folder / file).write_text(text)


def test_environment_packages_are_collected_with_their_places(tmp_path: Path) -> None:
    library = tmp_path / "lib/python3.11/site-packages"
    _install(library, "Flask", "3.0.0", REQUESTED="", INSTALLER="pip")
    _install(library, "werkzeug", "3.0.1", INSTALLER="pip")
    (library / "old-1.0.egg-info").write_text("Name: old\n")
    (library / "older.egg-info").mkdir()
    (library / "older.egg-info/PKG-INFO").write_text("Metadata-Version: 1.1\nName: older\nVersion: 0.9\n")
    sbom = collect_python_environment(tmp_path)
    assert [(one.component.name, one.component.version, one.direct) for one in sbom.occurrences] == [
        ("flask", "3.0.0", True),
        ("older", "0.9", None),
        ("werkzeug", "3.0.1", False),
    ]
    assert str(sbom.occurrences[0].locations[0]) == "lib/python3.11/site-packages/Flask-3.0.0.dist-info/METADATA:2"
    assert [gap.file for gap in sbom.unparsed] == ["lib/python3.11/site-packages/old-1.0.egg-info"]


def test_environment_may_be_the_package_folder_itself(tmp_path: Path) -> None:
    _install(tmp_path / "site-packages", "a", "1")
    assert len(collect_python_environment(tmp_path / "site-packages").occurrences) == 1


def test_environment_of_this_python_agrees_with_importlib() -> None:
    prefix = Path(sys.prefix)
    libraries = [path for path in sys.path if Path(path).name == "site-packages" and Path(path).is_relative_to(prefix)]
    installed = {
        (normalize_pypi(one.metadata["Name"]), one.version) for one in importlib.metadata.distributions(path=libraries)
    }
    found = {(one.component.name, one.component.version) for one in collect_python_environment(prefix).occurrences}
    assert found == installed


def test_folder_without_packages_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="site-packages"):
        collect_python_environment(tmp_path)
