"""A repository full of traps: each is named or harmless, nothing outside of it is read, and all of it ends."""

import json
from dataclasses import dataclass

import pytest

from tests.e2e.hostile import CANARY, HARMLESS, UNKNOWN, Ran, make, run


@dataclass(frozen=True)
class Swept:
    """What the commands said of the repository with all traps; the folder of each trap."""

    folders: dict[str, str]
    scan: Ran
    table: Ran
    gate: Ran
    outputs: dict[str, str]


KINDS = ("sarif", "markdown", "github", "junit", "gl-code-quality", "cyclonedx")


@pytest.fixture(scope="module", name="swept")
def _swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    top = tmp_path_factory.mktemp("hostile")
    folders = make(top, UNKNOWN | HARMLESS)
    off = ("--feed", "none", "--offline", "--data", top / "data")
    scan = run(top, "scan", top / "repo", *off, "--format", "json")
    table = run(top, "scan", top / "repo", *off)
    reports = [part for kind in KINDS for part in ("--report", f"{kind}={top / kind}")]
    gate = run(top, "gate", top / "repo", *off, "--format", "json", *reports)
    outputs = {kind: (top / kind).read_text() for kind in KINDS if (top / kind).exists()}
    return Swept(folders, scan, table, gate, outputs)


def test_commands_end_as_documented_and_the_good_file_is_read(swept: Swept) -> None:
    assert (swept.scan.code, swept.table.code) == (0, 0), swept.scan.err[-2000:]
    assert swept.gate.code == 5, swept.gate.err[-2000:]
    assert "good/requirements.txt" in {one["file"] for one in json.loads(swept.scan.out)["files"]}
    assert set(swept.outputs) == set(KINDS)
    assert not any("Traceback" in ran.talk for ran in (swept.scan, swept.table, swept.gate))


def test_nothing_outside_of_the_repository_is_read(swept: Swept) -> None:
    said = [swept.scan.talk, swept.table.talk, swept.gate.talk, *swept.outputs.values()]
    assert not any(CANARY in one for one in said)


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_trap_is_unknown_to_scan_and_to_gate(swept: Swept, name: str) -> None:
    folder = swept.folders[name]
    reported = [one for one in json.loads(swept.scan.out)["unparsed"] if one["file"].startswith(folder)]
    assert reported, f"{name}: nothing was said of {folder}"
    assert all(one["because"].isprintable() for one in reported)
    gaps = json.loads(swept.gate.out)["unknown"]
    assert any(str(gap["where"]).startswith(folder) for gap in gaps), name


def test_names_do_not_steer_a_terminal_nor_an_output(swept: Swept) -> None:
    for text in (swept.table.talk, swept.gate.err, *swept.outputs.values()):
        assert "\x1b" not in text
        assert "\x07" not in text
    lines = "\n".join([swept.table.talk, swept.outputs["github"], swept.outputs["markdown"]]).splitlines()
    assert not any(line.lstrip().startswith("b::error") for line in lines)
    assert json.loads(swept.outputs["sarif"])["version"] == "2.1.0"
