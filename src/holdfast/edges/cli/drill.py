"""`holdfast drill`: rehearsals, before the night on which they are needed.

`holdfast drill SERVICE` holds a drill; the other words are commands of their own. A service of such a name is meant by
`holdfast drill run NAME`.
"""

import json
import time
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import (
    EXIT_BLOCKED,
    EXIT_PASS,
    EXIT_UNKNOWN,
    data_option,
    format_option,
    with_api,
)
from holdfast.edges.cli.output import print_answer, print_facts, print_heading, print_json, print_rows, say
from holdfast.edges.cli.reading import read_text, write_output
from holdfast.edges.cli.words import instant_text
from holdfast.errors import HoldfastError, UsageError
from holdfast.mitigations.drill import seconds_words
from holdfast.mitigations.drill_faults import FAULTS
from holdfast.ports.api import Api

__all__ = ["command", "data_option"]

LOOK_S = 0.1
PATIENCE_S = 600.0
_SHAPES = {"proven": "●", "stale": "◐", "failed": "◆", "never": "◆", "passed": "●", "running": "◐"}
_STEPS = [("", "shape"), ("Look", "name"), ("Took", "took"), ("Saw", "detail")]
_PLANS = [
    ("Service", "service"),
    ("Plan", "plan"),
    ("Environment", "environment"),
    ("Drills say", "readiness"),
    ("May act", "applies"),
    ("Will take", "takes"),
    ("Because", "because"),
]
_DRILLS = [
    ("Drill", "id"),
    ("Outcome", "outcome"),
    ("Service", "service"),
    ("Plan", "plan"),
    ("Environment", "environment"),
    ("Level", "level"),
    ("Began", "began"),
    ("Because", "because"),
]
_CALENDAR = [("Service", "service"), ("Plan", "plan"), ("Level", "level"), ("Every", "every"), ("Due", "due")]


