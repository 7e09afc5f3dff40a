"""`holdfast adopt`: an estate of many repositories under the gate, with nothing red on the first day."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import (
    EXIT_NOTHING,
    EXIT_PASS,
    EXIT_UNKNOWN,
    data_option,
    format_option,
    open_api,
    terminal_of,
    with_api,
)
from holdfast.edges.cli.output import Progress, print_answer, say
from holdfast.edges.cli.words import instant_text
from holdfast.errors import UsageError
from holdfast.model.instant import format_instant, parse_instant
from holdfast.ports.api import Api

if TYPE_CHECKING:  # `status` and `mode` read no checkout
    from holdfast.edges.cli.adopt_apply import Outcome
    from holdfast.edges.cli.adopt_estate import FoundEstate

MODES = ("observe", "warn", "block")
_COLUMNS = [("", "status"), ("Service", "service"), ("Team", "team"), ("Group", "group"), ("Components", "components"),
            ("Gaps", "gaps"), ("Inherits", "findings"), ("Path", "path")]  # fmt: skip
_STATUS = [("Group", "group"), ("Mode", "mode"), ("Next", "next"), ("From", "from"), ("Services", "services"),
           ("Builds", "builds"), ("Held", "held"), ("Would be held", "would_hold"), ("Inherited", "inherited"),
           ("Overdue", "overdue"), ("Mostly by", "rules")]  # fmt: skip
_SHOWN_RULES = 3
_BECAME = ("adopted", "would adopt", "unchanged", "failed")


class _AdoptGroup(click.Group):
    """A group whose first argument may be a source, so that `adopt PATH` is `adopt estate PATH`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `estate` before what names no command."""
        is_place = args[:1] == ["estate"] and (len(args) == 1 or args[1].startswith("--")) and Path("estate").exists()
        if is_place or (args and args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["estate", *args]
        return super().parse_args(ctx, args)


@click.group("adopt", cls=_AdoptGroup)
def command() -> None:
    """Take many repositories under the gate: into the catalog, with teams, modes and what they inherit.

    `holdfast adopt SOURCE` is `holdfast adopt estate SOURCE`.

    \b
    Examples:
      holdfast adopt ~/src --dry-run
      holdfast adopt ~/src --next warn --from 2027-01-15
      holdfast adopt estate.csv
      holdfast adopt status
      holdfast adopt mode payments --mode block
    """


def _mode_options(default: str | None) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Give a command `--mode`, `--next` and `--from`."""

    def decorate(run: click.decorators.FC) -> click.decorators.FC:
        run = click.option("--from", "from_", help="When the next mode begins: a date, or an RFC 3339 instant.")(run)
        run = click.option("--next", "following", type=click.Choice(MODES[1:]), help="The mode that comes next.")(run)
        told = "How strict the gate is; in `observe` and `warn` builds pass, and what it would have said is recorded."
        return click.option(
            "--mode", type=click.Choice(MODES), default=default, show_default=True, required=default is None, help=told
        )(run)

    return decorate


@command.command("estate")
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@data_option
@click.option("--server", envvar="HOLDFAST_SERVER", help="A server's URL; its token is in HOLDFAST_TOKEN.")
@_mode_options("observe")
@click.option("--group", default="adopted", show_default=True, help="The group of new teams that are in none.")
@click.option("--replace", is_flag=True, help="Accept anew what is there; what was there before keeps its clock.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done; nothing is sent.")
@format_option
@click.pass_context
def estate(context: click.Context, /, source: Path, **options: Any) -> None:
    """Adopt what SOURCE says there is: a folder of checkouts, a list (text, CSV, YAML), CODEOWNERS, Backstage.

    Each repository is read, never run. Its services are declared with their teams, and what they are made of now is
    accepted as inherited: only what comes after is held against them. Again it changes nothing. 5 when some failed.

    \b
    Examples:
      holdfast adopt ~/src --dry-run
      holdfast adopt estate.csv --mode observe --next warn --from 2027-01-15
      holdfast adopt shop/CODEOWNERS
    """
    context.exit(_run(context, source, **options))


