"""`holdfast mitigate break-glass`, while the store answers and while it does not."""

from pathlib import Path

import pytest

from holdfast.app.main import run as run_holdfast
from holdfast.loop.break_glass import parse_spool
from tests.edges.cli.shell import Shell

FLAG = (
    "--flag",
    "shop.receipts",
    "--environment",
    "production",
    "--variant",
    "off",
    "--reason",
    "it is being exploited",
)


def test_glass_broken_for_an_exposure_acts_and_says_so(exposed: Shell, exposure: str) -> None:
    made = exposed.json("mitigate", "break-glass", exposure, "--reason", "it is being exploited")
    assert made["break_glass"] == "it is being exploited"
    forced = exposed.json("flags", "overlays", "--environment", "production")["items"]
    assert [one["flag"] for one in forced] == ["shop.receipts"]


def test_flag_is_forced_and_lifted(exposed: Shell) -> None:
    made = exposed.json("mitigate", "break-glass", *FLAG)
    assert (made["schema"], made["variant"], made["run"]) == ("holdfast.overlay/1", "off", None)
    assert "in force" in exposed("mitigate", "break-glass", *FLAG).out
    assert "lifted" in exposed("mitigate", "lift", made["id"]).out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--reason", "x"),
        ("exp_1", "--reason", " "),
        ("exp_1", *FLAG),
        ("--flag", "shop.receipts", "--reason", "x"),
        (*FLAG, "--plan", "p"),
    ],
)
def test_half_a_command_is_refused(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert "try:" in shell("mitigate", "break-glass", *arguments, code=2).err


def test_refusal_of_the_store_is_no_reason_to_go_around_it(exposed: Shell) -> None:
    words = [*FLAG]
    words[5] = "purple"
    assert "no variant `purple`" in exposed("mitigate", "break-glass", *words, code=4).err
    assert not (exposed.data / "spool").exists()


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose store does not open."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "holdfast.db").write_text("this is no database, and it is long enough to be told from an empty one\n" * 40)
    (data / "admin.token").write_text("hf_tok_01_" + "a" * 64)
    monkeypatch.setenv("HOLDFAST_DATA", str(data))
    return data


def test_flag_is_forced_by_the_spool_while_the_store_is_away(away: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert run_holdfast(["mitigate", "break-glass", *FLAG]) == 0
    spool = parse_spool((away / "spool" / "break-glass.jsonl").read_text())
    assert [(one.flag, one.variant, one.by, one.chained) for one in spool.entries] == [
        ("shop.receipts", "off", "tok_01", True)
    ] * 2
    printed = capsys.readouterr()
    assert "the store does not answer" in printed.err
    assert "a" * 64 not in printed.out + printed.err + (away / "spool" / "break-glass.jsonl").read_text()


def test_server_that_does_not_answer_is_away_too(
    away: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOLDFAST_TOKEN", "hf_tok_02_" + "1" * 64)
    command = ["mitigate", "break-glass", *FLAG, "--server", "http://127.0.0.1:9", "--data", str(away)]
    assert run_holdfast([*command, "--format", "json"]) == 0
    assert '"spooled"' in capsys.readouterr().out
    (entry,) = parse_spool((away / "spool" / "break-glass.jsonl").read_text()).entries
    assert entry.by == "tok_02"


def test_plan_can_not_be_started_while_the_store_is_away(away: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_holdfast(["mitigate", "break-glass", "exp_1", "--reason", "x"]) == 4
    said = capsys.readouterr().err
    assert "without it only flags can be forced" in said
    assert "`service.off` and `edge.block` wait for the store" in said
    assert "--flag KEY --environment ENV --variant V" in said
    assert not (away / "spool").exists()


def test_folder_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_holdfast(["mitigate", "break-glass", *FLAG, "--data", str(tmp_path / "none")]) == 4
    assert "there is no data folder" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_words_that_mean_nothing_are_not_spooled(away: Path) -> None:
    words = [*FLAG]
    words[1] = "no flag"
    assert run_holdfast(["mitigate", "break-glass", *words]) == 2
    assert not (away / "spool").exists()