class _Drills(click.Group):
    """A group whose unknown words are services."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a service's name as `run NAME`."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["run", *args]
        return super().resolve_command(ctx, args)


@click.group("drill", cls=_Drills)
def command() -> None:
    """Rehearse plans: look at them, simulate them in production, carry them out in staging.

    `holdfast drill SERVICE` is short for `holdfast drill run SERVICE`.

    \b
    Examples:
      holdfast drill shop
      holdfast drill shop --level L2 --environment staging --fault engine-killed
      holdfast drill list
    """


@command.command("run")
@click.argument("service")
@with_api
@click.option("--plan", help="Which plan; by default every declared drill's, else every plan.")
@click.option("--environment", help="Where; by default the most critical one where it runs, for L2 a test environment.")
@click.option("--level", type=click.Choice(["L0", "L1", "L2"]), help="How far; by default as declared, else L1.")
@click.option("--fault", "faults", multiple=True, type=click.Choice(sorted(FAULTS)), help="Inject it; repeatable.")
@format_option
@click.pass_context
def run(
    context: click.Context,
    api: Api,
    *,
    service: str,
    plan: str | None,
    environment: str | None,
    level: str | None,
    faults: tuple[str, ...],
    style: str,
) -> None:
    """Hold a drill of SERVICE, step by step. Exits 0 when it passed, 1 when it failed, 5 when that could not be told.

    L0 looks at the plan, L1 simulates it where it would act and measures a canary (safe in production), L2 carries it
    out in a test environment and takes it back.

    \b
    Examples:
      holdfast drill shop
      holdfast drill shop --plan receipts-off --environment production --level L1
      holdfast drill shop --level L2 --fault engine-killed --fault target-500
    """
    ask = {"service": service, "environment": environment, "level": level, "faults": list(faults)}
    plans = [plan] if plan is not None else _plans_of(api, service)
    ended = [_hold(api, {**ask, "plan": one}, style) for one in plans]
    if style == "json":
        print_json({"schema": "holdfast.drills/1", "items": ended})
    outcomes = {one["outcome"] for one in ended}
    context.exit(EXIT_BLOCKED if "failed" in outcomes else EXIT_PASS if outcomes == {"passed"} else EXIT_UNKNOWN)


def _plans_of(api: Api, service: str) -> list[str | None]:
    """The plans to rehearse: declared ones first, else all that are known to run; `None` lets the server choose."""
    found = api.call("GET", "/drills/coverage")
    declared = [row["plan"] for row in found["calendar"] if row["service"] == service]
    known = [row["plan"] for row in found["plans"] if row["service"] == service]
    return list(dict.fromkeys(declared or known)) or [None]


def _hold(api: Api, ask: dict[str, Any], style: str) -> dict[str, Any]:
    drill: dict[str, Any] = api.call("POST", "/drills", body={name: value for name, value in ask.items() if value})
    where = f"`{drill['plan']}` of {drill['service']} in {drill['environment']}"
    faults = f" with {', '.join(drill['faults'])}" if drill["faults"] else ""
    say(f"drill {drill['id']}: {where}, {drill['level']}{faults}")
    shown, until = 0, time.monotonic() + PATIENCE_S
    while True:
        for step in drill["steps"][shown:]:
            say(
                f"  {'●' if step['passed'] else '◆'} {step['name']} ({seconds_words(step['took_s'])}): {step['detail']}"
            )
        shown = len(drill["steps"])
        if drill["outcome"] != "running" or time.monotonic() > until:
            break
        time.sleep(LOOK_S)
        drill = api.call("GET", address("drills", drill["id"]))
    if style != "json":
        _print_drill(drill, style)
    return drill


def _print_drill(drill: dict[str, Any], style: str) -> None:
    took = {
        name: seconds_words(drill[name]) if drill[name] is not None else None
        for name in ("mitigate_s", "propagation_s")
    }
    print_facts(
        [
            ("drill", drill["id"]),
            ("outcome", f"{_SHAPES.get(drill['outcome'], '◆')} {drill['outcome']}"),
            ("because", drill["because"]),
            ("effective after", took["mitigate_s"]),
            ("propagated in", took["propagation_s"]),
            ("evidence", f"holdfast drill evidence {drill['id']}"),
        ],
        style,
    )


@command.command("show")
@click.argument("drill")
@with_api
@format_option
def show(api: Api, *, drill: str, style: str) -> None:
    """Show a drill with all that it saw.

    \b
    Examples:
      holdfast drill show drl_01j9x2m4…
    """
    found = api.call("GET", address("drills", drill))
    if style == "json":
        print_json({"schema": "holdfast.drill/1", **found})
        return
    _print_drill(found, style)
    print_heading("What it saw", style)
    steps = [
        {**one, "shape": "●" if one["passed"] else "◆", "took": seconds_words(one["took_s"])} for one in found["steps"]
    ]
    print_rows(steps, _STEPS, style, empty="nothing yet")


@command.command("list")
@with_api
@click.option("--service", help="Of one service alone.")
@format_option
def list_plans(api: Api, *, service: str | None, style: str) -> None:
    """Say of every plan whether it is rehearsed, and when the declared drills are due.

    \b
    Examples:
      holdfast drill list
      holdfast drill list --service shop --format json
    """
    found = api.call("GET", "/drills/coverage")
    wanted = [row for row in found["plans"] if service in {None, row["service"]}]
    rows = [_plan_row(row, one) for row in wanted for one in row["standings"]]
    due = [row for row in found["calendar"] if service in {None, row["service"]}]
    if service is None:
        say(f"{found['covered']} of {found['services']} services have a rehearsed way back wherever they run")
    print_answer(style, "rehearsed", {**found, "plans": wanted, "calendar": due}, rows, _PLANS, empty="no plan runs")
    if style != "json" and due:
        print_heading("Declared drills", style)
        print_rows([{**one, "due": instant_text(one["due_at"])} for one in due], _CALENDAR, style)


def _plan_row(row: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    told = one["prediction"]
    takes = (
        f"{seconds_words(told['p50_s'])} (p90 {seconds_words(told['p90_s'])}, n {told['n']})"
        if told
        else "not measured"
    )
    shape = _SHAPES[one["readiness"]]
    return {**row, **one, "readiness": f"{shape} {one['readiness']}", "takes": takes}


@command.command("log")
@with_api
@click.option("--service", help="Of one service alone.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@format_option
def log(api: Api, *, service: str | None, limit: int, style: str) -> None:
    """List the drills that were held, newest first.

    \b
    Examples:
      holdfast drill log --service shop
    """
    found = api.call("GET", "/drills", query={"service": service, "limit": limit})
    rows = [
        {
            **one,
            "outcome": f"{_SHAPES.get(one['outcome'], '◆')} {one['outcome']}",
            "began": instant_text(one["started_at"]),
        }
        for one in found["items"]
    ]
    print_answer(style, "drills", {"items": found["items"]}, rows, _DRILLS, empty="no drill was held yet")


@command.command("check")
@click.argument("service")
@with_api
@click.option("--environment", required=True, help="Where it is to be released.")
@format_option
@click.pass_context
def check(context: click.Context, api: Api, *, service: str, environment: str, style: str) -> None:
    """Judge the rule "no release without a rehearsed way back". Exits 0 pass, 1 blocked, 5 could not tell.

    \b
    Examples:
      holdfast drill check shop --environment production
    """
    found = api.call("GET", "/drills/check", query={"service": service, "environment": environment})
    if style == "json":
        print_json({"schema": "holdfast.rehearsed/1", **found})
    else:
        words = {"pass": "● pass", "fail": "◆ blocked", "unknown": "? could not tell"}[found["verdict"]]
        print_facts([("a rehearsed way back", words), ("because", found["because"])], style)
    context.exit({"pass": EXIT_PASS, "fail": EXIT_BLOCKED, "unknown": EXIT_UNKNOWN}[found["verdict"]])


@command.command("evidence")
@click.argument("drill")
@with_api
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to FILE; else to stdout.")
def evidence(api: Api, *, drill: str, output: Path | None) -> None:
    """Write a drill's evidence: an in-toto statement in a DSSE envelope.

    \b
    Examples:
      holdfast drill evidence drl_01j9x2m4… --output drill.json
    """
    text = json.dumps(api.call("GET", address("drills", drill, "evidence"))) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        write_output(output, text)


@command.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--key", required=True, help="The verifier key, as text or in a file; `holdfast audit checkpoint` names it."
)
@format_option
@click.pass_context
def verify(context: click.Context, *, file: Path, key: str, style: str) -> None:
    """Verify evidence in FILE with a key. Exits 0 when that key signed it, 1 when not. Needs no server.

    \b
    Examples:
      holdfast drill verify drill.json --key kept.key
    """
    from holdfast.findings.checkpoint import ed25519_verifier, parse_verifier_key
    from holdfast.mitigations.drill_statement import verify_drill

    text = key if key.count("+") >= 2 else read_text(Path(key), 1 << 12).strip()
    try:
        _, public_key = parse_verifier_key(text, where="--key")
        verifier = ed25519_verifier(public_key)
    except HoldfastError as error:
        raise UsageError(error.message, where="--key", hint="`holdfast audit checkpoint` prints the key") from None
    try:
        statement = verify_drill(read_text(file, 4 << 20), verifier, where=str(file))
    except HoldfastError as error:
        say(f"◆ not verified: {error}")
        context.exit(EXIT_BLOCKED)
    told = statement["predicate"]
    if style == "json":
        print_json({"schema": "holdfast.evidence/1", "verified": True, "statement": statement})
        return
    what = f"`{told.get('plan')}` of {told.get('service')} in {told.get('environment')}"
    facts = [
        ("evidence", "● signed by that key"),
        ("drill", told.get("id")),
        ("of", what),
        ("level", told.get("level")),
    ]
    print_facts([*facts, ("outcome", told.get("outcome")), ("ended", told.get("finishedOn"))], style)
