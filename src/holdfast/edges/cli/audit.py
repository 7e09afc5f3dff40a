"""`holdfast audit`: the journal, read, signed and verified."""

import threading
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.options import EXIT_BLOCKED, EXIT_PASS, format_option, with_api
from holdfast.edges.cli.output import print_answer, print_facts, print_heading, print_json, print_rows, printable, say
from holdfast.edges.cli.paging import journal_entries
from holdfast.edges.cli.reading import read_text, write_output
from holdfast.edges.cli.words import instant_text
from holdfast.ports.api import Api

_PROBLEMS = [("Entry", "seq"), ("What", "kind"), ("", "words")]
_ENTRIES = [("#", "seq"), ("When", "when"), ("What", "kind"), ("About", "about"), ("By", "by"), ("Hash", "short")]
_LOOK_S = 1.0


@click.group("audit")
def command() -> None:
    """The journal: verify it, sign checkpoints, read it.

    \b
    Examples:
      holdfast audit verify
      holdfast audit checkpoint > /elsewhere/holdfast.checkpoint
      holdfast audit verify --checkpoint /elsewhere/holdfast.checkpoint
    """


@command.command("verify")
@with_api
@click.option("--checkpoint", type=click.Path(path_type=Path), help="A checkpoint that was kept elsewhere.")
@click.option("--key", help="The key that verifies it, as text or in a file; without it this installation's own.")
@format_option
@click.pass_context
def verify(context: click.Context, api: Api, *, checkpoint: Path | None, key: str | None, style: str) -> None:
    """Read the whole journal and say what was changed, removed, reordered or cut; exits 1 when anything was.

    Without a checkpoint it says what it cannot prove: that nothing was cut off the end, and that the whole was not
    written anew.

    \b
    Examples:
      holdfast audit verify
      holdfast audit verify --checkpoint kept.checkpoint --key kept.key
    """
    body = {"checkpoint": read_text(checkpoint, 1 << 16) if checkpoint else None, "verifier_key": _key(key)}
    report = api.call("POST", "/journal/verify", body=body)
    if style == "json":
        print_json({"schema": "holdfast.audit/1", **report})
    else:
        _print_report(report, style)
    context.exit(EXIT_PASS if report["intact"] else EXIT_BLOCKED)


def _key(text: str | None) -> str | None:
    """Return the key itself, where the text names a file that holds it."""
    if text is None or text.count("+") >= 2:
        return text
    return read_text(Path(text), 1 << 12).strip()


def _print_report(report: dict[str, Any], style: str) -> None:
    words = "● intact" if report["intact"] else f"◆ not intact, from entry {report['first_bad_seq']} on"
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(report["counts"].items()))
    head = f"{report['last_seq']} {report['last_hash']}"
    print_facts([("journal", words), ("entries", report["entries"]), ("head", head), ("found", counts)], style)
    if report["problems"]:
        print_heading("Found", style)
        print_rows(report["problems"], _PROBLEMS, style)
    if report["unproven"]:
        print_heading("Not proven", style)
        print_rows([{"words": words} for words in report["unproven"]], [("", "words")], style)


@command.command("checkpoint")
@with_api
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write FILE, and the key beside it as FILE.key."
)
@format_option
def checkpoint(api: Api, *, output: Path | None, style: str) -> None:
    """Sign the journal's head, to be kept where whoever runs Holdfast cannot write.

    \b
    Examples:
      holdfast audit checkpoint > /elsewhere/holdfast.checkpoint
      holdfast audit checkpoint --output /elsewhere/holdfast.checkpoint
    """
    made = api.call("POST", "/journal/checkpoint")
    if output is not None:
        write_output(output, made["checkpoint"])
        write_output(output.with_name(output.name + ".key"), made["verifier_key"] + "\n")
    if style == "json":
        print_json({"schema": "holdfast.checkpoint/1", **made})
    elif output is None:
        click.echo(made["checkpoint"], nl=not made["checkpoint"].endswith("\n"))
    say(f"the key that verifies it, to be kept with it: {made['verifier_key']}")


@command.command("log")
@with_api
@click.option("--after", type=click.IntRange(0), default=0, show_default=True, help="Entries with a higher number.")
@click.option("--limit", type=click.IntRange(1), help="How many at most; by default all.")
@click.option("--follow", is_flag=True, help="Go on as entries come; JSON is then one object a line.")
@format_option
def log(api: Api, *, after: int, limit: int | None, follow: bool, style: str) -> None:
    """Print the journal.

    \b
    Examples:
      holdfast audit log --after 120
      holdfast audit log --follow
      holdfast audit log --format json | jq '.items[].kind'
    """
    if follow:
        _follow(api, after, limit, style)
        return
    items = []
    for entry in journal_entries(api, after):
        items.append(entry)
        if len(items) == limit:
            break
    print_answer(style, "journal", {"items": items}, [_row(one) for one in items], _ENTRIES, empty="no entries")


def _follow(api: Api, after: int, limit: int | None, style: str) -> None:
    pause, told = threading.Event(), 0
    while True:
        for entry in journal_entries(api, after):
            _print_entry(entry, style)
            after, told = entry["seq"], told + 1
            if told == limit:
                return
        pause.wait(_LOOK_S)


def _print_entry(entry: dict[str, Any], style: str) -> None:
    if style == "json":
        import json

        text = json.dumps(entry, ensure_ascii=False)
    else:
        text = "  ".join(printable(_row(entry)[key]) for _, key in _ENTRIES)
    click.echo(text)


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    body = entry["body"]
    return {
        **entry,
        "when": instant_text(entry["at"]),
        "about": body.get("id", ""),
        "by": body.get("actor") or body.get("by") or "",
        "short": entry["hash"][:12],
    }
