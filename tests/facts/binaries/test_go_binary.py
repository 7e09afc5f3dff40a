"""Build information of Go programs: of those that Go builds here, and of others made by hand."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from holdfast.edges.providers.local_tree import LocalTree
from holdfast.facts.executables import read_executable
from holdfast.model.component import ParsedFile, Source
from holdfast.testing.trees import MemoryTree
from tests.facts.binaries.programs import MODULES, elf, fat, inline_info, macho, pe, pointed_info

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="no `go` on the PATH")
_SOURCES = {
    "go.mod": "module example.com/hello\n\ngo 1.21\n\nrequire example.com/lib v1.2.3\n"
    "replace example.com/lib => ./lib\n",
    "main.go": 'package main\n\nimport "example.com/lib"\n\nfunc main() { println(lib.F()) }\n',
    "lib/go.mod": "module example.com/lib\n\ngo 1.21\n",
    "lib/lib.go": "package lib\n\nfunc F() int { return 1 }\n",
}
EXPECTED = [
    ("stdlib", "1.21.3", Source.REGISTRY),
    ("example.com/cmd", "", Source.PATH),
    ("example.com/a", "v1.2.3", Source.REGISTRY),
    ("example.com/fork", "v1.0.1", Source.REGISTRY),
    ("example.com/c", "v0.1.0", Source.PATH),
]


def read(data: bytes) -> ParsedFile | None:
    return read_executable(MemoryTree({"bin/tool": data}), "bin/tool")


def rows(parsed: ParsedFile | None) -> list[tuple[str, str, Source]]:
    assert parsed is not None
    return [(one.component.name, one.component.version, one.component.source) for one in parsed.occurrences]


@needs_go
@pytest.mark.parametrize("target", ["linux/amd64", "darwin/arm64", "windows/amd64", "linux/amd64 stripped"])
def test_program_that_go_builds_names_its_modules(target: str, tmp_path: Path) -> None:
    for name, text in _SOURCES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    system, _, processor = target.partition(" ")[0].partition("/")
    quiet = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOWORK": "off"}
    environment = {**os.environ, **quiet, "GOOS": system, "GOARCH": processor}
    stripped = ["-ldflags=-s -w"] if "stripped" in target else []
    command = ["go", "build", "-buildvcs=false", *stripped, "-o", "tool", "."]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    go = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True, env=environment).stdout
    parsed = read_executable(LocalTree(tmp_path), "tool")
    assert rows(parsed) == [
        ("stdlib", go.strip().removeprefix("go"), Source.REGISTRY),
        ("example.com/hello", "", Source.PATH),
        ("example.com/lib", "v1.2.3", Source.PATH),
    ]
    assert parsed is not None
    assert (parsed.format, parsed.unparsed) == ("go_binary", ())


@pytest.mark.parametrize(
    "data",
    [
        elf({".text": b"x" * 16, ".go.buildinfo": inline_info()}),
        elf({".go.buildinfo": inline_info()}, wide=False, order=">"),
        elf({}, inline_info()),
        elf({}, bytes(40) + b"\xff Go buildinf:" + bytes(10) + inline_info()),
        macho({"__go_buildinfo": inline_info()}),
        pe({".data": bytes(64) + inline_info()}),
        fat(macho({"__go_buildinfo": inline_info()}), macho({"__go_buildinfo": inline_info()})),
    ],
    ids=["elf", "elf-32-big", "elf-no-sections", "elf-other-mark", "macho", "pe", "fat"],
)
def test_program_of_any_format_names_its_modules(data: bytes) -> None:
    parsed = read(data)
    assert rows(parsed) == EXPECTED
    assert parsed is not None
    assert parsed.unparsed == ()


@pytest.mark.parametrize(("wide", "order"), [(True, "<"), (False, ">")])
def test_program_of_an_old_go_is_read_by_its_pointers(wide: bool, order: str) -> None:
    parsed = read(elf({}, pointed_info(wide=wide, order=order), wide=wide, order=order))
    assert rows(parsed) == [("stdlib", "1.16.5", Source.REGISTRY), *EXPECTED[1:]]


def test_program_of_a_released_main_module_is_that_module() -> None:
    modules = MODULES.replace("(devel)", "v1.4.0")
    assert rows(read(elf({".go.buildinfo": inline_info(modules)})))[1] == ("example.com/cmd", "v1.4.0", Source.REGISTRY)


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (inline_info(go="devel go1.23-abc"), "built by `devel go1.23-abc`, which is no release of Go"),
        (inline_info(modules=""), "a Go program without module information"),
        (inline_info("mod\texample.com/x\n"), "expected a module and its version, got `mod\\texample.com/x`"),
        (inline_info()[:20], "build information can't be read: the program is truncated"),
        (b"\xff Go buildinf:\x08\x00" + bytes(range(16)), "an address that is not in the program"),
        (b"\xff Go buildinf:\x07\x00" + bytes(16), "pointers of 7 bytes"),
        (b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\xff" * 12, "the program is truncated"),
        (b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\xff\xff\xff\xff\x7f", "the program is truncated"),
    ],
)
def test_program_whose_information_is_not_whole_is_a_gap(data: bytes, because: str) -> None:
    parsed = read(elf({"a": b"", ".go.buildinfo": data}))
    assert parsed is not None
    assert any(because in gap.because for gap in parsed.unparsed), parsed.unparsed
