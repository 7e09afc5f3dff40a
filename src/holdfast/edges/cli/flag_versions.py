"""`holdfast flags history`, `rollback`, `delete`, `export`, `proofs`: a flag through time, and at its clients."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, say
from holdfast.edges.cli.reading import write_output
from holdfast.edges.cli.words import instant_text
from holdfast.ports.api import Api

_VERSIONS = [("Version", "version"), ("Since", "since"), ("State", "state"), ("Default", "default")]
_VERSIONS += [("Variants", "variants"), ("Targeting", "targeting")]
_PROOFS = [("Overlay", "overlay"), ("Client", "id"), ("Kind", "kind"), ("Target", "target"), ("Proof", "proof")]
_PROOFS += [("Counts", "counts"), ("Seen", "seen")]

_environment = click.option("--environment", required=True, help="Whose flags.")


@click.command("history")
@click.argument("key")
@with_api
@_environment
@format_option
def history(api: Api, *, key: str, environment: str, style: str) -> None:
    """List every version of a flag, newest first.

    \b
    Examples:
      holdfast flags history shop.receipts --environment production
    """
    items = list(api.pages(address("flags", environment, key, "versions")))
    print_answer(style, "flag.versions", {"items": items}, [_version(one) for one in items], _VERSIONS)


@click.command("rollback")
@click.argument("key")
@with_api
@_environment
@click.option("--to", "version", type=click.IntRange(1), required=True, help="A version, as `history` shows them.")
@format_option
def rollback(api: Api, *, key: str, environment: str, version: int, style: str) -> None:
    """Define a flag as it was in an earlier version; that is a new version with the old text.

    \b
    Examples:
      holdfast flags rollback shop.receipts --environment production --to 3
    """
    flag = api.call("POST", address("flags", environment, key, "restore"), body={"version": version})
    print_answer(style, "flag", flag, [_version(flag)], _VERSIONS)


@click.command("delete")
@click.argument("key")
@with_api
@_environment
def delete(api: Api, *, key: str, environment: str) -> None:
    """Take a flag away, unless an overlay holds it; its versions stay.

    \b
    Examples:
      holdfast flags delete shop.receipts --environment staging
    """
    api.call("DELETE", address("flags", environment, key))
    say(f"flag {key} is gone from {environment}")


@click.command("export")
@with_api
@_environment
@click.option("--output", type=click.Path(path_type=Path), help="A file instead of standard output.")
def export(api: Api, *, environment: str, output: Path | None) -> None:
    """Write an environment's flags in flagd's JSON, as they were given: without what forces them.

    \b
    Examples:
      holdfast flags export --environment production > flags.json
    """
    flags = {one["key"]: one["definition"] for one in api.pages(address("flags", environment))}
    text = json.dumps(
        {"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": flags}, ensure_ascii=False, indent=2
    )
    if output is None:
        print(text)
        return
    write_output(output, text + "\n")
    say(f"{len(flags)} flags of {environment} are in {output}")


@click.command("proofs")
@click.argument("key")
@with_api
@_environment
@format_option
def proofs(api: Api, *, key: str, environment: str, style: str) -> None:
    """Show at which clients what forces a flag is delivered, fetched, effective.

    Delivered: the change was written to its stream. Fetched: it asked for values with or after it. Effective: its
    application reported that it was given the forced variant. Live server-side clients count; a sleeping tab does not.

    \b
    Examples:
      holdfast flags proofs shop.receipts --environment production
    """
    answer = api.call("GET", address("flags", environment, key, "proofs"))
    rows = [_proof(held, one) for held in answer["items"] for one in held["clients"]]
    print_answer(style, "flag.proofs", answer, rows, _PROOFS, empty="nothing forces it, or no client was seen")
    for held in answer["items"]:
        if held["unproven"]:
            say(f"overlay {held['overlay']['id']} is unproven at {', '.join(held['unproven'])}")


def _version(flag: Mapping[str, Any]) -> dict[str, Any]:
    definition = flag["definition"]
    return {
        "version": flag["version"],
        "since": instant_text(flag["updated_at"]),
        "state": definition.get("state"),
        "default": definition.get("defaultVariant"),
        "variants": ", ".join(definition.get("variants") or ()),
        "targeting": "rules" if definition.get("targeting") else "none",
    }


def _proof(held: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    degrees = [name for name in ("effective", "fetched", "delivered") if one[name]]
    return {
        **one,
        "overlay": held["overlay"]["id"],
        "proof": degrees[0] if degrees else "none",
        "counts": "yes" if one["counts"] else "no",
        "seen": instant_text(one["seen_at"]),
    }
