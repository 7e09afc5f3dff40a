"""`holdfast fix`: what to type to be rid of an exposure. It edits only where asked to, and only the very line it knows.

What it changes is a file. The exposure ends when a release with the changed lock file runs, and it says no more.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.edit import apply_edit
from holdfast.edges.cli.options import EXIT_NOTHING, EXIT_PASS, format_option, with_api
from holdfast.edges.cli.output import print_answer, print_facts, say
from holdfast.edges.cli.words import place_text
from holdfast.errors import HoldfastError, UsageError
from holdfast.ports.api import Api

_COLUMNS = [
    ("Package", "package"),
    ("To", "version"),
    ("Raise", "raise"),
    ("Where", "where"),
    ("Do", "do"),
    ("Exposure", "exposure"),
]


@click.command("fix")
@click.argument("exposure", required=False)
@with_api
@click.option("--service", help="Every live exposure of a service instead of one.")
@click.option(
    "--apply",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="PATH",
    help="Edit the pinned lines of the checkout at PATH.",
)
@format_option
@click.pass_context
def command(
    context: click.Context, api: Api, *, exposure: str | None, service: str | None, folder: Path | None, style: str
) -> None:
    """Say the exact command or edit that is the way out of EXPOSURE, or of all of a service.

    The version is the smallest that no known advisory touches. `--apply` replaces pinned lines, each only when the file
    still has the line that was scanned.

    \b
    Examples:
      holdfast fix exp_01j9x2m4…
      holdfast fix --service pay --format markdown
      holdfast fix exp_01j9x2m4… --apply .
    """
    if (exposure is None) == (service is None):
        raise UsageError("expected an exposure, or --service", hint="`holdfast findings` lists them")
    details = list(_details(api, exposure, service))
    rows = [_row(detail) for detail in details]
    problems = [] if folder is None else _apply(folder, rows)
    if exposure is not None and style != "json":
        print_facts([_package(rows[0]), *fix_facts(details[0]["finding"], details[0]["fix"])], style)
    else:
        print_answer(style, "fix", {"items": rows}, [_cells(row) for row in rows], _COLUMNS, empty="no live exposure")
    for row in rows:
        if row["applied"]:
            say(f"edited {place_text(row['location'])}: the exposure ends when a release with it runs")
    for problem in problems:
        say(str(problem))
    if problems:
        raise HoldfastError(f"{len(problems)} of {len(rows)} edits could not be made")
    context.exit(EXIT_PASS if any(row["version"] for row in rows) or not rows else EXIT_NOTHING)


def _details(api: Api, exposure: str | None, service: str | None) -> list[Any]:
    if exposure is not None:
        return [api.call("GET", address("findings", exposure))]
    live = api.pages("/findings", query={"service": service, "state": ["open", "regressed", "mitigated", "waived"]})
    return [api.call("GET", address("findings", one["id"])) for one in live]


def _row(detail: Mapping[str, Any]) -> dict[str, Any]:
    finding, fix = detail["finding"], detail["fix"] or {}
    return {
        "exposure": finding["id"],
        "ecosystem": finding["ecosystem"],
        "name": finding["name"],
        "versions": finding["versions"],
        "version": fix.get("version"),
        "raise": fix.get("raise_name"),
        "location": fix.get("location"),
        "command": fix.get("command"),
        "edit": fix.get("edit"),
        "note": fix.get("note") or ("" if fix else "no version is known that nothing touches"),
        "applied": False,
    }


def _package(row: Mapping[str, Any]) -> tuple[str, object]:
    return "package", f"{row['ecosystem']} {row['name']} {', '.join(row['versions'])}"


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    edit = row["edit"]
    line = f"{edit['before']} → {edit['after']}" if edit else ""
    return {
        **row,
        "package": f"{row['name']} {', '.join(row['versions'])}",
        "version": row["version"] or "none known",
        "where": place_text(row["location"]),
        "do": "done" if row["applied"] else row["command"] or line or row["note"],
    }


def _apply(folder: Path, rows: list[dict[str, Any]]) -> list[HoldfastError]:
    """Edit what can be edited and mark it; returns why others were not."""
    problems: list[HoldfastError] = []
    done: list[tuple[Any, Any]] = []
    for row in rows:
        wanted = (row["location"], row["edit"])
        try:
            if wanted not in done:  # one line is the way out of several exposures
                apply_edit(folder, *wanted, row["command"])
        except HoldfastError as error:
            problems.append(error)
        else:
            done.append(wanted)
            row["applied"] = True
    return problems


def fix_facts(finding: Mapping[str, Any], fix: Mapping[str, Any] | None) -> list[tuple[str, object]]:
    """Return the way out as (name, value) pairs."""
    if finding["state"] == "resolved":
        return [("done", finding["ending"] or "resolved")]
    if fix is None:
        return [("none", "no version is known that nothing touches")]
    edit = fix["edit"]
    raised = "" if fix["raise_name"] == finding["name"] else fix["raise_name"]
    return [
        ("version", fix["version"]),
        ("raise", raised),
        ("do", fix["command"]),
        ("where", place_text(fix["location"])),
        ("line", edit["before"] if edit else None),
        ("becomes", edit["after"] if edit else None),
        ("note", fix["note"]),
    ]
