"""`holdfast flags`: what applications are served, and what forces it.

Flags are in flagd's JSON model. Source: flagd.dev, flag definitions.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.flags_lint import lint
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, print_facts, print_heading, print_json, print_rows, say
from holdfast.edges.cli.reading import read_json
from holdfast.edges.cli.words import instant_text
from holdfast.errors import FactError, HoldfastError
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
_IMPORTED = [("Flag", "key"), ("Version", "version"), ("", "problem")]
_MOST_DEPTH = 60

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


command.add_command(lint)


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
    for key, definition in _flags_of(read_json(file), str(file)).items():
        try:
            flag = api.call("PUT", address("flags", environment, key), body=definition)
        except HoldfastError as error:
            rows.append({"key": key, "version": None, "problem": error.message})
        else:
            rows.append({"key": key, "version": flag["version"], "problem": ""})
    print_answer(style, "flags.import", {"items": rows}, rows, _IMPORTED, empty="no flags in it")
    refused = sum(bool(row["problem"]) for row in rows)
    if refused:
        raise HoldfastError(f"{refused} of {len(rows)} flags were refused", where=str(file))
    say(f"{len(rows)} flags are defined in {environment}")


def _flags_of(document: Any, where: str) -> dict[str, Any]:
    """Return key → definition, with what `$evaluators` share put where it is referred to.

    A document without `flags` is taken for the map of keys itself where every value has variants.

    Raises:
        FactError: not a flagd document, or a reference to nothing.
    """
    flags = document.get("flags", document) if isinstance(document, dict) else None
    if not isinstance(flags, dict) or (flags is document and not all(_is_flag(one) for one in flags.values())):
        raise FactError("expected a flagd document with `flags`", where=where, hint="one flag: `holdfast flags define`")
    shared = document.get("$evaluators") or {}
    return {key: _inline(flag, shared, where, 0) for key, flag in flags.items()}


def _is_flag(value: Any) -> bool:
    return isinstance(value, dict) and "variants" in value


def _inline(value: Any, shared: Mapping[str, Any], where: str, depth: int) -> Any:
    if depth > _MOST_DEPTH:
        raise FactError("nested too deeply, or an evaluator that refers to itself", where=where)
    if isinstance(value, dict):
        if value.keys() == {"$ref"}:
            name = str(value["$ref"])
            if name not in shared:
                raise FactError(f"there is no evaluator `{name}`", where=where)
            return _inline(shared[name], shared, where, depth + 1)
        return {key: _inline(one, shared, where, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_inline(one, shared, where, depth + 1) for one in value]
    return value


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
