"""An estate of fifty repositories comes under the gate without a red build, and goes on to block what is new.

Day one: everything is adopted, observed, and passes. Again: nothing changes. Then a change adds a vulnerable package:
it passes and is recorded as what would be held; once its group blocks, it is held, and nobody else is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from holdfast.app.main import run
from tests.e2e.serving import Server, serve
from tests.edges.providers.bucket import record
from tests.edges.providers.test_git_tree import git

SEVERITY = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
ECOSYSTEMS = ("PyPI", "npm", "Go", "crates.io", "RubyGems")
FIFTY = 50
BROKEN = 49


def lock(kind: int, *packages: str) -> tuple[str, str]:
    """Return the name and text of a lock file with packages of version 1.0.0."""
    match ECOSYSTEMS[kind]:
        case "npm":
            named = {f"node_modules/{name}": {"version": "1.0.0"} for name in packages}
            return "package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {"": {}, **named}})
        case "Go":
            return "go.mod", "module m\ngo 1.22\n" + "".join(f"require {name} v1.0.0\n" for name in packages)
        case "crates.io":
            blocks = (f'[[package]]\nname = "{name}"\nversion = "1.0.0"\n{CRATE}' for name in packages)
            return "Cargo.lock", "version = 3\n" + "".join(blocks)
        case "RubyGems":
            specs = "".join(f"    {name} (1.0.0)\n" for name in packages)
            asked = "".join(f"  {name}\n" for name in packages)
            head = f"GEM\n  remote: https://registry.example/\n  specs:\n{specs}\n"
            return "Gemfile.lock", f"{head}PLATFORMS\n  ruby\n\nDEPENDENCIES\n{asked}"
        case _:
            return "requirements.txt", "".join(f"{name}==1.0.0\n" for name in packages)


CRATE = 'source = "registry+https://registry.example/index"\n'


def name_of(kind: int, package: str) -> str:
    return f"example.com/{package}" if ECOSYSTEMS[kind] == "Go" else package


@dataclass(frozen=True)
class Fifty:
    """The folder with the repositories, and the terminal of who works there."""

    folder: Path
    data: Path
    capsys: "pytest.CaptureFixture[str]"

    def type(self, *arguments: object) -> tuple[int, str, str]:
        """Run one command line in this process; returns its exit code and what it printed."""
        self.capsys.readouterr()
        code = run([str(one) for one in arguments])
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err

    def gate(self, number: int) -> tuple[int, dict[str, Any]]:
        """Ask the server about one repository as it is, without a base."""
        place = self.folder / f"team{number % 5}" / f"app{number:02}"
        service = ("--service", f"app{number:02}", "--data", self.data, "--format", "json")
        code, out, _ = self.type("gate", place, *service)
        return code, json.loads(out)


def build_estate(folder: Path) -> None:
    """Fifty repositories of five kinds; every third has an old vulnerable package, one has a manifest that is none."""
    for number in range(FIFTY):
        kind, place = number % 5, folder / f"team{number % 5}" / f"app{number:02}"
        place.mkdir(parents=True)
        packages: Sequence[str] = ("chair", "desk") if number % 3 == 0 else ("chair",)
        file, text = lock(kind, *(name_of(kind, one) for one in packages))
        (place / file).write_text(text)
        (place / "CODEOWNERS").write_text(f"* @acme/team{number % 5}\n")
        if number == BROKEN:
            (place / "holdfast.yaml").write_text("services: [{name: app49, tier: 77}]\n")
        git(folder, "init", "-q", "-b", "main", str(place))
        git(place, "add", "-A")
        git(place, "commit", "-qm", "first")


@pytest.fixture
def fifty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fifty:
    for name in ("FEED", "SERVER", "TOKEN", "KEV", "EPSS", "SSVC"):
        monkeypatch.delenv(f"HOLDFAST_{name}", raising=False)
    for name in ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"):
        monkeypatch.delenv(name, raising=False)
    build_estate(tmp_path / "src")
    return Fifty(tmp_path / "src", tmp_path / "client", capsys)


def teach(server: Server) -> None:
    for kind, ecosystem in enumerate(ECOSYSTEMS):
        for package in ("desk", "lamp"):
            identifier = f"L-{kind}-{package}"
            server.call(
                "POST",
                "/advisories",
                record(identifier, ecosystem, name_of(kind, package), fixed="1.5.0", severity=SEVERITY),
            )


@pytest.mark.timeout(400)  # it judges a hundred times
def test_fifty_repositories_are_adopted_without_a_red_build(
    fifty: Fifty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(tmp_path / "server", "--feed", "none") as server:
        teach(server)
        admin = (tmp_path / "server/admin.token").read_text().strip()
        monkeypatch.setenv("HOLDFAST_SERVER", server.url)
        monkeypatch.setenv("HOLDFAST_TOKEN", admin)

        code, out, err = fifty.type("adopt", fifty.folder, "--dry-run", "--format", "json")
        assert (code, json.loads(out)["counts"]["would adopt"]) == (5, FIFTY - 1), err
        assert server.call("GET", "/services")["items"] == []

        wish = ("--next", "warn", "--from", "2027-01-15", "--format", "json")
        code, out, err = fifty.type("adopt", fifty.folder, "--group", "product", *wish)
        told = json.loads(out)
        assert (code, told["counts"]["adopted"], told["counts"]["failed"]) == (5, FIFTY - 1, 1)
        (failed,) = [one for one in told["items"] if one["status"] == "failed"]
        assert "app49" in failed["path"]
        assert "expected a number from 1" in failed["because"]
        assert {one["team"] for one in told["items"] if one["status"] == "adopted"} == {f"team{n}" for n in range(5)}
        assert told["modes"] == {"product": "observe"}
        assert sum(one["findings"] or 0 for one in told["items"]) == 17

        entries = len(server.call("GET", "/journal?limit=1000")["items"])
        code, out, _ = fifty.type("adopt", fifty.folder, "--group", "product", *wish)
        assert (code, json.loads(out)["counts"]) == (
            5,
            {"adopted": 0, "would adopt": 0, "unchanged": FIFTY - 1, "failed": 1},
        )
        assert len(server.call("GET", "/journal?limit=1000")["items"]) == entries

        token = server.call("POST", "/tokens", {"name": "ci", "permissions": ["builds:write"]})["secret"]
        monkeypatch.setenv("HOLDFAST_TOKEN", token)
        judged = [fifty.gate(number) for number in range(FIFTY) if number != BROKEN]
        assert {code for code, _ in judged} == {0}
        assert {(one["basis"], one["verdict"], one["would_be"]) for _, one in judged} == {("inherited", "pass", "pass")}
        assert sum(one["existing"] for _, one in judged) == 17

        changed = fifty.folder / "team1" / "app01"
        (changed / "package-lock.json").write_text(lock(1, "chair", "lamp")[1])
        code, found = fifty.gate(1)
        assert (code, found["verdict"], found["would_be"], found["mode"]) == (0, "pass", "blocked", "observe")

        monkeypatch.setenv("HOLDFAST_TOKEN", admin)
        code, out, _ = fifty.type("adopt", "status", "--format", "json")
        (row,) = json.loads(out)["items"]
        assert (row["group"], row["mode"], row["next"], row["services"], row["accepted"]) == (
            "product", "observe", "warn", FIFTY - 1, FIFTY - 1,
        )  # fmt: skip
        assert (row["would_hold"], row["held"], row["rules"]["new-high"]) == (1, 0, 1)
        assert fifty.type("adopt", "mode", "product", "--mode", "block")[0] == 0

        monkeypatch.setenv("HOLDFAST_TOKEN", token)
        code, found = fifty.gate(1)
        assert (code, found["verdict"], [one["id"] for one in found["blocking"]]) == (1, "blocked", ["L-1-lamp"])
        assert [fifty.gate(number)[0] for number in (0, 2, 3, 4)] == [0, 0, 0, 0]
