"""`holdfast flags`: what applications are served, and what forces it.

Flags are in flagd's JSON model. Source: flagd.dev, flag definitions.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.flag_versions import delete, export, history, proofs, rollback
from holdfast.edges.cli.flags_lint import lint
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, print_facts, print_heading, print_json, print_rows, say
from holdfast.edges.cli.reading import read_json, read_text
from holdfast.edges.cli.words import instant_text
from holdfast.errors import HoldfastError
from holdfast.mitigations.flag_file import parse_flag_file
from holdfast.ports.api import Api

_COLUMNS = [
    ("Flag", "key"),
    ("State", "state"),
    ("Default", "default"),
    ("Variants", "variants"),
    ("Version", "version"),
    ("Changed", "changed"),
]
_OVERLAYS = [
    ("Overlay", "id"),
    ("Flag", "flag"),
    ("Forces", "variant"),
    ("Since", "since"),
    ("Run", "run"),
    ("Reason", "reason"),
]
_IMPORTED = [("Flag", "key"), ("Version", "version"), ("Where", "where"), ("", "problem")]

_environment = click.option("--environment", required=True, help="Whose flags.")


@click.group("flags")
def command() -> None:
    """Flags, served to OpenFeature SDKs over OFREP, and the overlays that force their safe variants.

    \b
    Examples:
      holdfast flags import flags.json --environment production
      holdfast flags list --environment production
      holdfast flags overlays --environment production
    """


for _more in (history, rollback, delete, export, proofs, lint):
    command.add_command(_more)


@command.command("list")
@with_api
@_environment
@format_option
def list_flags(api: Api, *, environment: str, style: str) -> None:
    """List the flags of an environment.

    \b
    Examples:
      holdfast flags list --environment production
    """
    items = list(api.pages(address("flags", environment)))
    rows = [_row(one) for one in items]
    print_answer(style, "flags", {"items": items}, rows, _COLUMNS, empty="no flags yet: `holdfast flags import`")


@command.command("show")
@click.argument("key")
@with_api
@_environment
@format_option
def show(api: Api, *, key: str, environment: str, style: str) -> None:
    """Show a flag's definition as it was given, and what forces it now.

    \b
    Examples:
      holdfast flags show shop.receipts --environment production
    """
    flag = api.call("GET", address("flags", environment, key))
    overlays = list(api.pages(address("flags", environment, key, "overlays")))
    if style == "json":
        print_json({"schema": "holdfast.flag/1", **flag, "overlays": overlays})
        return
    row, targeting = _row(flag), flag["definition"].get("targeting")
    facts: list[tuple[str, object]] = [(name.lower(), row[name_of]) for name, name_of in _COLUMNS]
    print_facts([*facts, ("targeting", "rules" if targeting else "none")], style)
    print_heading("Forced by", style)
    print_rows([_overlay(one) for one in overlays], _OVERLAYS, style, empty="nothing forces it")


@command.command("overlays")
@click.argument("key", required=False)
@with_api
@_environment
@format_option
def overlays(api: Api, *, key: str | None, environment: str, style: str) -> None:
    """List what forces flags now; a flag returns when all of its overlays are lifted.

    \b
    Examples:
      holdfast flags overlays --environment production
      holdfast flags overlays shop.receipts --environment production
    """
    keys = [key] if key is not None else [one["key"] for one in api.pages(address("flags", environment))]
    items = [one for name in keys for one in api.pages(address("flags", environment, name, "overlays"))]
    rows = [_overlay(one) for one in items]
    print_answer(style, "overlays", {"items": items}, rows, _OVERLAYS, empty="nothing is forced")


@command.command("define")
@click.argument("key")
@with_api
@_environment
@click.option(
    "--file", type=click.Path(path_type=Path), required=True, help="One flag in flagd's JSON; `-` reads standard input."
)
@format_option
def define(api: Api, *, key: str, environment: str, file: Path, style: str) -> None:
    """Create a flag, or replace its definition.

    \b
    Examples:
      holdfast flags define shop.receipts --environment production --file receipts.json
      echo '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}' |
        holdfast flags define shop.receipts --environment production --file -
    """
    definition = read_json(file, 1 << 20)
    flag = api.call("PUT", address("flags", environment, key), body=definition)
    print_answer(style, "flag", flag, [_row(flag)], _COLUMNS)


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@with_api
@_environment
@format_option
def import_flags(api: Api, *, file: Path, environment: str, style: str) -> None:
    """Define all flags of a flagd JSON FILE. One that is refused is named, and the others are taken.

    \b
    Examples:
      holdfast flags import flags.json --environment production
    """
    rows: list[dict[str, Any]] = []
    for one in parse_flag_file(read_text(file), str(file)):
        place = f"{file}:{one.line}"
        try:
            if one.problem is not None:
                raise one.problem
            flag = api.call("PUT", address("flags", environment, one.key), body=dict(one.definition))
        except HoldfastError as error:
            rows.append({"key": one.key, "version": None, "where": place, "problem": error.message})
        else:
            rows.append({"key": one.key, "version": flag["version"], "where": place, "problem": ""})
    print_answer(style, "flags.import", {"items": rows}, rows, _IMPORTED, empty="no flags in it")
    refused = sum(bool(row["problem"]) for row in rows)
    if refused:
        raise HoldfastError(f"{refused} of {len(rows)} flags were refused", where=str(file))
    say(f"{len(rows)} flags are defined in {environment}")


def _row(flag: Mapping[str, Any]) -> dict[str, Any]:
    definition = flag["definition"]
    return {
        **flag,
        "state": definition.get("state"),
        "default": definition.get("defaultVariant"),
        "variants": ", ".join(definition.get("variants") or ()),
        "changed": instant_text(flag["updated_at"]),
    }


def _overlay(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "since": instant_text(one["created_at"])}
