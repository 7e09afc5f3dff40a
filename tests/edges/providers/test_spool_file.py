"""The spool on disk: whole lines, in order, whoever writes them."""

import threading
from pathlib import Path

import pytest

from holdfast.edges.providers.spool_file import SpoolFile
from holdfast.errors import HoldfastError


def number(text: str) -> str:
    """Write the number of the line, which only who reads the file under its lock knows."""
    return f"{text.count(chr(10))}\n"


def test_without_a_spool_there_is_no_text(tmp_path: Path) -> None:
    assert SpoolFile(tmp_path).read() == ""
    assert SpoolFile(tmp_path / "nowhere").read() == ""


def test_lines_are_appended_and_read_by_others(tmp_path: Path) -> None:
    spool, other = SpoolFile(tmp_path), SpoolFile(tmp_path)
    for _ in range(3):
        spool.append(number)
        assert other.read() == spool.read()
    assert other.read() == "0\n1\n2\n"
    assert (spool.path.stat().st_mode & 0o777, spool.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_torn_last_line_stays_on_a_line_of_its_own(tmp_path: Path) -> None:
    spool = SpoolFile(tmp_path)
    spool.append(number)
    with spool.path.open("a") as file:
        file.write("torn")
    spool.append(lambda text: "whole\n")
    assert spool.read() == "0\ntorn\nwhole\n"


def test_many_writers_lose_no_line_and_double_none(tmp_path: Path) -> None:
    def write() -> None:
        spool = SpoolFile(tmp_path)
        for _ in range(20):
            spool.append(number)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SpoolFile(tmp_path).read() == "".join(f"{line}\n" for line in range(80))


def test_retired_spool_is_put_aside_and_a_new_one_begins(tmp_path: Path) -> None:
    spool = SpoolFile(tmp_path)
    spool.append(number)
    assert spool.retire("0\n", "abc") == tmp_path / "spool" / "break-glass.abc.merged.jsonl"
    assert spool.read() == ""
    assert (tmp_path / "spool" / "break-glass.abc.merged.jsonl").read_text() == "0\n"


def test_what_was_put_aside_is_never_written_over(tmp_path: Path) -> None:
    spool = SpoolFile(tmp_path)
    texts = ("one\n", "two\n", "three\n")
    lines = iter(texts)
    for line in texts:
        spool.append(lambda _: next(lines))
        assert spool.retire(line, "abc") is not None
    kept = {path.name: path.read_text() for path in (tmp_path / "spool").glob("*.merged.jsonl")}
    names = ["break-glass.abc.merged.jsonl", "break-glass.abc.2.merged.jsonl", "break-glass.abc.3.merged.jsonl"]
    assert kept == dict(zip(names, texts, strict=True))


def test_spool_that_grew_meanwhile_is_not_retired(tmp_path: Path) -> None:
    spool = SpoolFile(tmp_path)
    spool.append(number)
    read = spool.read()
    SpoolFile(tmp_path).append(number)
    assert spool.retire(read, "abc") is None
    assert spool.read() == "0\n1\n"


def test_bytes_that_are_no_text_are_read_as_damage(tmp_path: Path) -> None:
    spool = SpoolFile(tmp_path)
    spool.append(number)
    spool.path.write_bytes(b"\xff\xfe\n")
    assert spool.read() == "\ufffd\ufffd\n"


def test_what_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file in its place")
    with pytest.raises(HoldfastError, match="can't be written"):
        SpoolFile(tmp_path).append(number)
    assert SpoolFile(tmp_path).read() == ""
