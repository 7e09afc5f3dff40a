"""Write the reference from the code: the command line and the formats. Nothing in them is typed by hand."""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from holdfast.app.main import cli
from holdfast.app.room_reference import render_actions, render_targets
from holdfast.facts.packages import UNREAD_DATABASES
from holdfast.facts.recognized import MANIFESTS, RECOGNIZED
from holdfast.registry import load_room

TARGET = Path(__file__).parents[1] / "docs" / "reference"
_WIDTH = 100


def render_cli() -> str:
    """Return the page of the command line: the help of every command, as it is printed."""
    parts = [
        "# The command line",
        "Generated from the code by `make docs`.",
        _PROMISES,
        *(f"{'#' * (1 + len(names))} {' '.join(names)}\n\n```text\n{text}\n```" for names, text in _helps()),
    ]
    return "\n\n".join(parts) + "\n"


_PROMISES = """\
Data goes to standard output, talk and progress to standard error. With `--format json` there is one JSON document on
standard output whatever the exit code; it names its `schema` and version, an error's is `holdfast.error/1`. `NO_COLOR`
is heeded, and no meaning is in a colour alone. Names from outside are shown with their control characters escaped.

| exit code | means |
|---|---|
| 0 | fine |
| 1 | blocked: findings at or above `scan --fail-on`; a journal that does not verify |
| 2 | usage |
| 3 | nothing to look at |
| 4 | Holdfast failed, or was refused |
| 5 | could not tell |

Completion: `eval "$(_HOLDFAST_COMPLETE=bash_source holdfast)"`, or `zsh_source`, `fish_source`."""


