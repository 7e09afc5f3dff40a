"""`holdfast feed`: advisories in, and how fresh they are."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.feed_carry import Told, export, import_, keygen
from holdfast.edges.cli.options import (
    EXIT_FAILED,
    EXIT_PASS,
    EXIT_UNKNOWN,
    data_option,
    format_option,
    open_api,
    terminal_of,
    with_api,
)
from holdfast.edges.cli.output import print_answer, say
from holdfast.edges.cli.reading import read_json
from holdfast.edges.cli.words import instant_text, state_text
from holdfast.errors import FactError
from holdfast.ports.api import Api

_COLUMNS = [
    ("Ecosystem", "ecosystem"),
    ("State", "state_words"),
    ("Records", "records"),
    ("Synced", "synced"),
    ("Newest", "newest_at"),
    ("Source", "source"),
    ("Because", "why"),
]
_PUSHED = [
    ("Advisory", "advisory"),
    ("", "news"),
    ("Affects", "matched"),
    ("Changed", "changed_exposures"),
    ("Problem", "words"),
]
_KINDS = ("kev", "epss", "ssvc")
_BATCH = 500
_MOST_PROBLEMS = 20


@click.group("feed")
def command() -> None:
    """Advisory feeds: OSV records from a bucket, a folder or a zip, and records of your own.

    \b
    Examples:
      holdfast feed sync --feed ./osv
      holdfast feed status
      holdfast feed push ACME-2026-1.json
      holdfast feed export advisories.hfs --key site.key
    """


for _one in (export, import_, keygen):
    command.add_command(_one)


@command.command("sync")
@data_option
@click.option("--feed", envvar="HOLDFAST_FEED", help="A bucket's URL, a folder in its layout, or a zip.")
@format_option
@click.pass_context
def sync(context: click.Context, data: Path, feed: str | None, style: str) -> None:
    """Sync the advisories of every ecosystem that runs, and KEV, EPSS and SSVC. A server does this by itself.

    Exits 4 where a feed failed, and 5 where there is still something that no verdict can rest on.

    \b
    Examples:
      holdfast feed sync
      holdfast feed sync --data var/holdfast --feed https://osv.example/bucket
    """
    problems = terminal_of(context).premises.sync_feeds(data, feed, Told())
    api = open_api(context, data, None)
    try:
        code = _print_status(api, style, problems)
    finally:
        api.close()
    for problem in problems[:_MOST_PROBLEMS]:
        say(problem)
    if len(problems) > _MOST_PROBLEMS:
        say(f"… and {len(problems) - _MOST_PROBLEMS} more")
    context.exit(code)


@command.command("status")
@with_api
@format_option
@click.pass_context
def status(context: click.Context, api: Api, *, style: str) -> None:
    """Show how old the feeds are; exits 5 where no verdict can rest on one.

    \b
    Examples:
      holdfast feed status
      holdfast feed status --server https://holdfast.example --format json
    """
    context.exit(_print_status(api, style, []))


def _print_status(api: Api, style: str, problems: list[str]) -> int:
    """Print how fresh the feeds are; a sync whose feed failed is 4, a feed that no verdict can rest on 5."""
    page = api.call("GET", "/feeds")
    loaded = {one["kind"]: one for one in page["enrichments"]}
    rows = [*(_row(one) for one in page["items"]), *(_enrichment(kind, loaded.get(kind)) for kind in _KINDS)]
    document = {"items": page["items"], "enrichments": page["enrichments"], "problems": problems}
    print_answer(style, "feeds", document, rows, _COLUMNS)
    if not page["items"]:
        say("nothing runs yet, so no feed is wanted")
    if problems and any(one["error"] for one in page["items"]):
        return EXIT_FAILED
    return EXIT_UNKNOWN if any(one["state"] != "pass" for one in page["items"]) else EXIT_PASS


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "state_words": state_text(one["state"]),
        "synced": instant_text(one["synced_at"]) or "never",
        "newest_at": instant_text(one["newest"]),
        "why": one["because"] or one["error"] or "",
    }


def _enrichment(kind: str, one: Mapping[str, Any] | None) -> dict[str, Any]:
    if one is None:
        return {"ecosystem": kind.upper(), "state_words": "○ absent", "synced": "never", "why": "was never loaded"}
    known = {"ecosystem": kind.upper(), "state_words": "○ loaded", "source": one["source"]}
    return {**known, "newest_at": instant_text(one["as_of"])}


@command.command("push")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@with_api
@format_option
@click.pass_context
def push(context: click.Context, api: Api, *, files: tuple[Path, ...], style: str) -> None:
    """Push OSV records of your own: FILES with one record each, or a list of them; `-` reads standard input.

    What they touch is judged at once. A record that is none is named, and the others are taken.

    \b
    Examples:
      holdfast feed push ACME-2026-1.json
      holdfast feed push advisories/*.json --format json
    """
    outcomes: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    for file in files:
        try:
            for number, batch in enumerate(_batches(read_json(file), str(file))):
                answer = api.call("POST", "/advisories", body=batch)
                outcomes += answer["items"]
                failures += [_failure(file, number * _BATCH, one) for one in answer["failures"]]
        except FactError as error:
            failures.append({"file": str(file), "index": None, "detail": error.message})
    rows = [_outcome(one) for one in outcomes]
    print_answer(style, "push", {"items": outcomes, "failures": failures}, rows, _PUSHED, empty="no record was taken")
    for failure in failures:
        place = failure["file"] if failure["index"] is None else f"{failure['file']}, record {failure['index'] + 1}"
        say(f"{place}: {failure['detail']}")
    context.exit(EXIT_FAILED if failures else EXIT_PASS)


def _batches(document: Any, where: str) -> Iterator[list[Any]]:
    records = document if isinstance(document, list) else [document]
    if not records:
        raise FactError("no records in it", where=where)
    for start in range(0, len(records), _BATCH):
        yield records[start : start + _BATCH]


def _failure(file: Path, before: int, one: Mapping[str, Any]) -> dict[str, Any]:
    return {"file": str(file), "index": before + one["index"], "detail": one["detail"]}


def _outcome(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "news": "taken" if one["changed"] else "known already",
        "changed_exposures": len(one["exposures"]),
        "words": "; ".join(one["problems"]),
    }
