"""`holdfast mitigate`: plans and runs."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.break_glass import break_glass, lift
from holdfast.edges.cli.messages import list_untold, send_again, warn_untold
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, print_facts, print_heading, print_json, print_rows, say
from holdfast.edges.cli.words import instant_text, parse_duration
from holdfast.mitigations.drill import seconds_words
from holdfast.ports.api import Api

RUN_COLUMNS = [
    ("Run", "id"),
    ("State", "state_words"),
    ("Plan", "plan"),
    ("Service", "service"),
    ("Environment", "environment"),
    ("Level", "level"),
    ("Since", "since"),
    ("Why it waits, or what was seen", "words"),
]
DEBT_COLUMNS = [
    ("What holds", "what"),
    ("State", "words"),
    ("Service", "service"),
    ("Environment", "environment"),
    ("Since", "since"),
    ("Ends", "ends"),
    ("What would lift it", "lifts"),
]
_SHAPES = {"effective": "◐", "failed": "◆", "undone": "●", "needs_person": "◆"}
_STEPS = [("Step", "number"), ("Action", "action"), ("With", "with"), ("State", "state"), ("Read back", "detail")]
_CHANGES = [("What", "what"), ("Is", "before"), ("Would be", "after"), ("Note", "note")]


@click.group("mitigate")
def command() -> None:
    """Plans and runs: what would be done, what is being done, and who lets it.

    \b
    Examples:
      holdfast mitigate preview exp_01j9x2m4…
      holdfast mitigate approve run_01j9x2m4…
      holdfast mitigate pause --reason "recovering from an outage"
    """


@command.command("list")
@with_api
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@format_option
def list_runs(api: Api, *, limit: int, style: str) -> None:
    """List runs, newest first.

    \b
    Examples:
      holdfast mitigate list
      holdfast mitigate list --format json
    """
    runs = list(islice(api.pages("/mitigations", query={"limit": min(limit, 1000)}), limit))
    print_answer(style, "runs", {"items": runs}, [run_row(one) for one in runs], RUN_COLUMNS, empty="no runs yet")
    warn_untold(api, style)


@command.command("debt")
@with_api
@format_option
def show_debt(api: Api, *, style: str) -> None:
    """Show what is still clamped, since when, and what would lift it.

    \b
    Examples:
      holdfast mitigate debt
      holdfast mitigate debt --format json
    """
    found = api.call("GET", "/mitigations/debt")
    rows = [
        {**row, "since": instant_text(row["since"]), "ends": instant_text(row["expires_at"]) or "when lifted"}
        for row in found["items"]
    ]
    print_answer(style, "debt", found, rows, DEBT_COLUMNS, empty="nothing is clamped")
    warn_untold(api, style)


@command.command("show")
@click.argument("run")
@with_api
@format_option
def show_run(api: Api, *, run: str, style: str) -> None:
    """Show a run with its steps and what was read back.

    \b
    Examples:
      holdfast mitigate show run_01j9x2m4…
    """
    print_run(api.call("GET", address("mitigations", run)), style)


@command.command("preview")
@click.argument("exposure")
@with_api
@click.option("--plan", help="Which plan; by default the one that applies.")
@format_option
def preview(api: Api, *, exposure: str, plan: str | None, style: str) -> None:
    """Say what a plan would change for EXPOSURE, asking targets outside too. Nothing is written.

    \b
    Examples:
      holdfast mitigate preview exp_01j9x2m4…
      holdfast mitigate preview exp_01j9x2m4… --plan receipts-off --format json
    """
    found = api.call("POST", "/mitigations/preview", body={"exposure": exposure, "plan": plan})
    if style == "json":
        print_json({"schema": "holdfast.preview/1", **found})
        return
    words = {"pass": "● yes", "fail": "◆ no", "unknown": "? unknown"}[found["applies"]]
    because = f": {found['because']}" if found["because"] else ""
    told = found["prediction"]
    takes = f"{seconds_words(told['p50_s'])} (p90 {seconds_words(told['p90_s'])}, n {told['n']})" if told else None
    facts = [("plan", found["plan"]), ("applies", words + because), ("level", found["level"])]
    facts += [("drills", f"{found['readiness']}: {found['rehearsed']}"), ("took in drills", takes)]
    print_facts([*facts, ("problem", found["problem"]), ("others", ", ".join(found["others"]))], style)
    print_heading("Would change", style)
    unasked = found["unasked"]
    print_rows(found["changes"], _CHANGES, style, empty="could not be told" if unasked else "nothing would change")
    if unasked:
        print_heading("Trouble outside", style)
        print_rows([{"what": one} for one in unasked], [("What", "what")], style)


@command.command("start")
@click.argument("exposure")
@with_api
@click.option("--plan", help="Which plan; by default the one that applies.")
@format_option
def start(api: Api, *, exposure: str, plan: str | None, style: str) -> None:
    """Start a plan for EXPOSURE because you say so.

    \b
    Examples:
      holdfast mitigate start exp_01j9x2m4…
      holdfast mitigate start exp_01j9x2m4… --plan receipts-off
    """
    made = api.call("POST", "/mitigations", body={"exposure": exposure, "plan": plan})
    print_run(api.call("GET", address("mitigations", made["id"])), style)


def _decide(api: Api, run: str, deed: str, style: str, body: dict[str, Any] | None = None) -> None:
    api.call("POST", address("mitigations", run) + "/" + deed, body=body)
    print_run(api.call("GET", address("mitigations", run)), style)


@command.command("approve")
@click.argument("run")
@with_api
@format_option
def approve(api: Api, *, run: str, style: str) -> None:
    """Let RUN act. Only a person's token may; a plan at `approve-2` takes two people who did not ask for it.

    \b
    Examples:
      holdfast mitigate approve run_01j9x2m4…
    """
    _decide(api, run, "approve", style)


@command.command("reject")
@click.argument("run")
@with_api
@format_option
def reject(api: Api, *, run: str, style: str) -> None:
    """Refuse RUN before it begins.

    \b
    Examples:
      holdfast mitigate reject run_01j9x2m4…
    """
    _decide(api, run, "reject", style)


@command.command("undo")
@click.argument("run")
@with_api
@format_option
def undo(api: Api, *, run: str, style: str) -> None:
    """Take RUN back. Nothing holds that up, the pause neither.

    \b
    Examples:
      holdfast mitigate undo run_01j9x2m4…
    """
    _decide(api, run, "undo", style)


@command.command("confirm")
@click.argument("run")
@with_api
@click.option("--for", "lasting", help="90m, 12h, 7d; by default as long as its plan says.")
@format_option
def confirm(api: Api, *, run: str, lasting: str | None, style: str) -> None:
    """Keep RUN, which is about to expire, for another while.

    \b
    Examples:
      holdfast mitigate confirm run_01j9x2m4…
      holdfast mitigate confirm run_01j9x2m4… --for 12h
    """
    for_s = parse_duration(lasting, where="--for").total_seconds() if lasting else None
    _decide(api, run, "confirm", style, {"for_s": for_s})


@command.command("resolve")
@click.argument("run")
@click.argument("step", type=click.IntRange(1, 1000))
@click.argument("fate", type=click.Choice(["happened", "did-not-happen"]))
@with_api
@format_option
def resolve(api: Api, *, run: str, step: int, fate: str, style: str) -> None:
    """Say what became of STEP of RUN, whose effect nobody can prove: FATE is `happened` or `did-not-happen`.

    \b
    Examples:
      holdfast mitigate resolve run_01j9x2m4… 2 happened
    """
    _decide(api, run, f"steps/{step}/resolve", style, {"happened": fate == "happened"})


@command.command("approve-step")
@click.argument("run")
@click.argument("step", type=click.IntRange(1, 1000))
@with_api
@format_option
def approve_step(api: Api, *, run: str, step: int, style: str) -> None:
    """Let STEP of RUN, which waits for people, go on.

    \b
    Examples:
      holdfast mitigate approve-step run_01j9x2m4… 2
    """
    _decide(api, run, f"steps/{step}/approve", style)


@command.command("pause")
@with_api
@click.option("--reason", required=True, help="Why; everybody sees it.")
@format_option
def pause(api: Api, *, reason: str, style: str) -> None:
    """Stop all automation at its next safe point. People and reverts go on.

    \b
    Examples:
      holdfast mitigate pause --reason "recovering from an outage"
    """
    _print_pause(api.call("PUT", "/mitigations/pause", body={"paused": True, "reason": reason}), style)


@command.command("resume")
@with_api
@format_option
def resume(api: Api, *, style: str) -> None:
    """Let automation go on. A machine's token may pause it, and not this.

    \b
    Examples:
      holdfast mitigate resume
    """
    _print_pause(api.call("PUT", "/mitigations/pause", body={"paused": False}), style)


def _print_pause(state: dict[str, Any], style: str) -> None:
    if style == "json":
        print_json({"schema": "holdfast.pause/1", **state})
    elif state["paused"]:
        facts = [("automation", "◐ paused"), ("by", state["by"]), ("reason", state["reason"])]
        print_facts([*facts, ("since", instant_text(state["at"]))], style)
    else:
        print_facts([("automation", "● goes on")], style)


def print_run(run: dict[str, Any], style: str) -> None:
    if style == "json":
        print_json({"schema": "holdfast.run/1", **run})
        return
    print_rows([run_row(run)], RUN_COLUMNS, style)
    print_heading("Steps", style)
    print_rows([_step(step) for step in run["steps"]], _STEPS, style, empty="no steps")
    if run["unproven"]:
        print_heading("Not proven on", style)
        print_rows([{"name": name} for name in run["unproven"]], [("", "name")], style)
    if run["state"] in {"suggested", "awaiting_approval"}:
        say(f"it waits: `holdfast mitigate approve {run['id']}`")


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {**step, "with": ", ".join(f"{name}={value}" for name, value in sorted(step["arguments"].items()))}


def run_row(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of a run."""
    return {
        **run,
        "state_words": f"{_SHAPES.get(run['state'], '○')} {run['state']}",
        "since": instant_text(run["created_at"]),
        "words": run["held"] or run["proof"] or "",
    }


command.add_command(break_glass)
command.add_command(lift)
command.add_command(list_untold)
command.add_command(send_again)
