"""`holdfast fix`: what to type to be rid of an exposure. It edits only where asked to, and only the very line it knows.

What it changes is a file. The exposure ends when a release with the changed lock file runs, and it says no more.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.edit import apply_edit
from holdfast.edges.cli.fix_all import FixTools, Wishes, fix_all
from holdfast.edges.cli.gate_gather import GateOptions
from holdfast.edges.cli.options import EXIT_NOTHING, EXIT_PASS, data_option, format_option, open_api
from holdfast.edges.cli.output import print_answer, print_facts, say
from holdfast.edges.cli.words import hopeless_text, place_text
from holdfast.errors import HoldfastError, UsageError
from holdfast.model.exposure import DEPLOYMENT
from holdfast.ports.api import Api

_COLUMNS = [
    ("Package", "package"),
    ("To", "version"),
    ("Raise", "raise"),
    ("Where", "where"),
    ("Do", "do"),
    ("Exposure", "exposure"),
]


class _Options(TypedDict):
    """What the command is given; see its help."""

    target: str | None
    everything: bool
    service: str | None
    folder: str | None
    is_locked: bool
    policy: Path | None
    base: str | None
    feed: str | None
    offline: bool
    data: Path
    server: str | None
    style: str


def make_fix(open_tools: Callable[[], FixTools]) -> click.Command:
    """Return the command; `open_tools` is called when everything is to be fixed."""

    @click.command("fix", epilog=_EXAMPLES)
    @click.argument("target", required=False, metavar="[EXPOSURE|PATH]")
    @click.option(
        "--all", "everything", is_flag=True, help="The smallest set of upgrades that clears the gate of PATH."
    )
    @click.option("--service", help="Every live exposure of a service; with `--all`, the service that is built.")
    @click.option("--apply", "folder", is_flag=False, flag_value="", metavar="[PATH]",
                  help="Edit pinned lines of the checkout at PATH; with `--all`, of what was scanned.")  # fmt: skip
    @click.option("--lock", "is_locked", is_flag=True, help="After `--all --apply`, run lock commands, scripts off.")
    @click.option("--policy", type=click.Path(path_type=Path), help="With `--all`: the policy, as `gate` takes it.")
    @click.option("--base", help="With `--all`: what to compare with, as `gate` takes it.")
    @click.option("--feed", envvar="HOLDFAST_FEED", help="With `--all`: advisories, as `gate` takes them.")
    @click.option("--offline", is_flag=True, help="With `--all`: ask nothing of the network; use what was synced.")
    @data_option
    @click.option("--server", envvar="HOLDFAST_SERVER", help="A server's URL; its token is in HOLDFAST_TOKEN.")
    @format_option
    @click.pass_context
    def command(context: click.Context, /, **options: Unpack[_Options]) -> None:
        """Say the exact command or edit that is the way out of an exposure, of all of a service, or of all of PATH.

        The version is the smallest that no known advisory touches. `--apply` edits versions in place, each file only
        when it is still what was scanned. With `--all` the tree is scanned again after that: nothing counts as fixed
        without a changed lock file where one stands for the manifest.
        """
        context.exit(_fix_tree(open_tools(), options) if options["everything"] else _fix_exposures(context, options))

    return command


_EXAMPLES = """\b
Examples:
  holdfast fix exp_01j9x2m4…
  holdfast fix --service pay --format markdown
  holdfast fix exp_01j9x2m4… --apply .
  holdfast fix --all --base origin/main
  holdfast fix --all services/pay --apply --lock
"""


def _fix_tree(tools: FixTools, options: _Options) -> int:
    target, folder = options["target"], options["folder"]
    if target and folder and Path(target) != Path(folder):
        raise UsageError("two paths: what is scanned is what is edited", hint="holdfast fix --all PATH --apply")
    if options["is_locked"] and folder is None:
        raise UsageError("`--lock` goes with `--apply`", hint="holdfast fix --all --apply --lock")
    if options["server"]:
        say("decided here, by the policy of the repository: the server's policies are not asked")
    asked = GateOptions(
        policy=options["policy"],
        base=options["base"],
        service=options["service"],
        feed=options["feed"],
        offline=options["offline"],
        data=options["data"],
        style=options["style"],
    )
    wishes = Wishes(is_applied=folder is not None, is_locked=options["is_locked"])
    return fix_all(tools, Path(target or folder or "."), asked, wishes)


def _fix_exposures(context: click.Context, options: _Options) -> int:
    exposure, style = options["target"], options["style"]
    if (exposure is None) == (options["service"] is None):
        raise UsageError("expected an exposure, or --service, or --all", hint="`holdfast findings` lists them")
    if options["policy"] or options["base"] or options["is_locked"]:
        raise UsageError("`--policy`, `--base` and `--lock` go with `--all`", hint="holdfast fix --help")
    folder = None if options["folder"] is None else Path(options["folder"] or ".")
    if folder is not None and not folder.is_dir():
        raise UsageError("expected a folder", where=str(folder))
    api = open_api(context, options["data"], options["server"])
    try:
        details = list(_details(api, exposure, options["service"]))
    finally:
        api.close()
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
    return EXIT_PASS if any(row["version"] for row in rows) or not rows else EXIT_NOTHING


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
    if finding["kind"] == DEPLOYMENT:
        return [("do", "gate what runs (`holdfast gate --server`), let its build go, or deploy one that passed")]
    if fix is None:
        return [("none", hopeless_text(finding) or "no version is known that nothing touches")]
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
