"""`holdfast versions`."""

import time

import pytest

from tests.edges.cli.shell import Shell


@pytest.mark.parametrize(
    ("ecosystem", "pairs", "signs"),
    [
        ("PyPI", ["1.0rc1\t1.0", "1.0\t1.0.0", "1.10\t1.9"], "<=>"),
        ("npm", ["1.0.0-alpha\t1.0.0", "1.0.0+a\t1.0.0+b", "10.0.0\t9.0.0"], "<=>"),
        ("Debian:12", ["1.0~rc1\t1.0", "1:0\t2", "0:1.0\t1.0"], "<>="),
        ("Go", ["v1.0.0\tv1.0.1", "v1.0.0\tv1.0.0"], "<="),
    ],
)
def test_compare_prints_a_sign_a_line(shell: Shell, ecosystem: str, pairs: list[str], signs: str) -> None:
    printed = shell("versions", "compare", ecosystem, stdin="\n".join(pairs).encode())
    assert printed.out.split() == list(signs)


def test_what_cannot_be_told_is_a_question_mark(shell: Shell) -> None:
    printed = shell("versions", "compare", "npm", stdin=b"a\x00\t1.0\n\t\n\xff\t1\n")
    assert printed.out == "?\n" * 3


@pytest.mark.parametrize("ecosystem", ["PyPI", "npm", "Go", "crates.io", "Debian"])
def test_a_hostile_version_is_answered(shell: Shell, ecosystem: str) -> None:
    hostile = [b"9" * 10_000, b"9" * 10_000 + b"x", b"1." * 5_000, b"\x1b[2J", b"~" * 10_000, b"\xc2\xa01"]
    printed = shell("versions", "compare", ecosystem, stdin=b"".join(one + b"\t1.0\n" for one in hostile))
    assert len(printed.out.splitlines()) == len(hostile)
    assert set(printed.out) <= set("<=>?\n")


def test_a_line_without_a_tab_is_named_and_the_others_are_answered(shell: Shell) -> None:
    printed = shell("versions", "compare", "PyPI", stdin=b"1\t2\nnonsense\x1b[2J\n2\t1\n1\t2\t3\n", code=2)
    assert printed.out.split() == ["<", "?", ">", "?"]
    assert r"line 2: expected two versions with a tab between, got `nonsense\x1b[2J`" in printed.err
    assert "line 4: " in printed.err


def test_lines_end_at_line_feeds_alone(shell: Shell) -> None:
    assert shell("versions", "compare", "PyPI", stdin=b"1\t2\r\n2\t1").out.split() == ["<", ">"]


def test_compare_in_json_keeps_what_was_asked(shell: Shell) -> None:
    document = shell.json("versions", "compare", "PyPI", stdin=b"1\t2\n")
    assert document["items"] == [{"a": "1", "order": "<", "b": "2"}]


def test_an_ecosystem_without_an_order_names_those_that_have_one(shell: Shell) -> None:
    printed = shell("versions", "compare", "COBOL", code=2)
    assert "no order of versions is known for `COBOL`" in printed.err
    assert "PyPI" in printed.err


def test_sort_puts_versions_in_order_and_the_others_last(shell: Shell) -> None:
    printed = shell("versions", "sort", "npm", stdin=b"1.10.0\nnone\n1.9.0\n1.10.0-rc.1\n")
    assert printed.out.split() == ["1.9.0", "1.10.0-rc.1", "1.10.0", "none"]
    assert "line 2: `none` has no place in the order of npm" in printed.err
    assert shell.json("versions", "sort", "npm", "--reverse", stdin=b"1.0.0\n2.0.0\n")["items"] == ["2.0.0", "1.0.0"]


def test_a_hundred_thousand_lines_take_seconds(shell: Shell) -> None:
    lines = "".join(f"1.{n % 977}.{n % 89}\t1.{n % 89}.{n % 977}\n" for n in range(100_000)).encode()
    began = time.perf_counter()
    assert shell("versions", "compare", "PyPI", stdin=lines).out.count("\n") == 100_000
    assert time.perf_counter() - began < 20
