"""`holdfast vex`: the documents that a server judges builds and what runs by."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, say
from holdfast.edges.cli.reading import read_text
from holdfast.edges.cli.words import instant_text
from holdfast.ports.api import Api

_MOST_BYTES = 1 << 20
_COLUMNS = [
    ("Document", "name"),
    ("Format", "format"),
    ("By", "by"),
    ("Signed", "signed"),
    ("Statements", "statements"),
    ("Changed", "changed"),
]


@click.group("vex")
def command() -> None:
    """VEX documents that a server judges builds and what runs by. For a gate here, see `holdfast gate --vex`.

    \b
    Examples:
      holdfast vex keep log4j vendor/log4j.openvex.json
      holdfast vex list
    """


@command.command("keep")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@with_api
@format_option
def keep(api: Api, *, name: str, file: Path, style: str) -> None:
    """Let the document in FILE (OpenVEX, CycloneDX or CSAF) count for every build and all that runs, as NAME.

    \b
    Examples:
      holdfast vex keep log4j vendor/log4j.openvex.json
    """
    answer = api.call("PUT", address("vex", name), body={"document": read_text(file, _MOST_BYTES)})
    for note in answer["notes"]:
        say(f"{name}: {note}")
    print_answer(style, "vex", answer, [_row(answer)], _COLUMNS)


@command.command("list")
@with_api
@format_option
def list_vex(api: Api, *, style: str) -> None:
    """List the documents by name.

    \b
    Examples:
      holdfast vex list
    """
    items = list(api.pages("/vex"))
    empty = "no VEX document: builds are judged by advisories alone"
    print_answer(style, "vex.list", {"items": items}, [_row(one) for one in items], _COLUMNS, empty=empty)


@command.command("remove")
@click.argument("name")
@with_api
@format_option
def remove(api: Api, *, name: str, style: str) -> None:
    """Let a document count no more.

    \b
    Examples:
      holdfast vex remove log4j
    """
    answer = api.call("DELETE", address("vex", name))
    print_answer(style, "vex.removed", answer, [_row(answer)], _COLUMNS)


def _row(kept: Mapping[str, Any]) -> dict[str, Any]:
    signed = "yes" if kept.get("signed_by") else "no"
    return {**kept, "signed": signed, "by": ", ".join(kept["authors"]), "changed": instant_text(kept["changed_at"])}
