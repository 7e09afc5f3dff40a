"""What commands read and write."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.edges.cli.reading import read_input, read_json, read_text, write_output
from holdfast.errors import FactError, HoldfastError, UsageError


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"123456")
    assert read_input(tmp_path / "x", 6) == b"123456"
    with pytest.raises(FactError, match="at most"):
        read_input(tmp_path / "x", 5)


@pytest.mark.parametrize("name", ["none", ".", "a\0b", "x" * 300])
def test_what_cannot_be_read_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="could not be read"):
        read_input(tmp_path / name)


def test_text_that_is_not_utf_8_names_the_byte(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"ab\xff")
    with pytest.raises(FactError, match="byte 2"):
        read_text(tmp_path / "x")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_json_is_read_or_the_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(data)
    where = str(path)
    try:
        read_json(path)
    except HoldfastError as error:
        where = error.where or ""
    assert where == str(path)


def test_json_is_as_deep_as_can_be_sent_on(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(FactError, match="deeply"):
        read_json(path)


def test_output_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_output(tmp_path / "x", "text\r\n")
    assert (tmp_path / "x").read_bytes() == b"text\r\n"
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="could not be written"):
        write_output(tmp_path / "folder", "text")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder", "x"]
