"""`holdfast builds`: what the gate decided, how often it holds, and letting one go."""

from itertools import islice

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, print_facts, print_json
from holdfast.edges.cli.words import instant_text
from holdfast.ports.api import Api

_COLUMNS = [("Build", "id"), ("Service", "service"), ("At", "at"), ("Answer", "answer"), ("Score", "score"),
            ("Blocks", "blocking"), ("Commit", "commit"), ("Let go", "let_go")]  # fmt: skip


@click.group("builds")
def command() -> None:
    """Builds that a gate asked the server about.

    \b
    Examples:
      holdfast builds list --service shop
      holdfast builds figures --days 30
      holdfast builds override bld_… --reason "the shop is down, fix follows"
    """


def _row(build: dict[str, object]) -> dict[str, object]:
    override = build.get("override")
    reason = override["reason"] if isinstance(override, dict) else ""
    commit = str(build["commit"] or "")[:12]
    return build | {"at": instant_text(str(build["at"])), "commit": commit, "let_go": reason}


@command.command("list")
@with_api
@click.option("--service", help="Only those of a service.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@format_option
def list_builds(api: Api, *, service: str | None, limit: int, style: str) -> None:
    """List what was decided, newest first.

    \b
    Examples:
      holdfast builds list --service shop
    """
    query = {"limit": min(limit, 1000)} | ({"service": service} if service else {})
    items = list(islice(api.pages("/builds", query=query), limit))
    print_answer(style, "builds", {"items": items}, [_row(one) for one in items], _COLUMNS, empty="no build yet")


@command.command("show")
@click.argument("build")
@with_api
@format_option
def show(api: Api, *, build: str, style: str) -> None:
    """Show one decision.

    \b
    Examples:
      holdfast builds show bld_01…
    """
    answer = api.call("GET", address("builds", build))
    if style == "json":
        print_json({"schema": "holdfast.build/1", **answer})
        return
    facts = [(name, answer[name]) for name in ("id", "service", "answer", "would_be", "mode", "score", "base_score")]
    print_facts([*facts, *(("because", reason) for reason in answer["reasons"])], style)


@command.command("figures")
@with_api
@click.option("--service", help="Only those of a service.")
@click.option("--days", type=click.FloatRange(0, 366, min_open=True), default=30.0, show_default=True)
@format_option
def figures(api: Api, *, service: str | None, days: float, style: str) -> None:
    """Count how many builds were held in the last days, and how many of those somebody let go.

    \b
    Examples:
      holdfast builds figures --days 7
    """
    answer = api.call("GET", "/builds/figures", query={"days": days} | ({"service": service} if service else {}))
    if style == "json":
        print_json({"schema": "holdfast.build-figures/1", **answer})
        return
    shares = {name: "" if answer[name] is None else f"{answer[name] * 100:.1f} %" for name in _RATES}
    counts = [(name, answer[name]) for name in ("builds", "blocked", "unknown", "overridden")]
    print_facts([("since", instant_text(answer["since"])), *counts, *shares.items()], style)


_RATES = ("block_rate", "override_rate")


@command.command("override")
@click.argument("build")
@with_api
@click.option("--reason", required=True, help="Why; it is journaled, and counted.")
@format_option
def override(api: Api, *, build: str, reason: str, style: str) -> None:
    """Let a held build go, as a person.

    \b
    Examples:
      holdfast builds override bld_01… --reason "the shop is down, the fix follows"
    """
    answer = api.call("POST", address("builds", build, "override"), body={"reason": reason})
    print_answer(style, "build", answer, [_row(answer)], _COLUMNS)
