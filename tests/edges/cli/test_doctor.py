"""`holdfast doctor`."""

import sqlite3
from contextlib import closing

import pytest

from tests.edges.cli.shell import Shell


def test_a_sound_installation_is_fine(exposed: Shell) -> None:
    document = exposed.json("doctor")
    assert document["healthy"] is True
    found = {one["what"]: one["fine"] for one in document["checks"]}
    assert all(found[what] for what in ("store", "journal", "facts.lockfiles"))
    assert found["feed of PyPI"] is None


def test_no_data_folder_is_a_note(shell: Shell) -> None:
    printed = shell("doctor", "--data", shell.files / "none")
    assert "○ note" in printed.out
    assert not (shell.files / "none").exists()


def test_an_empty_data_folder_is_left_empty(shell: Shell) -> None:
    shell("doctor")
    assert list(shell.data.iterdir()) == []


def test_a_token_that_others_can_read_is_wrong(exposed: Shell) -> None:
    (exposed.data / "admin.token").chmod(0o644)
    printed = exposed("doctor", code=4)
    assert f"chmod 600 {exposed.data}/admin.token" in printed.out


def test_a_broken_store_is_wrong_and_says_what_to_try(exposed: Shell) -> None:
    exposed.end()
    (exposed.data / "holdfast.db").write_bytes(b"not a database" * 1000)
    for name in ("holdfast.db-wal", "holdfast.db-shm"):
        (exposed.data / name).unlink(missing_ok=True)
    document = exposed.json("doctor", code=4)
    wrong = [one for one in document["checks"] if one["fine"] is False]
    assert [one["what"] for one in wrong] == ["store"]
    assert wrong[0]["hint"]


def test_a_changed_entry_at_the_end_is_noticed(exposed: Shell) -> None:
    exposed.end()
    with closing(sqlite3.connect(exposed.data / "holdfast.db")) as database:
        for trigger in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger[0]}"')
        database.execute("UPDATE journal SET kind = 'x' WHERE org = 'default' AND seq = 2")
        database.commit()
    assert "entry 2 is not what was written" in exposed("doctor", code=4).out


def test_a_database_that_does_not_answer_is_wrong(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_DATABASE", "postgresql://holdfast:secret@127.0.0.1:9/none")
    printed = shell("doctor", code=4)
    assert "secret" not in printed.out
    assert "◆ wrong" in printed.out
