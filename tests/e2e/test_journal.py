"""A journal changed, cut, reordered and re-hashed in the file itself, and what finds it out."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast.model.journal import GENESIS, entry_hash
from tests.edges.cli.conftest import _environment, exposed, filled, shell
from tests.edges.cli.shell import Shell

__all__ = ["_environment", "exposed", "filled", "shell"]

Tamper = Callable[[sqlite3.Connection], None]


def tamper(place: Shell, how: Tamper) -> None:
    """Do something to the file behind the program's back."""
    place.end()
    with closing(sqlite3.connect(place.data / "holdfast.db")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        how(database)
        database.commit()


def rehash(database: sqlite3.Connection) -> None:
    """Compute the whole chain of the org anew, head included, as whoever owns the file can."""
    previous, last = GENESIS, 0
    rows = database.execute("SELECT seq, at, kind, body FROM journal WHERE org = 'default' ORDER BY seq").fetchall()
    for seq, at, kind, body in rows:
        previous, last = entry_hash(previous, "default", seq, at, kind, body), seq
        database.execute("UPDATE journal SET hash = ? WHERE org = 'default' AND seq = ?", (previous, seq))
    _set_head(database, last, previous)


def _set_head(database: sqlite3.Connection, seq: int, digest: str) -> None:
    changed = database.execute("UPDATE journal_head SET seq = ?, hash = ? WHERE org = 'default'", (seq, digest))
    assert changed.rowcount == 1


def change(database: sqlite3.Connection) -> None:
    done = database.execute("UPDATE journal SET body = replace(body, '1.4.0', '1.5.0') WHERE kind = 'exposure.opened'")
    assert done.rowcount == 1


def change_time(database: sqlite3.Connection) -> None:
    database.execute("UPDATE journal SET at = at - 1 WHERE org = 'default' AND seq = 4")


def swap(database: sqlite3.Connection) -> None:
    for before, after in ((3, -1), (4, 3), (-1, 4)):
        database.execute("UPDATE journal SET seq = ? WHERE org = 'default' AND seq = ?", (after, before))


def cut(database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM journal WHERE org = 'default' AND seq > 5")


def cut_and_set_back(database: sqlite3.Connection) -> None:
    cut(database)
    (digest,) = database.execute("SELECT hash FROM journal WHERE org = 'default' AND seq = 5").fetchone()
    _set_head(database, 5, digest)


def change_and_rehash(database: sqlite3.Connection) -> None:
    change(database)
    rehash(database)


def remove(database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM journal WHERE org = 'default' AND seq = 3")


def insert(database: sqlite3.Connection) -> None:
    (last,) = database.execute("SELECT max(seq) FROM journal WHERE org = 'default'").fetchone()
    database.execute(
        "INSERT INTO journal (org, seq, at, kind, body, hash) VALUES ('default', ?, 0, 'token.created', '{}', ?)",
        (last + 1, "0" * 64),
    )


@pytest.fixture
def kept(exposed: Shell) -> Path:
    """A checkpoint of the whole journal, kept elsewhere."""
    path = exposed.files / "kept.checkpoint"
    exposed("audit", "checkpoint", "--output", path)
    return path


def verify(place: Shell, *options: str | Path, code: int) -> Any:
    return place.json("audit", "verify", *options, code=code)


@pytest.mark.parametrize("how", [change, change_time, swap, cut, remove, insert])
def test_what_was_done_to_the_journal_is_found_without_a_checkpoint(exposed: Shell, how: Tamper) -> None:
    tamper(exposed, how)
    report = verify(exposed, code=1)
    assert report["intact"] is False
    assert report["first_bad_seq"] is not None
    assert report["problems"]


@pytest.mark.parametrize("how", [change_and_rehash, cut_and_set_back])
def test_a_chain_written_anew_is_found_with_a_checkpoint_alone(exposed: Shell, kept: Path, how: Tamper) -> None:
    tamper(exposed, how)
    alone = verify(exposed, code=0)
    assert alone["intact"] is True
    assert any("checkpoint" in words for words in alone["unproven"])  # it says what it cannot prove
    report = verify(exposed, "--checkpoint", kept, "--key", f"{kept}.key", code=1)
    assert report["intact"] is False
    assert set(report["counts"]) <= {"rewritten", "truncated", "head"}


def test_what_was_written_after_a_checkpoint_is_not_proven_by_it(exposed: Shell, kept: Path) -> None:
    exposed("environment", "set", "staging", "--exposure", "internal")
    report = verify(exposed, "--checkpoint", kept, "--key", f"{kept}.key", code=0)
    assert report["intact"] is True
    assert report["unproven"]


def test_the_journal_is_what_the_files_table_says(exposed: Shell) -> None:
    exposed.end()
    with closing(sqlite3.connect(exposed.data / "holdfast.db")) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(journal)")]
        bodies = [row[0] for row in database.execute("SELECT body FROM journal WHERE org = 'default'")]
    assert columns == ["org", "seq", "at", "kind", "body", "hash"]
    assert all(json.loads(body) for body in bodies)
