"""`holdfast builds`: what the gate decided, how often it holds, and letting one go."""

from itertools import islice
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, print_facts, print_heading, print_json, print_rows
from holdfast.edges.cli.words import instant_text, place_text
from holdfast.ports.api import Api

_COLUMNS = [("Build", "id"), ("Service", "service"), ("At", "at"), ("Answer", "answer"), ("Score", "score"),
            ("Blocks", "blocking"), ("Commit", "commit"), ("Let go", "let_go")]  # fmt: skip


_FACTS = ("id", "service", "team", "answer", "would_be", "mode", "score", "base_score", "bar", "commit", "artifact",
          "environment", "release_id", "took_s")  # fmt: skip
_BLOCKING = [("Blocks", "id"), ("In", "package"), ("Because", "why"), ("Where", "where"), ("Do", "fix")]
_WARNINGS = [("Warns", "id"), *_BLOCKING[1:]]
_UNKNOWN = [("Could not tell", "because"), ("Where", "where")]
_FIGURES = [("Builds", "builds"), ("Blocked", "blocked"), ("Unknown", "unknown"), ("Let go", "overridden"),
            ("Held", "block_rate"), ("Of it let go", "override_rate"), ("Score", "score_p50"), ("p50", "took_p50_s"),
            ("p90", "took_p90_s")]  # fmt: skip


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
@click.option("--team", help="Only those of a team.")
@click.option(
    "--verdict",
    type=click.Choice(["pass", "blocked", "unknown", "held", "overridden"]),
    help="`held` are those that nobody let go.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@format_option
def list_builds(
    api: Api, *, service: str | None, team: str | None, verdict: str | None, limit: int, style: str
) -> None:
    """List what was decided, newest first.

    \b
    Examples:
      holdfast builds list --service shop
      holdfast builds list --team payments --verdict held
    """
    query = {"limit": min(limit, 1000), "service": service, "team": team, "verdict": verdict}
    items = list(islice(api.pages("/builds", query=query), limit))
    print_answer(style, "builds", {"items": items}, [_row(one) for one in items], _COLUMNS, empty="no build yet")


@command.command("show")
@click.argument("build")
@with_api
@format_option
def show(api: Api, *, build: str, style: str) -> None:
    """Show one decision: what blocks and what to type, what could not be told, and what it was decided on.

    \b
    Examples:
      holdfast builds show bld_01…
    """
    answer = api.call("GET", address("builds", build))
    document = api.call("GET", address("builds", build, "document"))
    if style == "json":
        print_json({"schema": "holdfast.build/1", **answer, "document": document})
        return
    facts = [(name, answer[name]) for name in _FACTS]
    let_go = answer["override"] or {"by": None, "reason": None}
    facts += [("let go by", let_go["by"]), ("let go because", let_go["reason"])]
    facts += [("feed", _feed(one)) for one in document.get("snapshot", ())]
    print_facts([*facts, *(("because", reason) for reason in answer["reasons"])], style)
    for part, columns in (("blocking", _BLOCKING), ("warnings", _WARNINGS), ("unknown", _UNKNOWN)):
        rows = [_found(one) for one in document.get(part, ())]
        if rows:
            print_heading(part.capitalize(), style)
            print_rows(rows, columns, style)


def _found(one: dict[str, Any]) -> dict[str, object]:
    """Return the cells of a finding, or of what could not be told."""
    if "purl" not in one:
        return one
    fix, places = one["fix"] or {}, one["locations"]
    rules = ", ".join(rule["id"] for rule in one["rules"])
    done = fix.get("command") or fix.get("note") or "no fix is known"
    where = place_text(places[0]) if places else ""
    return {"id": one["id"], "package": one["purl"] or "", "why": one["because"] or rules, "where": where, "fix": done}


def _feed(one: dict[str, Any]) -> str:
    synced = f"synced {instant_text(one['synced'])}" if one["synced"] else "never synced"
    newest = f", newest record {instant_text(one['newest'])}" if one["newest"] else ""
    return f"{one['ecosystem']}: {synced}{newest}"


@command.command("figures")
@with_api
@click.option("--service", help="Only those of a service.")
@click.option("--team", help="Only those of a team.")
@click.option("--by", type=click.Choice(["week", "service", "team", "group"]), help="Count each by itself as well.")
@click.option("--days", type=click.FloatRange(0, 366, min_open=True), default=30.0, show_default=True)
@format_option
def figures(api: Api, *, service: str | None, team: str | None, by: str | None, days: float, style: str) -> None:
    """Count how many builds were held in the last days, how many of those somebody let go, and how long it took.

    \b
    Examples:
      holdfast builds figures --days 7
      holdfast builds figures --days 90 --by week
    """
    grouped = None if by == "week" else by
    answer = api.call("GET", "/builds/figures", query={"days": days, "service": service, "team": team, "by": grouped})
    if style == "json":
        print_json({"schema": "holdfast.build-figures/1", **answer})
        return
    since = ("since", instant_text(answer["since"]))
    print_facts([since, *((name, value) for name, value in _figure(answer).items() if name != "name")], style)
    rows = [_figure(one) for one in answer["weeks" if by == "week" else "groups"]] if by else []
    if rows:
        print_heading(f"By {by}", style)
        print_rows(rows, [((by or "").capitalize(), "name"), *_FIGURES], style)


def _figure(one: dict[str, Any]) -> dict[str, object]:
    """Return the cells of a time, a week or a group."""
    shares = {name: "" if one[name] is None else f"{one[name] * 100:.1f} %" for name in ("block_rate", "override_rate")}
    took = {name: "" if one[name] is None else f"{one[name]:.3f} s" for name in ("took_p50_s", "took_p90_s")}
    counts = {name: one[name] for name in ("builds", "blocked", "unknown", "overridden")}
    name = one.get("name") or ("not known" if one.get("name") == "" else one["since"][:10])
    return {"name": name, **counts, **shares, "score_p50": one["score_p50"], **took}


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