def _run(
    context: click.Context, source: Path, *, data: Path, server: str | None, mode: str, following: str | None,
    from_: str | None, group: str, replace: bool, dry_run: bool, style: str,
) -> int:  # fmt: skip
    from holdfast.edges.cli.adopt_apply import Wish, adopt
    from holdfast.edges.cli.adopt_estate import find_estate

    machine = terminal_of(context).machine
    wish = Wish(group, mode_body(mode, following, from_), replace, dry_run)
    address("groups", group)
    found = find_estate(machine, source)
    api = open_api(context, data, server) if server or not dry_run else None
    progress = Progress("adopted", every=10)
    try:
        outcome = adopt(api, machine, found, wish, progress)
    finally:
        progress.finish()
        if api is not None:
            api.close()
    _print(outcome, found, style, is_dry=dry_run)
    if not outcome.rows:
        return EXIT_NOTHING
    return EXIT_UNKNOWN if outcome.count("failed") or found.problems else EXIT_PASS


def _print(outcome: "Outcome", found: "FoundEstate", style: str, *, is_dry: bool) -> None:
    rows = [asdict(row) for row in outcome.rows]
    counts = {name: outcome.count(name) for name in _BECAME}
    document = {"items": rows, "counts": counts, "modes": outcome.modes, "refused": outcome.refused}
    document |= {"skipped": [{"path": path, "because": why} for path, why in found.skipped], "problems": found.problems}
    print_answer(style, "adopt", document, rows, _COLUMNS, empty="no checkout was found")
    _tell(outcome, found, is_dry=is_dry)
    say(", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing to adopt")


def _tell(outcome: "Outcome", found: "FoundEstate", *, is_dry: bool) -> None:
    """Say what is not in the table."""
    from holdfast.edges.cli.adopt_apply import UNOWNED

    for path, why in found.skipped:
        say(f"left out: {path}: {why}")
    for problem in found.problems:
        say(f"not read: {problem}")
    for name, now in outcome.modes.items():
        say(f"group `{name}` {'would begin' if is_dry else 'begins'} in mode `{now}`")
    for name, why in outcome.refused.items():
        say(f"its mode does not count: {name}: {why}\n  try: let the org's policy say `lower_may: [mode]`")
    if unowned := sum(row.team == UNOWNED for row in outcome.rows):
        say(f"{unowned} services have no owner: they are under team `{UNOWNED}`")
    for row in outcome.rows:
        if row.status == "failed":
            say(f"failed: {row.path}: {row.because}")


def mode_body(mode: str, following: str | None, from_: str | None) -> dict[str, Any]:
    """Return a mode as the API takes it. Raises: UsageError: a next mode without a date, or a date that is none."""
    if (following is None) != (from_ is None):
        raise UsageError("`--next` and `--from` go together", hint="such as `--next warn --from 2027-01-15`")
    if from_ is None:
        return {"mode": mode}
    at = parse_instant(from_ if "T" in from_ else f"{from_}T00:00:00Z", where="--from")
    return {"mode": mode, "next": following, "from": format_instant(at)}


@command.command("status")
@with_api
@click.option("--days", type=click.FloatRange(0, 366, min_open=True), default=30.0, show_default=True)
@format_option
def status(api: Api, *, days: float, style: str) -> None:
    """Show how far each group is, and what of the last days blocking would have held.

    \b
    Examples:
      holdfast adopt status --days 7
    """
    answer = api.call("GET", "/adoption", query={"days": days})
    print_answer(style, "adoption", answer, [_row(one) for one in answer["items"]], _STATUS, empty="no service yet")
    if style != "json" and answer["more"]:
        say("there were more builds than are looked through: name fewer days")


def _row(one: dict[str, Any]) -> dict[str, Any]:
    rules = ", ".join(f"{name} ({count})" for name, count in list(one["rules"].items())[:_SHOWN_RULES])
    begins = instant_text(one["from"]) if one["from"] else ""
    return one | {"group": one["group"] or "(in no group)", "from": begins, "rules": rules}


@command.command("mode")
@click.argument("group")
@with_api
@_mode_options(None)
@format_option
def mode(api: Api, /, *, group: str, style: str, **options: str | None) -> None:
    """Set a group's mode, now and next; the rest of its policy stays.

    \b
    Examples:
      holdfast adopt mode payments --mode warn --next block --from 2027-02-01
      holdfast adopt mode payments --mode block
    """
    body = mode_body(options["mode"] or "", options["following"], options["from_"])
    answer = api.call("PUT", address("groups", group, "mode"), body=body)
    row = answer | {"from": instant_text(answer["from"]) if answer["from"] else ""}
    print_answer(style, "group-mode", answer, [row], [("Group", "group"), *_STATUS[1:4], ("Counts", "counts")])
    if style != "json":
        for note in answer["refused"]:
            say(f"does not count: {note}")
