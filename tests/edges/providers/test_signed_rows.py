"""Signed files of rows: what is opened at all, and what is written through."""

import os
from pathlib import Path

import pytest

from holdfast.edges.providers.compiled_digest import framed
from holdfast.edges.providers.signed_rows import (
    Packed,
    open_plain_file,
    read_rows,
    read_statement,
    verify_payload,
    write_signed_rows,
)
from holdfast.errors import FeedError

MAGIC = b"test.rows/1\n"
ROWS = [framed((number, "x" * 4096)) for number in range(1000)]


def _write(path: Path) -> Packed:
    return write_signed_rows(path, MAGIC, ROWS, lambda packed: packed.digest.encode(), lambda text: text.decode())


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    packed = _write(tmp_path / "x")
    with open_plain_file(tmp_path / "x") as file:
        assert read_statement(file, MAGIC, lambda text: text.strip().encode(), "x") == packed.digest.encode()
        start = file.tell()
        verify_payload(file, packed, "x")
        rows = list(read_rows(file, start, packed.plain_bytes, "x"))
    assert [len(row).to_bytes(4, "big") + row for row in rows] == ROWS
    assert packed.payload_bytes < packed.plain_bytes == sum(map(len, ROWS))


def test_a_link_is_no_file_wherever_it_leads(tmp_path: Path) -> None:
    _write(tmp_path / "x")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    for name in ("link", "lost"):
        with pytest.raises(FeedError, match="a link"):
            open_plain_file(tmp_path / name)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(FeedError, match="no plain file"):
            open_plain_file(path)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    for name in ("x", ".x.rows", ".x.part"):
        (tmp_path / name).symlink_to(tmp_path / "victim")
    _write(tmp_path / "x")
    assert (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "x").is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["victim", "x"]


def test_what_fails_while_it_is_written_leaves_what_was_there(tmp_path: Path) -> None:
    def failing() -> list[bytes]:
        raise FeedError("a feed that ended")

    (tmp_path / "x").write_text("old")
    with pytest.raises(FeedError, match="ended"):
        write_signed_rows(tmp_path / "x", MAGIC, (row for _ in [0] for row in failing()), lambda _: b"", str)
    assert (tmp_path / "x").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]
