"""`holdfast mitigate break-glass`: past every guard and approval, with a reason that everybody is told.

When the store does not answer, a flag is forced all the same: a line in DIR/spool is on disk before the command ends,
the flag server on that folder serves it at once, and the store learns of it when it is back.
"""

import os
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import data_option, format_option, open_api, terminal_of, with_api
from holdfast.edges.cli.output import print_facts, print_json, say
from holdfast.errors import HoldfastError, UsageError
from holdfast.ports.api import Api

_NOBODY = "nobody"


@click.command("break-glass")
@click.argument("exposure", required=False)
@click.option("--flag", help="Force this flag instead of starting a plan.")
@click.option("--environment", help="Where the flag is forced.")
@click.option("--variant", help="Which variant is forced.")
@click.option("--plan", help="Which plan of EXPOSURE; by default the one that applies.")
@click.option("--reason", required=True, help="Why; everybody is told.")
@data_option
@click.option("--server", envvar="HOLDFAST_SERVER", help="A server's URL; its token is in HOLDFAST_TOKEN.")
@format_option
@click.pass_context
def break_glass(
    context: click.Context,
    *,
    exposure: str | None,
    flag: str | None,
    environment: str | None,
    variant: str | None,
    plan: str | None,
    reason: str,
    data: Path,
    server: str | None,
    style: str,
) -> None:
    """Start a plan for EXPOSURE, or force a flag, past every guard and approval. It is loud.

    When the store does not answer, a flag is forced all the same: by a line in the data folder's spool, which the flag
    server on that folder serves at once and which is merged later. That goes for flags alone: nothing else is done
    without the store.

    \b
    Examples:
      holdfast mitigate break-glass exp_01j9x2m4… --reason "it is being exploited"
      holdfast mitigate break-glass --flag shop.receipts --environment production --variant off --reason "the same"
    """
    if not reason.strip():
        raise UsageError("breaking the glass needs a reason", hint='--reason "…"')
    if flag is None:
        if exposure is None:
            raise UsageError("what is it for?", hint="name an exposure, or --flag with --environment and --variant")
        _start(context, data, server, {"exposure": exposure, "plan": plan, "reason": reason}, style)
        return
    if exposure is not None or plan is not None or environment is None or variant is None:
        raise UsageError("a flag is forced by --flag, --environment and --variant alone", hint="leave the rest out")
    _force(
        context, data, server, {"environment": environment, "flag": flag, "variant": variant, "reason": reason}, style
    )


def _start(context: click.Context, data: Path, server: str | None, body: dict[str, Any], style: str) -> None:
    from holdfast.edges.cli.mitigate import print_run

    try:
        api = open_api(context, data, server)
        try:
            made = api.call("POST", "/mitigations/break-glass", body=body)
            print_run(api.call("GET", address("mitigations", made["id"])), style)
        finally:
            api.close()
    except HoldfastError as error:
        if not _is_away(error):
            raise
        because = f"the store does not answer ({error.message}), and without it only flags can be forced"
        hint = (
            "plans, releases, `service.off` and `edge.block` wait for the store. A flag that Holdfast serves does not: "
            "--flag KEY --environment ENV --variant V"
        )
        raise HoldfastError(f"nothing was started: {because}", where=error.where, hint=hint) from None


def _force(context: click.Context, data: Path, server: str | None, body: dict[str, str], style: str) -> None:
    try:
        api = open_api(context, data, server)
        try:
            made = api.call("POST", "/break-glass", body=body)
        finally:
            api.close()
    except HoldfastError as error:
        if not _is_away(error) or not data.is_dir():
            raise
        _spool(context, data, body, error, style)
        return
    _print_forced(made, style)
    say(f"it holds until `holdfast mitigate lift {made['id']}`")


def _is_away(error: HoldfastError) -> bool:
    """Whether nobody answered; every refusal has a class of its own."""
    return type(error) is HoldfastError


def _spool(context: click.Context, data: Path, body: dict[str, str], error: HoldfastError, style: str) -> None:
    from holdfast.loop.break_glass import check_force

    check_force(body["environment"], body["flag"], body["variant"], body["reason"])
    file = terminal_of(context).premises.spool(data, {**body, "by": _who(data)})
    if style == "json":
        print_json({"schema": "holdfast.forced/1", "spooled": file, **body})
    else:
        print_facts([("flag", body["flag"]), ("forced to", body["variant"]), ("kept in", file)], style)
    say(f"the store does not answer: {error.message}")
    say(f"the line is on disk; a flag server or relay on {data} serves it at once, and the store learns of it later")


def _who(data: Path) -> str:
    """Return the opaque id of the token that would have asked, without asking whether it counts."""
    text = os.environ.get("HOLDFAST_TOKEN", "").strip()
    if not text:
        try:
            text = (data / "admin.token").read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return _NOBODY
    parts = text.removeprefix("hf_").rpartition("_")
    return parts[0] if text.startswith("hf_tok_") and parts[0].isascii() else _NOBODY


@click.command("lift")
@click.argument("overlay")
@with_api
@format_option
def lift(api: Api, *, overlay: str, style: str) -> None:
    """Lift OVERLAY, which breaking the glass laid on a flag, as a person.

    What a run laid is taken back with the run.

    \b
    Examples:
      holdfast mitigate lift ovl_01j9x2m4…
    """
    _print_forced(api.call("DELETE", address("break-glass", overlay)), style)


def _print_forced(overlay: dict[str, Any], style: str) -> None:
    if style == "json":
        print_json({"schema": "holdfast.overlay/1", **overlay})
        return
    state = "lifted" if overlay["lifted_at"] else "in force"
    facts = [("overlay", overlay["id"]), ("flag", overlay["flag"]), ("environment", overlay["environment"])]
    print_facts([*facts, ("forced to", overlay["variant"]), ("reason", overlay["reason"]), ("state", state)], style)
