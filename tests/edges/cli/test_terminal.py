"""What holds for every command: help, errors, colour, completion, hostile names, a server far away."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.app.main import COMMANDS, run
from tests.edges.cli.shell import Shell

HOSTILE = "\x1b[2J<script>|=cmd()\x9b\u202e"
_PROGRAM = [sys.executable, "-m", "holdfast"]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(shell: Shell, name: str) -> None:
    out = shell(name, "--help").out
    assert "Examples:" in out


@pytest.mark.parametrize(
    "arguments", [["findings"], ["metrics"], ["audit", "log"], ["token", "list"], ["mitigate", "list"]]
)
def test_an_error_answers_in_json_when_json_was_asked_for(shell: Shell, arguments: list[str]) -> None:
    printed = shell(*arguments, "--data", shell.files / "nowhere", "--format=json", code=4)
    assert printed.json["schema"] == "holdfast.error/1"
    assert "there is no data folder" in printed.json["error"]["message"]
    assert printed.err.count("\n") == 2


def test_an_unknown_command_is_a_usage_error(shell: Shell) -> None:
    assert "No such command" in shell("frobnicate", "--format", "json", code=2).json["error"]["message"]


def test_a_server_needs_a_token(shell: Shell) -> None:
    printed = shell("findings", "--server", "http://127.0.0.1:9", code=2)
    assert "export HOLDFAST_TOKEN" in printed.err


@pytest.mark.parametrize("url", ["foo", "http://[::1", "http://127.0.0.1:99999", "ftp://x", "http://a b", "http://"])
def test_a_server_that_is_no_url_is_a_usage_error(shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HOLDFAST_TOKEN", "hf_x")
    assert "expected a server's URL" in shell("findings", "--server", url, code=2).err


def test_a_token_that_is_none_is_a_usage_error(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_TOKEN", "tökén")
    assert "is no token" in shell("findings", "--server", "http://127.0.0.1:9", code=2).err


def test_a_store_that_is_none_is_said_so(shell: Shell) -> None:
    shell.write("../data/holdfast.db", "no database at all\n" * 1000)
    document = shell.json("findings", code=4)
    assert "not a database" in document["error"]["message"]


def test_a_server_that_does_not_answer_is_said_so(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_TOKEN", "hf_x")
    assert "no answer from" in shell("findings", "--server", "http://127.0.0.1:9", code=4).err


def test_an_argument_that_is_no_text_is_a_usage_error(shell: Shell) -> None:
    printed = shell("deploy", "p\udcffay", "--environment", "production", "--version", "1", "--format", "json", code=2)
    assert "not UTF-8" in printed.json["error"]["message"]


def test_a_hostile_name_in_an_error_moves_no_cursor(shell: Shell) -> None:
    for arguments in (["explain", HOSTILE], ["impact", HOSTILE], ["release", "--version", "1", "--service", HOSTILE]):
        with pytest.raises(AssertionError) as caught:
            shell(*arguments)
        printed = caught.value.args[0][1] if isinstance(caught.value.args[0], tuple) else None
        text = str(caught.value) if printed is None else printed.err
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.fixture
def hostile(shell: Shell) -> Shell:
    """A component whose names want to be code, on a target that does too, hit by an advisory of that kind."""
    name = "evil<script>|=cmd()"
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [
            {"type": "library", "name": name, "version": "1", "purl": "pkg:npm/evil%3Cscript%3E%7C%3Dcmd()@1"},
            {"type": "library", "name": "x\x1b[2J", "version": "1", "purl": "pkg:npm/x%1B[2J@1"},
        ],
    }
    sbom = shell.write("sbom.json", document)
    shell("release", shell.files, "--service", "pay|<b>", "--version", "1", "--sbom", sbom)
    shell("deploy", "pay|<b>", "--environment", "pro|d", "--version", "1", "--target", "<i>|")
    record = {
        "id": "ACME|<script>",
        "modified": "2026-01-01T00:00:00Z",
        "summary": HOSTILE,
        "affected": [{"package": {"ecosystem": "npm", "name": name}, "versions": ["1"]}],
    }
    shell("feed", "push", shell.write("record.json", record))
    return shell


def test_hostile_names_stay_within_their_cells(hostile: Shell) -> None:
    for arguments in (["findings"], ["impact", "ACME|<script>"], ["audit", "log"], ["metrics", "--by", "service"]):
        table = hostile(*arguments).out
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", table), arguments
        markdown = hostile(*arguments, "--format", "markdown").out
        assert "<" not in markdown, arguments
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in markdown.splitlines()}
        assert len(cells) == 1, (arguments, markdown)
        assert hostile.json(*arguments)["items"], arguments


def test_a_hostile_exposure_is_explained_inertly(hostile: Shell) -> None:
    exposure = hostile.json("findings")["items"][0]["id"]
    table, markdown = hostile("explain", exposure).out, hostile("explain", exposure, "--format", "markdown").out
    assert not re.search(r"[\x1b\x9b\u202e]", table + markdown)
    assert "<script>" not in markdown
    assert hostile.json("explain", exposure)["finding"]["summary"]


def _environ(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return {**kept, "HOLDFAST_DATA": str(data), "HOLDFAST_KEV": "none", "HOLDFAST_EPSS": "none", **more}


def test_completion_knows_the_commands(tmp_path: Path) -> None:
    source = subprocess.run(
        _PROGRAM, env=_environ(tmp_path, _HOLDFAST_COMPLETE="zsh_source"), capture_output=True, text=True, check=False
    )
    assert "compdef" in source.stdout
    words = _environ(tmp_path, _HOLDFAST_COMPLETE="bash_complete", COMP_WORDS="holdfast fi", COMP_CWORD="1")
    found = subprocess.run(_PROGRAM, env=words, capture_output=True, text=True, check=False)
    assert {line.partition(",")[2] for line in found.stdout.split()} == {"findings", "fix"}


def test_colour_is_for_terminals_and_no_color_removes_it(exposed: Shell) -> None:
    exposed.end()
    for no_color, is_coloured in (("", True), ("1", False)):
        controller, terminal = os.openpty()
        subprocess.run(
            [*_PROGRAM, "findings"],
            env=_environ(exposed.data, NO_COLOR=no_color, TERM="xterm"),
            stdout=terminal,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        os.close(terminal)
        out = os.read(controller, 65536).decode()
        os.close(controller)
        assert ("\x1b[31m◆" in out) is is_coloured
        assert "◆" in out


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    lines = b"1.0\t2.0\n" * 100_000
    program = f"'{sys.executable}' -m holdfast versions compare PyPI | head -1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", program], input=lines, env=_environ(tmp_path), capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"<\n", b"")


def test_a_terminal_without_letters_shows_escapes(exposed: Shell) -> None:
    exposed.end()
    ended = subprocess.run(
        [*_PROGRAM, "findings", "--format", "json"],
        env=_environ(exposed.data, PYTHONIOENCODING="ascii"),
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["total"] == 1


@pytest.fixture
def server(exposed: Shell) -> Iterator[str]:
    """A server on the filled data folder, in a process of its own; gives its URL."""
    exposed.end()
    command = [*_PROGRAM, "up", "--port", "0", "--no-open", "--feed", "none"]
    with subprocess.Popen(command, env=_environ(exposed.data), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        greeting = process.stderr.readline()
        yield greeting.split()[-1]
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        process.wait(timeout=20)


def test_a_server_answers_as_the_folder_does(exposed: Shell, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    near = exposed.json("findings")
    monkeypatch.setenv("HOLDFAST_TOKEN", (exposed.data / "admin.token").read_text().strip())
    assert exposed.json("findings", "--server", server) == near
    link = exposed.json("token", "login", "--server", server)["link"]
    assert link.startswith(f"{server}/login?code=")
    assert "there is no exposure" in exposed("explain", "exp_none", "--server", server, code=4).err


def test_a_token_that_does_not_count_is_refused(exposed: Shell, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_TOKEN", "hf_tok_none_0")
    document = exposed.json("findings", "--server", server, code=4)
    assert document["error"]["message"]


def test_run_returns_what_the_command_asked_for() -> None:
    assert run(["--version"]) == 0
