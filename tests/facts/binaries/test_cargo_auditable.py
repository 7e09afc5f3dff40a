"""Crates of Rust programs built with `cargo auditable`."""

import json
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from holdfast.edges.providers.local_tree import LocalTree
from holdfast.facts.executables import read_executable
from holdfast.model.component import ParsedFile
from holdfast.testing.trees import MemoryTree
from tests.facts.binaries.programs import elf, macho, pe

CRATES: dict[str, Any] = {
    "packages": [
        {"name": "shop", "version": "0.1.0", "source": "local", "root": True, "dependencies": [1, 3]},
        {"name": "serde", "version": "1.0.200", "source": "crates.io", "dependencies": [2]},
        {"name": "serde_derive", "version": "1.0.200", "source": "crates.io", "kind": "build"},
        {"name": "forked", "version": "0.2.0", "source": "git"},
    ]
}
EXPECTED = [
    ("shop", "0.1.0", "path", None, (), "runtime"),
    ("serde", "1.0.200", "registry", True, (), "runtime"),
    ("serde_derive", "1.0.200", "registry", False, ("serde",), "development"),
    ("forked", "0.2.0", "vcs", True, (), "runtime"),
]


def packed(document: object) -> bytes:
    return zlib.compress(json.dumps(document).encode())


def rows(parsed: ParsedFile | None) -> list[tuple[Any, ...]]:
    assert parsed is not None
    return [
        (one.component.name, one.component.version, one.component.source.value, one.direct, one.path, one.scope.value)
        for one in parsed.occurrences
    ]


def read(data: bytes) -> ParsedFile | None:
    return read_executable(MemoryTree({"tool.exe": data}), "tool.exe")


@pytest.mark.parametrize("make", [elf, macho, pe])
def test_program_of_any_format_names_its_crates(make: Any) -> None:
    parsed = read(make({".text": b"x", ".dep-v0": packed(CRATES)}))
    assert rows(parsed) == EXPECTED
    assert parsed is not None
    assert (parsed.format, parsed.unparsed) == ("cargo_auditable", ())


@pytest.mark.skipif(shutil.which("rustc") is None, reason="no `rustc` on the PATH")
def test_program_that_rust_builds_names_its_crates(tmp_path: Path) -> None:
    (tmp_path / "crates").write_bytes(packed(CRATES))
    size = (tmp_path / "crates").stat().st_size
    (tmp_path / "main.rs").write_text(
        '#[used]\n#[link_section = ".dep-v0"]\n'
        f'static CRATES: [u8; {size}] = *include_bytes!("crates");\nfn main() {{}}\n'
    )
    command = ["rustc", "-C", "strip=symbols", "-o", "tool", "main.rs"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert rows(read_executable(LocalTree(tmp_path), "tool")) == EXPECTED


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (b"hello", "it can't be decompressed"),
        (zlib.compress(b"hello"), "it is no JSON"),
        (zlib.compress(b"[" * 100_000), "it is no JSON"),
        (packed([]), "it has no `packages`"),
        (packed({"packages": 5}), "it has no `packages`"),
        (zlib.compress(bytes(9 << 20)), "it is over 8388608 bytes"),
    ],
)
def test_list_that_can_not_be_read_is_a_gap(data: bytes, because: str) -> None:
    parsed = read(elf({".dep-v0": data}))
    assert parsed is not None
    assert [gap.because for gap in parsed.unparsed] == [f"a Rust program whose list of crates can't be read: {because}"]


def test_odd_crate_does_not_stop_the_others() -> None:
    odd = {"packages": [5, {"name": 5, "version": "1"}, {"name": "a", "version": "1", "dependencies": [9, "x", -1, 0]}]}
    parsed = read(elf({".dep-v0": packed(odd)}))
    assert parsed is not None
    assert [(name, source) for name, _, source, *_ in rows(parsed)] == [("a", "url")]
    assert len(parsed.unparsed) == 2
