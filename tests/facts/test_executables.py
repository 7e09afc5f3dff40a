"""Which files are programs, and that none of them does harm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.composition import read_composition
from holdfast.facts.executables import read_executable
from holdfast.testing.trees import MemoryTree
from tests.facts.binaries.programs import elf, fat, inline_info, macho, pe
from tests.facts.binaries.test_cargo_auditable import CRATES, packed

PROGRAMS = {
    "elf": elf({".text": b"x", ".go.buildinfo": inline_info()}, b"data"),
    "rust": elf({".dep-v0": packed(CRATES)}),
    "macho": macho({"__go_buildinfo": inline_info()}),
    "fat": fat(macho({"__go_buildinfo": inline_info()}), macho({".dep-v0": packed(CRATES)})),
    "pe": pe({".data": inline_info(), ".dep-v0": packed(CRATES)}),
}


class Watched(MemoryTree):
    """Counts the bytes that are read."""

    taken = 0

    def read_part(self, path: str, start: int, count: int) -> bytes:
        data = super().read_part(path, start, count)
        self.taken += len(data)
        return data

    def read(self, path: str, limit_bytes: int) -> bytes:
        raise FactError("read as a whole", where=path)


def test_program_in_a_tree_is_part_of_its_composition() -> None:
    sbom = read_composition(MemoryTree({"bin/tool": PROGRAMS["elf"], "requirements.txt": "a==1\n"}))
    assert [one[:2] for one in sbom.files] == [("bin/tool", "go_binary"), ("requirements.txt", "requirements_txt")]


def test_big_program_is_not_read_as_a_whole() -> None:
    tree = Watched({"tool": elf({".text": bytes(20 << 20), ".go.buildinfo": inline_info()})})
    assert read_executable(tree, "tool") is not None
    assert tree.taken < 1 << 16


def test_other_files_are_looked_at_with_four_bytes_or_not_at_all() -> None:
    tree = Watched(
        {"LICENSE": "text" * 1000, "main.py": "print()", "data.bin": b"\0" * 9999, "Main.class": b"\xca\xfe"}
    )
    assert read_composition(tree).files == ()
    assert tree.taken == 8


def test_program_that_holds_both_kinds_names_both() -> None:
    for name in ("fat", "pe"):
        parsed = read_executable(MemoryTree({"x": PROGRAMS[name]}), "x")
        assert parsed is not None
        assert {one.component.ecosystem for one in parsed.occurrences} == {"Go", "crates.io"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fEL",
        elf({".text": b"x"}),
        elf({}),
        pe({".text": b""}),
        b"MZ",
        b"MZ" + b"\xff" * 99,
        b"\xca\xfe\xba\xbe\0\0\0\x34",
    ],
)
def test_file_that_says_nothing_is_none(data: bytes) -> None:
    assert read_executable(MemoryTree({"x": data}), "x") is None


@pytest.mark.parametrize("data", [b"\x7fELF", PROGRAMS["elf"][:80], PROGRAMS["macho"][:40], PROGRAMS["pe"][:100]])
def test_truncated_program_is_a_gap(data: bytes) -> None:
    parsed = read_executable(MemoryTree({"x": data}), "x")
    assert parsed is not None
    assert parsed.unparsed[0].because == "a program, and its headers can't be read: it is truncated or damaged"


@pytest.mark.parametrize("name", sorted(PROGRAMS))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_program_is_read_or_a_gap(name: str, data: st.DataObject) -> None:
    damaged = bytearray(PROGRAMS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(4, len(damaged) - 1) | st.integers(4, min(len(damaged) - 1, 300)))
        new = data.draw(
            st.sampled_from([b"\xff" * 8, bytes(8), b"\xff\xff", b"\x01"]) | st.binary(min_size=1, max_size=8)
        )
        damaged[at : at + len(new)] = new
    cut = data.draw(st.integers(4, len(damaged)) | st.just(len(damaged)))
    parsed = read_executable(MemoryTree({"x": bytes(damaged[:cut])}), "x")
    assert parsed is None or all(gap.because.isprintable() for gap in parsed.unparsed)
