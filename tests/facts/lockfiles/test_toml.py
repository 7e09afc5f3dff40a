"""The fast reader of TOML agrees with the full one wherever it answers."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.lockfiles._toml import load_toml
from holdfast.facts.lockfiles._toml_lines import parse_lines
from tests.facts.lockfiles.test_cargo_lock import LOCK as CARGO
from tests.facts.lockfiles.test_poetry_lock import LOCK as POETRY
from tests.facts.lockfiles.test_uv_lock import LOCK as UV

LOCKS = [CARGO, POETRY, UV]
_ARCHIVES = {"wheels", "files", "sdist"}


def _without_archives(document: dict[str, Any]) -> dict[str, Any]:
    for package in document.get("package", []):
        for key in _ARCHIVES & package.keys():
            del package[key]
    return document


@pytest.mark.parametrize("text", LOCKS, ids=["cargo", "poetry", "uv"])
def test_fast_reader_reads_what_tools_write(text: str) -> None:
    fast = parse_lines(text)
    assert fast is not None
    assert _without_archives(fast[0]) == _without_archives(tomllib.loads(text))
    assert fast[1] == [number for number, line in enumerate(text.split("\n"), 1) if line == "[[package]]"]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_fast_reader_never_disagrees_with_the_full_one(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(LOCKS))
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 30)))
    bit = data.draw(
        st.sampled_from(['"', "'", '"""', "\\", "{", "}", "[", "]", ",", "=", "#", "\n", " ", ".", "true", "1_0"])
    )
    damaged = text[:at] + bit + text[until:]
    fast = parse_lines(damaged)
    try:
        full: dict[str, Any] | None = tomllib.loads(damaged)
    except tomllib.TOMLDecodeError:
        full = None
    if fast is not None and full is not None:
        assert _without_archives(fast[0]) == _without_archives(full)


def test_slow_way_gives_the_same_lines() -> None:
    odd = "x = '''\n[[package]]\n'''\n\n"
    odd += '[[ package ]] # first\nname = \'a\' # \'\'\'\n[["package"]]\nname = """\n[[package]]"""\n'
    assert parse_lines(odd) is None
    assert [line for line, _ in load_toml("x.lock", odd.encode()).packages()] == [5, 7]


def test_packages_that_are_no_tables_have_no_line() -> None:
    document = load_toml("x.lock", b"package = [{name = 'a'}, {name = 'b'}]\n")
    assert [line for line, _ in document.packages()] == [None, None]
    assert load_toml("x.lock", b"package = 5\n").packages() == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a = 1\na = 2\n", "x.lock:2:6"),
        ("a = ", "x.lock:1"),
        ("a = " + "[" * 50_000, "x.lock"),
        ("a = " + "9" * 5000, "x.lock"),
    ],
    ids=["twice", "end", "deep", "huge"],
)
def test_error_names_the_place(text: str, where: str) -> None:
    with pytest.raises(FactError) as caught:
        load_toml("x.lock", text.encode())
    assert caught.value.where is not None
    assert caught.value.where.startswith(where)


@pytest.mark.parametrize("part", ["a", "'a'", '"a"'])
@pytest.mark.parametrize("around", ["\n{} = 1", "\n[{}]"])
def test_key_of_very_many_parts_is_refused_at_once(part: str, around: str) -> None:
    key = ".".join([part] * 200_000)
    with pytest.raises(FactError, match="a key of over 200 parts") as caught:
        load_toml("x.toml", around.format(key).encode())
    assert caught.value.where == "x.toml:2"
