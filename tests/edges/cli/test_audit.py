"""`holdfast audit`."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.edges.cli.shell import Shell


def _tamper(shell: Shell, statement: str) -> None:
    shell.end()
    with closing(sqlite3.connect(shell.data / "holdfast.db")) as database:
        for trigger in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger[0]}"')
        database.execute(statement)
        database.commit()


def _checkpoint(shell: Shell) -> Path:
    kept = shell.files / "kept.checkpoint"
    shell("audit", "checkpoint", "--output", kept)
    return kept


def test_a_journal_is_intact_and_says_what_it_cannot_prove(exposed: Shell) -> None:
    out = exposed("audit", "verify").out
    assert "● intact" in out
    assert "only a checkpoint shows it" in out


def test_against_a_checkpoint_nothing_of_that_stays_unproven(exposed: Shell) -> None:
    kept = _checkpoint(exposed)
    document = exposed.json("audit", "verify", "--checkpoint", kept, "--key", f"{kept}.key")
    assert document["intact"] is True
    assert not any("rewritten as a whole" in words for words in document["unproven"])


def test_a_changed_entry_is_found(exposed: Shell) -> None:
    _tamper(exposed, "UPDATE journal SET body = replace(body, 'shop', 'shap') WHERE kind = 'release.registered'")
    printed = exposed("audit", "verify", code=1)
    assert "◆ not intact" in printed.out
    assert "is not what was written there" in printed.out
    assert exposed.json("audit", "verify", code=1)["intact"] is False


def test_a_removed_entry_is_found(exposed: Shell) -> None:
    _tamper(exposed, "DELETE FROM journal WHERE seq = 3 AND org = 'default'")
    assert exposed.json("audit", "verify", code=1)["first_bad_seq"] == 3


def test_a_cut_tail_is_found(exposed: Shell) -> None:
    _tamper(exposed, "DELETE FROM journal WHERE org = 'default' AND seq > 5")
    assert exposed.json("audit", "verify", code=1)["intact"] is False


def test_a_checkpoint_goes_to_standard_output_and_its_key_beside(exposed: Shell) -> None:
    printed = exposed("audit", "checkpoint")
    key = printed.err.split("kept with it: ")[1].strip()
    kept = exposed.write("c", printed.out)
    assert exposed("audit", "verify", "--checkpoint", kept, "--key", key).code == 0


def test_a_forged_checkpoint_is_refused(exposed: Shell) -> None:
    kept = _checkpoint(exposed)
    kept.write_text(kept.read_text().replace("\n", "0\n", 2))
    exposed("audit", "verify", "--checkpoint", kept, code=4)


def test_a_checkpoint_that_is_none_is_refused(exposed: Shell) -> None:
    exposed("audit", "verify", "--checkpoint", exposed.write("c", b"\xff"), code=4)
    exposed("audit", "verify", "--checkpoint", exposed.files / "nowhere", code=2)


def test_the_log_goes_on_after_a_number(exposed: Shell) -> None:
    everything = exposed.json("audit", "log")["items"]
    assert [one["seq"] for one in everything] == list(range(1, len(everything) + 1))
    later = exposed.json("audit", "log", "--after", "2", "--limit", "2")["items"]
    assert [one["seq"] for one in later] == [3, 4]
    assert "release.registered" in exposed("audit", "log").out


def test_the_log_is_followed(exposed: Shell) -> None:
    lines = exposed("audit", "log", "--follow", "--limit", "3").out.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    line = exposed("audit", "log", "--follow", "--limit", "1", "--format", "json").json
    assert line["seq"] == 1
