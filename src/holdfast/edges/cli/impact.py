"""`holdfast impact`: what runs and is affected by an advisory, or runs a package."""

from collections.abc import Callable, Mapping
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, say
from holdfast.edges.cli.paging import answer_pages
from holdfast.edges.cli.reading import read_json
from holdfast.edges.cli.words import instant_text, place_text
from holdfast.errors import UsageError
from holdfast.ports.api import Api

_COLUMNS = [
    ("Service or host", "subject"),
    ("Environment", "environment"),
    ("Target", "target"),
    ("Release", "version"),
    ("Component", "purl"),
    ("Through", "through"),
    ("Since", "at"),
    ("Team", "team"),
    ("Where", "where"),
]
_PAGE = 1000


def _about_one_thing(command: Callable[..., None]) -> Callable[..., None]:
    """Refuse a question about nothing, or about two things, before any store is opened."""

    @wraps(command)
    def run(*args: Any, what: str | None, record: Path | None, **options: Any) -> None:
        if (what is None) == (record is None):
            raise UsageError("expected an advisory or a purl, or --record", hint="holdfast impact CVE-2024-12345")
        command(*args, what=what, record=record, **options)

    return run


@click.command("impact")
@click.argument("what", required=False, metavar="[ADVISORY|PURL]")
@_about_one_thing
@with_api
@click.option("--record", type=click.Path(path_type=Path), help="An OSV record that is asked about and not stored.")
@click.option("--as-of", help="The answer of then: an RFC 3339 instant.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many to show.")
@click.option("--all", "everything", is_flag=True, help="Show all.")
@format_option
def command(
    api: Api,
    *,
    what: str | None,
    record: Path | None,
    as_of: str | None,
    limit: int,
    everything: bool,
    style: str,
) -> None:
    """Ask what runs and is affected by an ADVISORY (any id of it), or which runs a package (a purl with version).

    \b
    Examples:
      holdfast impact CVE-2024-12345
      holdfast impact GHSA-xxxx-xxxx-xxxx --as-of 2026-11-21T12:00:00Z
      holdfast impact pkg:pypi/jinja2@3.1.2 --all
      holdfast impact --record draft-advisory.json
    """
    query: dict[str, object] = {"as_of": as_of, "limit": _PAGE if everything else min(limit, _PAGE)}
    if record is not None:
        pages = answer_pages(api, "POST", "/impact", query, body=read_json(record))
    else:
        kind = "purl" if str(what).startswith("pkg:") else "advisory"
        pages = answer_pages(api, "GET", "/impact", {**query, kind: what})
    first, items = pages
    shown = list(items if everything else islice(items, limit))
    document = {"items": shown, "total": first["total"], "unknown": first["unknown"], "as_of": as_of}
    print_answer(
        style, "impact", document, [_row(one) for one in shown], _COLUMNS, empty="nothing that runs is affected"
    )
    if len(shown) < first["total"]:
        say(f"{len(shown)} of {first['total']} are shown: --all shows the others")
    if first["unknown"]:
        say(_unknown_text(first["unknown"]))


def _unknown_text(places: int) -> str:
    return f"? {places} running place{'s' * (places != 1)} could not be judged: no SBOM, or parts not read"


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "at": instant_text(one["since"]),
        "through": " → ".join(one["path"]) or {True: "direct", False: "transitive", None: ""}[one["direct"]],
        "where": place_text(next(iter(one["locations"]), None)),
    }