def _helps() -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (names, help) of the program and of every command below it."""
    context = click.Context(cli, info_name="holdfast", terminal_width=_WIDTH, **cli.context_settings)
    yield ("holdfast",), _help(cli, context)
    for name in cli.list_commands(context):
        yield from _below(cli, context, name, (f"holdfast {name}",))


def _below(
    group: click.Group, context: click.Context, name: str, names: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    command = group.get_command(context, name)
    if command is None:
        sys.exit(f"there is no command `{' '.join(names)}`")
    inner = click.Context(command, parent=context, info_name=name, terminal_width=_WIDTH)
    yield names, _help(command, inner)
    if isinstance(command, click.Group):
        for one in command.list_commands(inner):
            yield from _below(command, inner, one, (*names, one))


def _help(command: click.Command, context: click.Context) -> str:
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def render_formats() -> str:
    """Return the page of what is read and what is not, from the SPECs and lists that the readers themselves use."""
    sections = [
        ("Read", _READ, _readers("facts.lockfiles", lambda spec: spec.patterns)),
        ("Read in programs", _PROGRAMS, _readers("facts.binaries", lambda spec: spec.formats)),
        ("Reports of other tools", _REPORTS, _readers("facts.reports", lambda spec: (spec.id,))),
        ("VEX", _VEX, _readers("facts.vex", lambda spec: (spec.id,))),
        (
            "Read on machines and in images",
            _MACHINES,
            _readers("facts.packages", lambda spec: tuple(f"/{one}" for one in spec.paths)),
        ),
        ("Container images", _IMAGES, _images()),
        ("Recognized, and not read yet", _RECOGNIZED, _grouped(RECOGNIZED)),
        ("Recognized on machines, and not read yet", "", _grouped({f"/{k}": v for k, v in UNREAD_DATABASES.items()})),
        ("Manifests", _MANIFESTS, _manifests()),
        ("Orders of versions", _ORDERS, _room("controls.versions", lambda spec: spec.ecosystems)),
    ]
    parts = ["# What is read, and what is not", "Generated from the code by `make docs`."]
    parts += [f"## {title}\n\n{text}\n\n{table}".replace("\n\n\n", "\n\n") for title, text, table in sections]
    return "\n\n".join(parts) + "\n"


_READ = """\
Each component keeps its purl, file, line where the format has lines, whether it is direct or one path from a direct one
where the format knows, and its scope. A part that could not be read stands in `unparsed`, with its line and the reason.
Names are matched without regard to case; CycloneDX documents are found by their content. Components from local paths,
workspaces, version control or an address are named, and not matched: so are container images that a Dockerfile or a
workflow names. What is in an image is told by a scan of the image; only one without a fixed tag or digest is a gap."""
_PROGRAMS = """\
Programs are known by their first four bytes, whatever their name, and never run; a file whose name ends as a text's, a
picture's or an archive's is not looked into. A program in which a compiler left nothing says nothing: it is no gap."""
_REPORTS = """\
Known by their content, JSON up to 64 MiB and 200,000 findings; more is refused. What a report says of a run that failed
is a gap. Texts of secrets are not kept."""
_VEX = """\
What others say of vulnerabilities, known by its content: JSON, or XML of CycloneDX, up to 64 MiB and 500,000 products;
more is refused. What no package URL names matches nothing, and is told."""
_MACHINES = """\
Databases of installed packages, by `holdfast agent` on a machine and by a scan of an image or of a file system in a
folder. Nothing is run and nothing is changed. The release is told by `os-release`."""
_IMAGES = (
    "Taken by `holdfast scan` and `holdfast sbom` as they take a folder; see [images](../guides/scanning-images.md)."
)
_RECOGNIZED = """\
These are known by name. Each stands in `unparsed`: what was not read is unknown, and unknown is not pass."""
_MANIFESTS = """\
They ask for dependencies without fixing them. Where one of the lock files is beside it or in a folder above, that one
counts; without any, the manifest stands in `unparsed`, unless it asks for nothing. A lock stands for no more than what
it has: a name that `package.json`, `pyproject.toml`, `Cargo.toml`, `composer.json`, `pubspec.yaml`, `Pipfile`,
`requirements.in` or a .NET project asks for and that none of its locks has is `unparsed`, and so is an exact version
that is not the locked one. Extras and groups of Python are held to `uv.lock` and `poetry.lock` alone, which fix all of
them; so is what only some machines get by its marker, and what no Python of the project gets is held to none. What a
workspace overrides or takes out is not told. The other manifests are programs: these are not run, and what they ask for
is taken to be in their lock."""
_ORDERS = """\
Versions of these ecosystems are compared as their own tools do; a release (`Debian:12`) does not change the order. An
ecosystem that is not here, or that has no feed, is `unknown`."""


def _readers(room: str, files: Any) -> str:
    """A row a reader: its files, what they are, the rules it keeps, and who says that the format is so."""
    rows = [(_code(files(spec)), *_said(f"holdfast.{room}.{spec.id}")) for spec in load_room(room)]
    return _table(("files", *_HEAD), sorted(rows))


def _images() -> str:
    modules = (f"holdfast.edges.providers.images.{name}" for name in ("archive", "registry", "file_system", "inflated"))
    return _table(_HEAD, [_said(name) for name in modules])


_HEAD = ("what", "what of it is read, what is not, and what is said then", "source")


def _said(module: str) -> tuple[str, str, str]:
    """What a module says that it is, the rules it keeps, and its source."""
    parts = (inspect.getdoc(import_module(module)) or "").split("\n\n")
    source = next((part for part in parts[1:] if part.startswith("Source:")), "")
    rules = [part for part in parts[1:] if part not in {source, "Rules:"}]
    return _cell(parts[0]), _cell(*rules), _cell(source.removeprefix("Source:"))


def _cell(*paragraphs: str) -> str:
    """Paragraphs in one cell of a table; a numbered rule starts a line."""
    text = "\n\n".join(paragraphs).replace("|", "\\|")
    parts = re.split(r"\n\n|\n(?=\d+\. |\* )", text)
    return "<br>".join(" ".join(part.split()) for part in parts)


def _room(room: str, globs: Any) -> str:
    """A row a module of a room; what it says of itself is the first sentence of its docstring."""
    rows = []
    for spec in load_room(room):
        module = import_module(f"holdfast.{room}.{spec.id}")
        first = (inspect.getdoc(module) or "").partition("\n\n")[0].replace("\n", " ")
        rows.append((_code(globs(spec)), first.replace("|", "\\|")))
    return _table(("names", "what"), sorted(rows))


def _grouped(names: dict[str, str]) -> str:
    groups: dict[str, list[str]] = {}
    for glob, what in names.items():
        groups.setdefault(what, []).append(glob)
    return _table(("names", "what"), [(_code(globs), what) for what, globs in sorted(groups.items())])


def _manifests() -> str:
    return _table(
        ("manifest", "is fixed by"),
        [(_code([glob]), _code((*one.locks, *one.beside))) for glob, one in sorted(MANIFESTS.items())],
    )


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"|{'---|' * len(head)}" if line[0] == "---" else f"| {' | '.join(line)} |" for line in lines)


PAGES = {
    "cli.md": render_cli,
    "formats.md": render_formats,
    "targets.yaml.md": render_targets,
    "actions.md": render_actions,
}


def main() -> None:
    """Write every page that is not as the code would have it, and name it."""
    for name, render in PAGES.items():
        path, text = TARGET / name, render()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
