"""Dependency files that were cut, emptied, nested, blown up, merged or written in another encoding: none is silent."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edges.cli.conftest import _environment, shell
from tests.edges.cli.shell import Shell

__all__ = ["_environment", "shell"]

GOOD = {
    "requirements.txt": "acme-pdf==1.4.0\njinja2==3.1.2\n",
    "uv.lock": 'version = 1\n\n[[package]]\nname = "acme-pdf"\nversion = "1.4.0"\n'
    'source = { registry = "https://registry.example/simple" }\n',
    "poetry.lock": '[[package]]\nname = "acme-pdf"\nversion = "1.4.0"\noptional = false\n\n'
    '[metadata]\nlock-version = "2.0"\n',
    "package-lock.json": '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/left": {"version": "1.0.0"}}}',
    "go.mod": "module example.com/app\n\ngo 1.22\n\nrequire example.com/lib v1.2.3\n",
    "go.sum": "example.com/lib v1.2.3 h1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=\n",
    "Cargo.lock": '[[package]]\nname = "serde"\nversion = "1.0.0"\n'
    'source = "registry+https://registry.example/index"\n',
    "bom.json": '{"bomFormat": "CycloneDX", "specVersion": "1.5", "components":'
    ' [{"type": "library", "name": "left", "version": "1.0.0", "purl": "pkg:npm/left@1.0.0"}]}',
}
FOLDERS = {name: f"f{number}" for number, name in enumerate(GOOD)}
"""Each in a folder of its own: a `go.sum` has nothing to say beside a `go.mod`."""
Damage = Callable[[bytes], bytes]
DAMAGE: dict[str, Damage] = {
    "empty": lambda _: b"",
    "blank": lambda _: b" \n\n",
    "cut": lambda data: data[: len(data) * 2 // 3],
    "another encoding": lambda data: data.decode().encode("utf-16"),
    "broken bytes": lambda data: data[:20] + b"\xff\xfe\x80" + data[20:],
    "NUL": lambda data: data.replace(b"1", b"\x00", 1),
    "merge conflict": lambda data: b"<<<<<<< HEAD\n" + data + b"=======\n" + data + b">>>>>>> theirs\n",
    "deeply nested": lambda data: b'{"a":' * 20_000 + data + b"}" * 20_000,
    "nested arrays": lambda data: b"x = " + b"[" * 20_000,
    "one long line": lambda data: data.rstrip() + b"9" * 300_000,
    "not what it says": lambda _: b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "terminal escapes": lambda data: data.replace(b"acme-pdf", b"\x1b[2Jacme").replace(b"left", b"l\\u001b[2Jft"),
}


@pytest.mark.parametrize("kind", sorted(DAMAGE))
def test_a_damaged_file_is_read_or_reported_and_the_others_are_read(shell: Shell, kind: str) -> None:
    for name, text in GOOD.items():
        shell.write(f"tree/bad/{FOLDERS[name]}/{name}", DAMAGE[kind](text.encode()))
        shell.write(f"tree/good/{FOLDERS[name]}/{name}", text)
    printed = shell("scan", shell.files / "tree", "--feed", "none", "--offline", "--format", "json")
    document = printed.json
    read = {one["file"]: one["components"] for one in document["files"]}
    reported = {one["file"] for one in document["unparsed"]}
    assert all(read[f"good/{FOLDERS[name]}/{name}"] for name in GOOD)
    for name in GOOD:
        place = f"bad/{FOLDERS[name]}/{name}"
        assert place in set(read) | reported, (kind, name)
        assert read.get(place) or place in reported or _may_be_empty(kind, name), (kind, name, document["unparsed"])
    assert all(one["because"] for one in document["unparsed"])
    assert "Traceback" not in printed.err
    table = shell("scan", shell.files / "tree", "--feed", "none", "--offline")
    assert "\x1b" not in table.out + table.err
    assert "\x00" not in table.out + table.err


def _may_be_empty(kind: str, name: str) -> bool:
    """A file of a format that has lines and nothing else may be empty; a cut `go.sum` or `go.mod` names no more."""
    return kind in {"empty", "blank"} and name in {"requirements.txt", "go.sum"}


def test_files_cut_anywhere_are_read_or_reported(shell: Shell) -> None:
    chance = random.Random(7)
    names = []
    for number in range(120):
        name, text = chance.choice(sorted(GOOD.items()))
        data = bytearray(text.encode())
        del data[chance.randrange(len(data)) :]
        for _ in range(chance.randrange(3)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        shell.write(f"tree/{number}/{name}", bytes(data))
        names.append(f"{number}/{name}")
    document = shell.json("scan", shell.files / "tree", "--feed", "none", "--offline")
    assert {one["file"] for one in document["files"]} | {one["file"] for one in document["unparsed"]} == set(names)
    components = {one["purl"] for one in document["components"]}
    assert all(purl.isprintable() for purl in components)


def test_a_file_that_is_no_file_is_reported_or_left_out(shell: Shell, tmp_path: Path) -> None:
    tree = shell.write("tree/ok/requirements.txt", GOOD["requirements.txt"]).parents[1]
    (tree / "out").mkdir()
    (tmp_path / "secret").write_text("secret==1\n")
    (tree / "out" / "requirements.txt").symlink_to(tmp_path / "secret")
    (tree / "round").symlink_to(tree)
    (tree / "gone").mkdir()
    (tree / "gone" / "uv.lock").symlink_to(tree / "nowhere")
    (tree / "folder.d" / "uv.lock").mkdir(parents=True)
    document = shell.json("scan", tree, "--feed", "none", "--offline")
    assert "pkg:pypi/secret@1" not in {one["purl"] for one in document["components"]}
    assert len(document["components"]) == 2
