"""A repository that means harm: every trap in a folder of its own, beside one file that is as it should be.

`CANARY` stands outside of the repository: whoever prints it has read what was not given to it. `MARK` is a file that
appears when something of the repository was run.
"""

import io
import json
import os
import resource
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from holdfast.model.frozen import frozen

CANARY = "canary-a8f3-outside"
MARK = "something-was-run"
MEMORY_BYTES = 1536 << 20
TIMEOUT_S = 180.0
Trap = Callable[[Path, Path], None]
"""Sets a trap in a folder; the second folder lies outside of the repository, and has `canary.txt`."""


@frozen
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def talk(self) -> str:
        """All that it said."""
        return self.out + self.err


def run(folder: Path, *arguments: str | Path, variables: dict[str, str] | None = None) -> Ran:
    """Run the program in a process that may take so much memory and time, and no more."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {f"HOLDFAST_{name}": "none" for name in ("KEV", "EPSS", "SSVC")} | (variables or {})
    ended = subprocess.run(
        [sys.executable, "-m", "holdfast", *(str(one) for one in arguments)],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
        preexec_fn=_bounded,
    )
    return Ran(ended.returncode, ended.stdout.decode("utf-8", "replace"), ended.stderr.decode("utf-8", "replace"))


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def git(folder: Path, *arguments: str) -> None:
    """Run Git as whoever prepares a repository does."""
    named = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *named, *arguments], cwd=folder, check=True, capture_output=True)


def _text(name: str, text: str | bytes) -> Trap:
    data = text.encode() if isinstance(text, str) else text

    def trap(folder: Path, outside: Path) -> None:
        (folder / name).write_bytes(data.replace(b"OUTSIDE", os.fsencode(outside)))

    return trap


def _zip(name: str, *entries: tuple[str, bytes]) -> Trap:
    return lambda folder, _outside: _write_zip(folder / name, *entries)


def _write_zip(to: Path | io.BytesIO, *entries: tuple[str, bytes]) -> None:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in entries:
            archive.writestr(entry, data)


def _nested_zip(folder: Path, _outside: Path) -> None:
    data = b"x"
    for _ in range(1000):
        held = io.BytesIO()
        _write_zip(held, ("a.jar", data))
        data = held.getvalue()
    (folder / "deep.jar").write_bytes(data)


def _linked_zip(folder: Path, outside: Path) -> None:
    entry = zipfile.ZipInfo("META-INF/maven/g/a/pom.properties")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "linked.jar", "w") as archive:
        archive.writestr(entry, str(outside / "canary.txt"))


def _link(name: str, to: str) -> Trap:
    return lambda folder, outside: (folder / name).symlink_to(to.replace("OUTSIDE", str(outside)))


def _sparse(folder: Path, _outside: Path) -> None:
    with (folder / "poetry.lock").open("wb") as file:
        file.truncate(10 << 30)


def _socket(folder: Path, _outside: Path) -> None:
    here = os.getcwd()
    os.chdir(folder)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("Cargo.lock")
    finally:
        os.chdir(here)


def _deep(folder: Path, _outside: Path) -> None:
    for _ in range(400):
        folder /= "deeper"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("deep==1.0\n")


def _many(folder: Path, _outside: Path) -> None:
    for number in range(300):
        (folder / str(number)).mkdir()
        for name in ("a", "b", "requirements.txt", "package.json"):
            (folder / str(number) / name).write_text("")


def _cases(folder: Path, _outside: Path) -> None:
    for number, name in enumerate(("requirements.txt", "Requirements.txt", "REQUIREMENTS.TXT")):
        (folder / name).write_text(f"acme-{number}==1.0\n")


def _laughs(name: str, root: str, inside: str) -> Trap:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return _text(name, f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><{root}>{inside}</{root}>')


def _outside_entity(name: str, root: str, inside: str) -> Trap:
    doctype = '<!DOCTYPE x [<!ENTITY l11 SYSTEM "file://OUTSIDE/canary.txt">]>'
    return _text(name, f'<?xml version="1.0"?>{doctype}<{root}>{inside}</{root}>')


_POM = "<groupId>g</groupId><artifactId>a</artifactId><version>&l11;</version>"
_ANCHORS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
_CYCLE = {
    "spdxVersion": "SPDX-2.3",
    "SPDXID": "SPDXRef-DOCUMENT",
    "packages": [{"name": n, "SPDXID": f"SPDXRef-{n}", "versionInfo": "1"} for n in "ab"],
    "relationships": [
        {"spdxElementId": f"SPDXRef-{a}", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": f"SPDXRef-{b}"}
        for a, b in ("ab", "ba", "aa")
    ],
}
_LOCK_LINK = {"": {}, "node_modules/out": {"resolved": "../../../outside", "link": True}}

UNKNOWN: dict[str, Trap] = {
    "zip bomb": _zip("bomb.jar", ("META-INF/maven/g/a/pom.properties", bytes(200 << 20))),
    "zip in a zip a thousand deep": _nested_zip,
    "zip that is none": _text("none.jar", b"PK\x03\x04" + b"\xff" * 100),
    "laughs in a pom": _laughs("pom.xml", "project", _POM),
    "laughs in NuGet's list": _laughs("packages.config", "packages", '<package id="&l11;" version="1"/>'),
    "laughs in an SBOM": _laughs("bom.xml", 'bom xmlns="http://cyclonedx.org/schema/bom/1.4"', "&l11;"),
    "entity outside in a pom": _outside_entity("pom.xml", "project", _POM),
    "entity outside in NuGet's list": _outside_entity("packages.config", "packages", "&l11;"),
    "anchors in pnpm's lock": _text("pnpm-lock.yaml", "lockfileVersion: '9.0'\n" + _ANCHORS + "packages: *a11\n"),
    "anchors in Dart's lock": _text("pubspec.lock", _ANCHORS + "packages: *a11\n"),
    "list outside": _text("requirements.txt", "-r ../../../outside/canary.txt\n-r OUTSIDE/canary.txt\n"),
    "constraints outside": _text("requirements.txt", "-c OUTSIDE/canary.txt\nacme\n"),
    "link outside": _link("requirements.txt", "OUTSIDE/canary.txt"),
    "link to a device": _link("package-lock.json", "/dev/zero"),
    "link to itself": _link("uv.lock", "uv.lock"),
    "lock of ten gigabytes": _sparse,
    "JSON a million deep": _text("package-lock.json", b"[" * 1_000_000),
    "TOML a million deep": _text("Cargo.lock", b"a = " + b"[" * 1_000_000),
    "JSON of a huge number": _text("composer.lock", '{"packages": [{"name": ' + "9" * 100_000 + "}]}"),
    "lines in a name": lambda folder, _: _named(folder, "a\nb::error file=x::c", b"\x00\x01"),
    "terminal in a name": lambda folder, _: _named(folder, "\x1b[2J\x1b]0;x\x07", b"==\n\x00"),
}
"""Each is a gap that names its file."""
HARMLESS: dict[str, Trap] = {
    "zip with names that lead out": _zip("out.jar", ("../../../x/META-INF/maven/g/a/pom.properties", b"version=1")),
    "zip with a link": _linked_zip,
    "npm's link outside": _text("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": _LOCK_LINK})),
    "parent outside": _text(
        "pom.xml",
        "<project><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version>"
        "<relativePath>../../../outside/pom.xml</relativePath></parent><artifactId>a</artifactId></project>",
    ),
    "pipe": lambda folder, _: os.mkfifo(folder / "requirements.txt"),
    "socket": _socket,
    "SPDX in a circle": _text("bom.spdx.json", json.dumps(_CYCLE)),
    "folders that are deep": _deep,
    "files that are many": _many,
    "folder that is a link": _link("linked", "OUTSIDE"),
    "names that differ by case": _cases,
    "name that is no text": lambda folder, _: _named(folder, os.fsdecode(b"\xff\xfe"), b"acme-raw==1.0\n"),
}
"""They do no harm, and may well be read."""


def _named(folder: Path, name: str, content: bytes) -> None:
    (folder / name).mkdir()
    (folder / name / "requirements.txt").write_bytes(content)


def make(top: Path, traps: dict[str, Trap]) -> dict[str, str]:
    """Set traps below `top/repo`; returns the folder of each by its name."""
    repo, outside = top / "repo", top / "outside"
    (repo / "good").mkdir(parents=True)
    outside.mkdir()
    (outside / "canary.txt").write_text(f"{CANARY}==6.6.6\n")
    (outside / "requirements.txt").write_text(f"{CANARY}==6.6.6\n")
    (outside / "pom.xml").write_text(f"<project><groupId>{CANARY}</groupId></project>")
    (repo / "good" / "requirements.txt").write_text("acme-good==1.0\n")
    folders = {}
    for number, (name, trap) in enumerate(traps.items()):
        folder = repo / "traps" / f"t{number}"
        folder.mkdir(parents=True)
        trap(folder, outside)
        folders[name] = f"traps/t{number}/"
    return folders


_PROGRAMS = (
    "core.fsmonitor",
    "core.sshCommand",
    "core.pager",
    "core.editor",
    "core.alternateRefsCommand",
    "core.gitProxy",
    "credential.helper",
    "diff.external",
    "diff.x.textconv",
    "filter.x.clean",
    "filter.x.process",
    "filter.x.smudge",
    "gpg.program",
    "uploadpack.packObjectsHook",
)
_HOOKS = ("fsmonitor-watchman", "post-checkout", "post-index-change", "pre-auto-gc", "reference-transaction")


def arm_git(repo: Path, outside: Path) -> None:
    """Give a repository a configuration and hooks that would run something, and objects that lie elsewhere."""
    script = repo / "run.sh"
    script.write_text(f"#!/bin/sh\necho run >> '{outside / MARK}'\n")
    script.chmod(0o755)
    hooks = repo / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in _HOOKS:
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    with (repo / ".git" / "config").open("a") as file:
        for name in _PROGRAMS:
            head, *section, key = name.split(".")
            file.write(f"[{' '.join([head, *(json.dumps(one) for one in section)])}]\n\t{key} = {script}\n")
        file.write(f'[remote "origin"]\n\turl = ext::{script}\n\tpromisor = true\n[protocol "ext"]\n\tallow = always\n')
        file.write(f"[include]\n\tpath = {outside / 'config'}\n")
    (outside / "config").write_text(f"[user]\n\tname = {CANARY}\n")
    (repo / ".gitattributes").write_text("* filter=x diff=x\n")
    (repo / ".git" / "objects" / "info" / "alternates").write_text(f"{outside}\n")
