"""`holdfast findings`: exposures, the most urgent first."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import click

from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, say
from holdfast.edges.cli.paging import answer_pages
from holdfast.edges.cli.words import fix_text, instant_text, said_text, severity_text, state_text, waiver_text
from holdfast.model.advisory import PackageState
from holdfast.model.exposure import State
from holdfast.ports.api import Api

COLUMNS = [
    ("State", "state_words"),
    ("Severity", "severity"),
    ("Service or host", "subject_name"),
    ("Environment", "environment"),
    ("Package", "package"),
    ("Advisory", "advisory"),
    ("Fix", "fix"),
    ("Detected", "detected"),
    ("Exposure", "id"),
]
_PAGE = 1000


@click.command("findings")
@with_api
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([one.value for one in State]),
    help="May be given more than once, as the others.",
)
@click.option("--service", "services", multiple=True)
@click.option("--environment", "environments", multiple=True)
@click.option("--team", "teams", multiple=True)
@click.option("--text", help="Words in package, advisory or summary.")
@click.option("--min-severity", type=click.FloatRange(0, 10), help="A CVSS score; what has none is left out.")
@click.option("--exploited", is_flag=True, help="Only those known to be exploited.")
@click.option("--fixable", is_flag=True, help="Only those with a fixed version.")
@click.option(
    "--package-state",
    "package_states",
    multiple=True,
    type=click.Choice([one.value for one in PackageState]),
    help="How its distribution says that a package stands; what is of no distribution is left out.",
)
@click.option("--as-of", help="Those that were live then: an RFC 3339 instant.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many to show.")
@format_option
def command(
    api: Api,
    *,
    states: tuple[str, ...],
    services: tuple[str, ...],
    environments: tuple[str, ...],
    teams: tuple[str, ...],
    text: str | None,
    min_severity: float | None,
    exploited: bool,
    fixable: bool,
    package_states: tuple[str, ...],
    as_of: str | None,
    limit: int,
    style: str,
) -> None:
    """List exposures by rank: known exploited first, then severity, reach, and whether there is a fix.

    \b
    Examples:
      holdfast findings
      holdfast findings --state open --environment production --min-severity 7
      holdfast findings --service pay --fixable --format json
      holdfast findings --package-state will_not_fix --package-state end_of_life
      holdfast findings --as-of 2026-11-21T12:00:00Z
    """
    query = {
        "state": list(states) or None,
        "service": list(services) or None,
        "environment": list(environments) or None,
        "team": list(teams) or None,
        "text": text,
        "min_severity": min_severity,
        "known_exploited": True if exploited else None,
        "fix_available": True if fixable else None,
        "package_state": list(package_states) or None,
        "as_of": as_of,
        "limit": min(limit, _PAGE),
    }
    first, items = answer_pages(api, "GET", "/findings", query)
    shown = list(islice(items, limit))
    unknown = [] if as_of else unknown_feeds(api)
    document = {"items": shown, "total": first["total"], "as_of": as_of, "unknown": unknown}
    print_answer(style, "findings", document, [finding_row(one) for one in shown], COLUMNS, empty="no such exposure")
    if len(shown) < first["total"]:
        say(f"{len(shown)} of {first['total']} are shown: --limit shows more")
    for feed in unknown:
        say(f"? unknown: {feed['ecosystem']}: {feed['because']}")


def finding_row(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of an exposure."""
    versions = ", ".join(one["versions"])
    marks = [mark for mark in ("backlog" if one["backlog"] else "", waiver_text(one), said_text(one)) if mark]
    names = [name for name in one["advisories"] if name.startswith("CVE-")] or one["advisories"]
    return {
        **one,
        "state_words": state_text(one["state"]) + (f" ({', '.join(marks)})" if marks else ""),
        "severity": severity_text(one["risk"]),
        "subject_name": one["subject"]["name"],
        "package": f"{one['name']} {versions}".strip(),
        "advisory": ", ".join(names[:2]) + (" …" if len(names) > 2 else ""),
        "fix": fix_text(one),
        "detected": instant_text(one["clocks"]["detected_at"]),
    }


def unknown_feeds(api: Api) -> list[dict[str, Any]]:
    """Return the ecosystems that run here and of which no verdict can be given, with the reason."""
    feeds = api.call("GET", "/feeds")["items"]
    return [{"ecosystem": one["ecosystem"], "because": one["because"]} for one in feeds if one["state"] != "pass"]
