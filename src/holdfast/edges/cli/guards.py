"""`holdfast guards`: limits for what acts by itself, and freezes."""

from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import format_option, terminal_of, with_api
from holdfast.edges.cli.output import print_facts, print_heading, print_json, print_rows
from holdfast.edges.cli.words import instant_text, parse_duration
from holdfast.errors import UsageError
from holdfast.model.instant import format_instant, parse_instant
from holdfast.ports.api import Api

_FREEZES = [("Freeze", "id"), ("From", "from"), ("Until", "until"), ("Where", "where"), ("Why", "reason")]


@click.group("guards")
def command() -> None:
    """Guards: caps, rests and freezes for what acts by itself. People and reverts are held by none of them.

    \b
    Examples:
      holdfast guards show
      holdfast guards set --services-per-hour 20 --cooldown 10m
      holdfast guards freeze --for 6h --environment production --reason "the yearly sale"
    """


@command.command("show")
@with_api
@format_option
def show(api: Api, *, style: str) -> None:
    """Show the limits and the freezes.

    \b
    Examples:
      holdfast guards show
    """
    _print(api.call("GET", "/mitigations/guards"), style)


@command.command("set")
@with_api
@click.option(
    "--max-share", type=click.FloatRange(0, 1), help="Largest share of a service's instances that a run touches."
)
@click.option("--services-per-hour", type=click.IntRange(0), help="How many services may be acted on in any hour.")
@click.option("--flags-per-hour", type=click.IntRange(0), help="How many flags may be forced in any hour.")
@click.option("--cooldown", help="How long a service rests from one action after a run that used it: 5m, 0s.")
@click.option("--max-drill-age", help="After which time a drill is stale where its plan says nothing: 30d.")
@format_option
def set_limits(
    api: Api,
    *,
    max_share: float | None,
    services_per_hour: int | None,
    flags_per_hour: int | None,
    cooldown: str | None,
    max_drill_age: str | None,
    style: str,
) -> None:
    """Change the limits that are named; only an administrator may.

    \b
    Examples:
      holdfast guards set --max-share 0.5
      holdfast guards set --services-per-hour 20 --flags-per-hour 40 --cooldown 10m
    """
    wanted = {
        "max_share": max_share,
        "services_per_hour": services_per_hour,
        "flags_per_hour": flags_per_hour,
        "cooldown_s": parse_duration(cooldown, where="--cooldown").total_seconds() if cooldown else None,
        "max_drill_age_s": parse_duration(max_drill_age, where="--max-drill-age").total_seconds()
        if max_drill_age
        else None,
    }
    named = {name: value for name, value in wanted.items() if value is not None}
    if not named:
        raise UsageError("no limit is named", hint="`holdfast guards set --help` lists them")
    _print(api.call("PATCH", "/mitigations/guards", body=named), style)


@command.command("freeze")
@with_api
@click.option("--for", "lasting", help="90m, 12h, 7d.")
@click.option("--until", help="An RFC 3339 instant instead.")
@click.option("--from", "since", help="An RFC 3339 instant; by default now.")
@click.option("--environment", "environments", multiple=True, help="Where; by default everywhere. More than once.")
@click.option("--reason", required=True, help="Why; everybody whose run it holds reads it.")
@format_option
@click.pass_context
def freeze(
    context: click.Context,
    api: Api,
    *,
    lasting: str | None,
    until: str | None,
    since: str | None,
    environments: tuple[str, ...],
    reason: str,
    style: str,
) -> None:
    """Let nothing act by itself for a time.

    \b
    Examples:
      holdfast guards freeze --for 6h --reason "the yearly sale"
      holdfast guards freeze --until 2027-01-02T00:00:00Z --environment production --reason "a holiday"
    """
    if (lasting is None) == (until is None):
        raise UsageError("how long?", hint="--for 6h, or --until with an instant")
    start = parse_instant(since, where="--from") if since else terminal_of(context).machine.now()
    end = start + parse_duration(lasting, where="--for") if lasting else parse_instant(until or "", where="--until")
    body = {"reason": reason, "ends_at": format_instant(end), "environments": list(environments)}
    if since:
        body["starts_at"] = format_instant(start)
    made = api.call("POST", "/mitigations/freezes", body=body)
    if style == "json":
        print_json({"schema": "holdfast.freeze/1", **made})
        return
    print_rows([_row(made)], _FREEZES, style)


@command.command("unfreeze")
@click.argument("freeze")
@with_api
@format_option
def unfreeze(api: Api, *, freeze: str, style: str) -> None:
    """End FREEZE before its time.

    \b
    Examples:
      holdfast guards unfreeze frz_01j9x2m4…
    """
    _print(api.call("DELETE", address("mitigations", "freezes", freeze)), style)


def _print(guards: dict[str, Any], style: str) -> None:
    if style == "json":
        print_json({"schema": "holdfast.guards/1", **guards})
        return
    facts = [
        ("share of a service", f"{guards['max_share'] * 100:g} %"),
        ("services per hour", guards["services_per_hour"]),
        ("flags per hour", guards["flags_per_hour"]),
        ("rest after a run", f"{guards['cooldown_s']:g} s"),
        ("a drill is stale after", f"{guards['max_drill_age_s'] / 86400:g} days"),
    ]
    print_facts(facts, style)
    print_heading("Freezes", style)
    print_rows([_row(one) for one in guards["freezes"]], _FREEZES, style, empty="nothing is frozen")


def _row(freeze: dict[str, Any]) -> dict[str, Any]:
    where = ", ".join(freeze["environments"]) or "everywhere"
    return {
        **freeze,
        "from": instant_text(freeze["starts_at"]),
        "until": instant_text(freeze["ends_at"]),
        "where": where,
    }
