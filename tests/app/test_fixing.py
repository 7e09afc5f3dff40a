"""`holdfast fix --all` as one types it: a process of its own, real files, and the tools that are here."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from holdfast.app.fixing import LocalFix
from holdfast.errors import ActionError, UnsentError
from holdfast.model.component import Component
from holdfast.remediations.locks import Lock, find_lock
from tests.edges.providers.bucket import record, serve, write_bucket

POLICY = "min_score: {default: 0}\nrules:\n  - {id: high, when: finding.cvss >= 7.0, then: block}\n"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_bucket(
        tmp_path / "osv",
        {
            "PyPI": [record("L-1"), record("L-2", name="desk", fixed="2.0")],
            "npm": [record("L-3", "npm", fixed="1.5.0")],
            "Go": [record("L-4", "Go", "x.example/lamp", fixed="1.5.0")],
        },
    )


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "top"
    (folder / ".holdfast").mkdir(parents=True)
    (folder / ".holdfast/policy.yaml").write_text(POLICY)
    return folder


def fix(path: Path, feed: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    places = ["--feed", str(feed), "--data", str(feed.parent / "data")]
    known = {name: value for name, value in os.environ.items() if not name.startswith(("HOLDFAST_", "GITHUB_", "CI_"))}
    return subprocess.run(
        [sys.executable, "-m", "holdfast", "fix", "--all", str(path), *places, *arguments],
        capture_output=True, text=True, check=False, timeout=120, env=known | environment,
    )  # fmt: skip


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["schema"] == "holdfast.fix/1"
    return found


def test_the_plan_is_printed_and_nothing_is_written(top: Path, feed: Path) -> None:
    (top / "requirements.txt").write_text("lamp==1.0\ndesk==2.0\n")
    done = fix(top, feed, "--format", "json")
    found = document(done)
    assert (done.returncode, found["verdict"], found["verdict_after"]) == (0, "blocked", "pass")
    assert found["score_after"] > found["score"]
    (item,) = found["items"]
    assert (item["purl"], item["version"], item["ends"]) == ("pkg:pypi/lamp@1.0", "1.5", ["L-1"])
    assert item["steps"][0]["edit"] == {"before": "lamp==1.0", "after": "lamp==1.5"}
    assert (top / "requirements.txt").read_text() == "lamp==1.0\ndesk==2.0\n"
    assert fix(top, feed, "--format", "json").stdout == done.stdout
    table = fix(top, feed).stdout
    assert "One upgrade: score" in table
    assert "blocked → pass" in table


def test_what_is_applied_is_proved_by_a_second_scan(top: Path, feed: Path) -> None:
    (top / "a").mkdir()
    (top / "requirements.txt").write_bytes(b"# \xc3\xa9\r\nlamp==1.0  # bright\r\n")
    (top / "a/requirements.txt").write_text("desk==1.0\nlamp==1.0")
    done = fix(top, feed, "--apply", "--format", "json")
    found = document(done)
    assert (done.returncode, found["verdict_now"]) == (0, "pass")
    assert [one["state"] for one in found["items"]] == ["fixed", "fixed"]
    assert (top / "requirements.txt").read_bytes() == b"# \xc3\xa9\r\nlamp==1.5  # bright\r\n"
    assert (top / "a/requirements.txt").read_text() == "desk==2.0\nlamp==1.5"
    assert fix(top, feed).stdout.startswith("The gate is open")


def test_hashes_are_refused_and_say_which_tool(top: Path, feed: Path) -> None:
    text = "lamp==1.0 --hash=sha256:00\ndesk==1.0\n"
    (top / "requirements.txt").write_text(text)
    done = fix(top, feed, "--apply", "--format", "json")
    by_name = {one["name"]: one for one in document(done)["items"]}
    assert done.returncode == 1
    assert (by_name["lamp"]["state"], by_name["desk"]["state"]) == ("not edited", "fixed")
    assert "pip-compile --generate-hashes" in by_name["lamp"]["because"][0]
    assert (top / "requirements.txt").read_text() == text.replace("desk==1.0", "desk==2.0")


def test_a_server_is_not_asked_and_that_is_said(top: Path, feed: Path) -> None:
    (top / "requirements.txt").write_text("lamp==1.0\n")
    done = fix(top, feed, "--server", "http://127.0.0.1:9")
    assert done.returncode == 0
    assert "the server's policies are not asked" in done.stderr


def npm_project(top: Path) -> None:
    (top / "package.json").write_text('{\n   "name": "a", "dependencies": {"lamp": "^1.0.0"}\n}\n')
    packages = {
        "": {"name": "a", "dependencies": {"lamp": "^1.0.0"}},
        "node_modules/lamp": {"version": "1.0.0", "resolved": "https://registry.example/lamp/-/lamp-1.0.0.tgz"},
    }
    (top / "package-lock.json").write_text(json.dumps({"name": "a", "lockfileVersion": 3, "packages": packages}))


def test_a_manifest_that_was_edited_is_not_fixed_before_its_lock_file_changed(top: Path, feed: Path) -> None:
    npm_project(top)
    done = fix(top, feed, "--apply", "--format", "json")
    (item,) = document(done)["items"]
    assert (done.returncode, item["state"], item["edited"]) == (1, "edited, not locked", ["package.json"])
    assert item["run"] == ["npm install --package-lock-only --ignore-scripts --no-audit --no-fund"]
    assert '"lamp": "^1.5.0"}\n}\n' in (top / "package.json").read_text()


def test_a_link_is_not_written_through(top: Path, feed: Path) -> None:
    (top.parent / "out.txt").write_text("lamp==1.0\n")
    (top / "real").mkdir()
    (top / "real/pins.txt").write_text("lamp==1.0\n")
    (top / "requirements.txt").symlink_to("real/pins.txt")
    done = fix(top, feed, "--apply")
    assert done.returncode == 4
    assert "a link leads there" in done.stderr
    assert (top / "real/pins.txt").read_text() == "lamp==1.0\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--lock"], "goes with `--apply`"), (["--apply", "elsewhere"], "two paths"), (["--policy", "gone"], "policy")],
)
def test_a_wish_that_makes_no_sense_is_refused(top: Path, feed: Path, arguments: list[str], says: str) -> None:
    (top / "requirements.txt").write_text("lamp==1.0\n")
    done = fix(top, feed, *arguments)
    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not here")
def test_npm_locks_against_a_registry_without_scripts(top: Path, feed: Path, tmp_path: Path) -> None:
    npm_project(top)
    manifest = json.loads((top / "package.json").read_text()) | {
        "scripts": {"preinstall": "touch ran", "prepare": "touch ran"}
    }
    (top / "package.json").write_text(json.dumps(manifest))
    versions = {
        version: {
            "name": "lamp",
            "version": version,
            "dist": {"tarball": "http://127.0.0.1:9/x.tgz", "shasum": "0" * 40},
        }
        for version in ("1.0.0", "1.5.0")
    }
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry/lamp").write_text(
        json.dumps({"name": "lamp", "dist-tags": {"latest": "1.5.0"}, "versions": versions})
    )
    with serve(tmp_path / "registry") as registry:
        done = fix(top, feed, "--apply", "--lock", "--format", "json", npm_config_registry=registry.url)
    (item,) = document(done)["items"]
    assert (done.returncode, item["state"]) == (0, "fixed"), (done.stderr, item)
    assert '"1.5.0"' in (top / "package-lock.json").read_text()
    assert not (top / "ran").exists()
    assert not (top / "node_modules").exists()


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not here")
def test_a_tree_that_could_name_programs_is_not_locked(top: Path, feed: Path) -> None:
    npm_project(top)
    (top / ".npmrc").write_text("git=./evil\n")
    done = fix(top, feed, "--apply", "--lock", "--format", "json")
    (item,) = document(done)["items"]
    assert (done.returncode, item["state"]) == (1, "edited, not locked")
    assert "could name programs" in item["because"][-1]


@pytest.mark.skipif(shutil.which("go") is None, reason="go is not here")
def test_go_locks_from_a_proxy_of_files(top: Path, feed: Path, tmp_path: Path) -> None:
    place = tmp_path / "proxy/x.example/lamp/@v"
    place.mkdir(parents=True)
    (place / "list").write_text("v1.0.0\nv1.5.0\n")
    for version in ("v1.0.0", "v1.5.0"):
        (place / f"{version}.info").write_text(json.dumps({"Version": version}))
        (place / f"{version}.mod").write_text("module x.example/lamp\n\ngo 1.20\n")
        with zipfile.ZipFile(place / f"{version}.zip", "w") as archive:
            archive.writestr(f"x.example/lamp@{version}/go.mod", "module x.example/lamp\n\ngo 1.20\n")
            archive.writestr(f"x.example/lamp@{version}/lamp.go", "package lamp\n")
    (top / "go.mod").write_text("module a // é\n\ngo 1.20\n\nrequire x.example/lamp v1.0.0\n")
    (top / "go.sum").write_text("x.example/lamp v1.0.0/go.mod h1:AAAA=\n")
    (top / "main.go").write_text('package main\n\nimport _ "x.example/lamp"\n\nfunc main() {}\n')
    arguments = ("--policy", str(top / ".holdfast/policy.yaml"), "--format", "json", "--apply")
    (item,) = document(fix(top, feed, *arguments))["items"]
    assert (item["state"], item["run"]) == ("edited, not locked", ["go mod tidy"])
    (top / "go.mod").write_text((top / "go.mod").read_text().replace("v1.5.0", "v1.0.0"))
    done = fix(top, feed, *arguments, "--lock", GOPROXY=(tmp_path / "proxy").as_uri(), GOSUMDB="off")
    (item,) = document(done)["items"]
    assert item["state"] == "fixed", (done.stderr, item)
    assert "x.example/lamp v1.5.0 h1:" in (top / "go.sum").read_text()


def test_a_lock_command_sees_no_credentials_and_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "NPM_TOKEN": "t",
        "GOPROXY": "https://me:pw@p.example",
        "HTTPS_PROXY": "http://p.example",
    }.items():
        monkeypatch.setenv(name, value)
    LocalFix().lock(Lock(("sh", "-c", "env > seen")), tmp_path, 30)
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines() if "=" in line)
    assert {"NPM_TOKEN", "GOPROXY"}.isdisjoint(seen)
    assert seen["HTTPS_PROXY"] == "http://p.example"
    assert seen["HOME"] != str(Path.home())
    assert not Path(seen["HOME"]).exists()  # it went with the command


def test_a_lock_command_that_fails_or_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ActionError, match="status 3: no such lamp"):
        LocalFix().lock(Lock(("sh", "-c", "echo no such lamp; exit 3")), tmp_path, 30)
    with pytest.raises(UnsentError):
        LocalFix().lock(Lock(("no-such-tool",)), tmp_path, 30)


@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not here")
def test_cargo_is_asked_in_a_way_that_it_knows(tmp_path: Path) -> None:
    """Without a registry at hand the command can't end well; it fails for the package, not for its words."""
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n')
    (tmp_path / "src").mkdir()
    (tmp_path / "src/lib.rs").write_text("")
    lock = find_lock("cargo_lock", Component("crates.io", "lamp", "1.0.0"), "1.5.0", is_edited=True)
    assert lock is not None
    with pytest.raises(ActionError, match="status 101"):
        LocalFix().lock(lock, tmp_path, 120)


def test_what_something_else_asks_for_says_whose_range_is_in_the_way(top: Path, feed: Path) -> None:
    packages = {
        "": {"name": "a", "dependencies": {"house": "^1.0.0"}},
        "node_modules/house": {"version": "1.2.0", "dependencies": {"lamp": "~1.0.0"}},
        "node_modules/lamp": {"version": "1.0.0"},
    }
    (top / "package.json").write_text('{"name": "a", "dependencies": {"house": "^1.0.0"}}')
    (top / "package-lock.json").write_text(json.dumps({"name": "a", "lockfileVersion": 3, "packages": packages}))
    (item,) = document(fix(top, feed, "--apply", "--lock", "--format", "json"))["items"]
    assert (item["state"], item["path"], item["steps"][0]["raise"]) == ("not edited", ["house"], "house")
    assert "`house 1.2.0` asks for `~1.0.0`, which forbids 1.5.0" in item["run"][0]
