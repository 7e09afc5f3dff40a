"""`holdfast metrics`: how fast we are. The definitions stand in docs/reference/clocks.md."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from holdfast.edges.cli.options import format_option, terminal_of, with_api
from holdfast.edges.cli.output import print_answer, say
from holdfast.edges.cli.paging import journal_entries
from holdfast.edges.cli.words import duration_text
from holdfast.metrics.recompute import exposures_from_journal
from holdfast.metrics.summary import DIMENSIONS, Figure, Group, summarize
from holdfast.model.instant import parse_instant, to_microseconds
from holdfast.model.journal import JournalEntry
from holdfast.ports.api import Api

_MEASURES = {
    "detect": "time to detect",
    "mitigate": "time to mitigate",
    "decide": "… deciding",
    "act": "… acting",
    "repair": "time to repair",
    "window": "exposure window",
}
_COLUMNS = [
    ("Group", "group"),
    ("Measure", "measure"),
    ("p50", "p50"),
    ("p90", "p90"),
    ("n", "n"),
    ("Open", "open"),
    ("Other ends", "others"),
    ("Mean of done", "mean"),
]


@click.command("metrics")
@with_api
@click.option(
    "--by",
    "dimensions",
    multiple=True,
    type=click.Choice(list(DIMENSIONS)),
    help="What to group by; may be given more than once.",
)
@click.option("--from-journal", is_flag=True, help="Compute them anew here, from the journal's entries alone.")
@format_option
@click.pass_context
def command(context: click.Context, api: Api, *, dimensions: tuple[str, ...], from_journal: bool, style: str) -> None:
    """Print times to detect, mitigate and repair, and exposure windows: p50, p90, n.

    Open ones count: the estimate is Kaplan–Meier's. `–` is "not reached yet" or "no data", never 0. What existed when
    watching began is the backlog, apart.

    \b
    Examples:
      holdfast metrics
      holdfast metrics --by team --by month --format json
      holdfast metrics --from-journal
    """
    if from_journal:
        groups = _recompute(api, context, dimensions)
    else:
        groups = api.call("GET", "/metrics", query={"by": list(dimensions) or None})["items"]
    document = {"items": groups, "from": "journal" if from_journal else "server"}
    rows = [row for group in groups for row in _rows(group)]
    print_answer(style, "metrics", document, rows, _COLUMNS, empty="no exposures yet")
    for group in groups:
        for problem in group["problems"]:
            say(f"? in no figure: {problem['exposure']}: {problem['words']}")


def _recompute(api: Api, context: click.Context, dimensions: Sequence[str]) -> list[dict[str, Any]]:
    exposures = exposures_from_journal(_entries(api))
    now = terminal_of(context).machine.now()
    return [group_to_json(one) for one in summarize(exposures, now, by=list(dict.fromkeys(dimensions)))]


def _entries(api: Api) -> Iterator[JournalEntry]:
    for one in journal_entries(api, 0):
        at = to_microseconds(parse_instant(one["at"]))
        yield JournalEntry("", one["seq"], at, one["kind"], json.dumps(one["body"]), one["hash"])


def group_to_json(group: Group) -> dict[str, Any]:
    """Return a group as the API sends it."""
    return {
        "key": dict(group.key),
        "backlog": group.backlog,
        "n": group.n,
        "n_open": group.n_open,
        "figures": [_figure_to_json(one) for one in group.figures],
        "problems": [{"exposure": exposure, "words": words} for exposure, words in group.problems],
        "definitions": group.definitions,
    }


def _figure_to_json(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "n": figure.n,
        "n_done": figure.n_done,
        "n_open": figure.n_open,
        "n_other": [{"name": name, "n": n} for name, n in figure.n_other],
        "n_unsound": figure.n_unsound,
        "p50_s": figure.p50_s,
        "p90_s": figure.p90_s,
        "mean_of_done_s": figure.mean_of_done_s,
        "curve": [{"at_s": step.at_s, "share": step.value} for step in figure.curve.steps],
    }


def _rows(group: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    name = ", ".join(group["key"].values()) or "all"
    for figure in group["figures"]:
        yield {
            "group": f"{name} (backlog)" if group["backlog"] else name,
            "measure": _MEASURES.get(figure["name"], figure["name"]),
            "p50": duration_text(figure["p50_s"]),
            "p90": duration_text(figure["p90_s"]),
            "n": figure["n"],
            "open": figure["n_open"],
            "others": ", ".join(f"{one['n']} {one['name']}" for one in figure["n_other"]),
            "mean": duration_text(figure["mean_of_done_s"]),
        }
