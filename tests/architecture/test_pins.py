"""What set-up fetches is pinned by hash, whatever it is of."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
SCRIPTS = [
    ROOT / "Makefile",
    ROOT / ".ci/run",
    *sorted(path for path in (ROOT / "scripts").rglob("*") if path.suffix in {".sh", ".py"}),
]
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


def _lines(path: Path) -> list[str]:
    """Commands of a script, those over several lines in one; what is told to people is none."""
    joined = path.read_text().replace("\\\n", " ")
    told = ("#", "echo", "sys.exit(", '"""')
    return [line.strip() for line in joined.splitlines() if not line.strip().startswith(told)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_nothing_is_installed_by_name_and_version_alone(path: Path) -> None:
    for line in _lines(path):
        if "pip install" in line and " echo " not in line and 'sys.exit("' not in line:
            assert "--require-hashes" in line or "--no-deps --no-build-isolation -e ." in line, line
        assert not re.search(r"\bgo (install|get)\b", line), line
        assert not re.search(r"npm(\(\))? (install|i)\b|npx ", line), line
        assert '"install",' not in line, line


@pytest.mark.parametrize("path", sorted(REQUIREMENTS.glob("*.txt")), ids=lambda path: path.name)
def test_every_python_requirement_has_a_hash(path: Path) -> None:
    entries = re.split(r"(?m)^(?=[a-z0-9])", path.read_text(), flags=re.IGNORECASE)
    assert [one.splitlines()[0] for one in entries if one.strip() and not _HASH.search(one)] == []
    assert len(entries) > 1


@pytest.mark.parametrize("path", sorted(REQUIREMENTS.glob("*/package-lock.json")), ids=lambda path: path.parent.name)
def test_every_npm_package_has_a_hash_and_no_address(path: Path) -> None:
    packages = json.loads(path.read_text())["packages"]
    assert [name for name, one in packages.items() if name and "integrity" not in one] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []


def test_every_go_module_has_a_hash() -> None:
    wanted = re.findall(
        r"(?m)^\s*(?:require )?(\S+) (v\S+)(?: // indirect)?$", (REQUIREMENTS / "gitleaks/go.mod").read_text()
    )
    known = set((REQUIREMENTS / "gitleaks/go.sum").read_text().splitlines())
    hashed = {tuple(line.split()[:2]) for line in known}
    assert [one for one in wanted if one not in hashed and (one[0], f"{one[1]}/go.mod") not in hashed] == []
    assert ("github.com/zricethezav/gitleaks/v8", "v8.30.1") in hashed


def test_the_peers_that_are_built_are_those_whose_hashes_are_written_down() -> None:
    script = (ROOT / "scripts/peers.sh").read_text()
    built = set(re.findall(r"\(build \S+ (\S+) (v\S+) ", script))
    written = {tuple(line.split()[:2]) for line in (ROOT / "scripts/peers/modules.sum").read_text().splitlines()}
    assert built == written
    assert len(built) == 3
