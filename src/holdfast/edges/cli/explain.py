"""`holdfast explain`: one exposure, with everything that is known about it."""

from collections.abc import Mapping
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.fix import fix_facts
from holdfast.edges.cli.mitigate import RUN_COLUMNS, run_row
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_facts, print_heading, print_json, print_rows
from holdfast.edges.cli.words import (
    duration_text,
    instant_text,
    package_state_text,
    place_text,
    seconds_between,
    severity_text,
    state_text,
)
from holdfast.model.instant import parse_instant
from holdfast.ports.api import Api

_LIFE = (
    ("introduced_at", "introduced", "the bad release or setting first ran"),
    ("disclosed_at", "disclosed", "the advisory was published"),
    ("applicable_at", "applicable", "a revision of it first named this component"),
    ("watched_since", "watched", "watching began"),
    ("detected_at", "detected", "found here"),
    ("acted_at", "acted", "a mitigation began"),
    ("mitigated_at", "mitigated", "its effect was read back"),
    ("lifted_at", "lifted", "the mitigation was taken back"),
    ("fixed_at", "fixed", "the first fixed release ran"),
    ("resolved_at", "resolved", "nothing bad runs"),
    ("waived_at", "waived", "accepted"),
    ("cleared_at", "cleared", "a VEX document says that nothing is to be mended"),
)
_TIMES = (("time to mitigate", "mitigated_at"), ("time to repair", "resolved_at"))
_EVIDENCE = [("Advisory", "id"), ("Severity", "severity"), ("Modified", "modified"), ("Summary", "summary")]
_LIFE_COLUMNS = [("When", "at"), ("What", "what"), ("", "words")]
_ENTRIES = [("#", "seq"), ("When", "at"), ("What", "kind"), ("", "words")]


@click.command("explain")
@click.argument("exposure")
@with_api
@format_option
def command(api: Api, *, exposure: str, style: str) -> None:
    """Explain one exposure: since when, on what evidence, what was done about it, and the way out.

    \b
    Examples:
      holdfast explain exp_01j9x2m4…
      holdfast explain exp_01j9x2m4… --format markdown > incident.md
    """
    detail = api.call("GET", address("findings", exposure))
    if style == "json":
        print_json({"schema": "holdfast.explain/1", **detail})
        return
    finding = detail["finding"]
    print_facts(_facts(finding), style)
    if finding["waiver"] is not None:
        print_heading("Waiver", style)
        print_facts(_waiver(finding["waiver"]), style)
    if finding["said"] is not None:
        print_heading("VEX", style)
        print_facts(_said(finding["said"]), style)
    print_heading("Clocks", style)
    print_rows(_life(finding["clocks"]), _LIFE_COLUMNS, style)
    print_facts(_times(finding["clocks"]), style)
    print_heading("Evidence", style)
    print_rows([_record(one) for one in detail["advisories"]], _EVIDENCE, style, empty="no advisory is kept any more")
    if detail["runs"]:
        print_heading("Mitigation", style)
        print_rows([run_row(one) for one in detail["runs"]], RUN_COLUMNS, style)
    print_heading("Fix", style)
    print_facts(fix_facts(finding, detail["fix"]), style)
    print_heading("Journal", style)
    print_rows([_entry(one) for one in detail["timeline"]], _ENTRIES, style)


def _facts(one: Mapping[str, Any]) -> list[tuple[str, object]]:
    words = f", {one['ending']}" if one["ending"] else ""
    return [
        ("exposure", one["id"]),
        ("state", state_text(one["state"]) + words + (", backlog" if one["backlog"] else "")),
        ("what", one["summary"]),
        ("severity", severity_text(one["risk"])),
        ("known exploited", {True: "yes", False: "no", None: "not known"}[one["risk"]["known_exploited"]]),
        ("exploit likelihood", "not known" if one["risk"]["epss"] is None else f"{one['risk']['epss']:.2%} (EPSS)"),
        (one["subject"]["kind"], one["subject"]["name"]),
        ("environment", f"{one['environment']}, exposure {one['risk']['reach']}"),
        ("team", one["team"]),
        ("package", f"{one['ecosystem']} {one['name']} {', '.join(one['versions'])}"),
        ("distribution", package_state_text(one)),
        ("through", " → ".join(one["path"]) or ("a direct dependency" if one["direct"] else "")),
        ("where", ", ".join(place_text(place) for place in one["locations"][:5])),
        ("confidence", one["confidence"]),
        ("advisories", ", ".join(one["advisories"])),
    ]


def _waiver(one: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [
        ("waiver", one["id"]),
        ("because", f"{one['status'].replace('_', ' ')}, {one['reason']}"),
        ("statement", one["statement"]),
        ("owner", one["owner"]),
        ("approved by", one["approved_by"]),
        ("until", instant_text(one["expires_at"])),
        ("does not hold", "; ".join(one["void"])),
    ]


def _said(one: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [
        ("status", one["status"].replace("_", " ")),
        ("because", one["impact"] or one["reason"]),
        ("author does", ", ".join(one["response"])),
        ("what to do", one["action"]),
        ("by", one["author"]),
        ("dated", instant_text(one["at"])),
        ("document", f"{one['document']} {one['digest']}"),
        ("does not count", "; ".join(one["void"])),
        ("others say", "; ".join(one["others"])),
    ]


def _life(clocks: Mapping[str, Any]) -> list[dict[str, Any]]:
    known = [(clocks[key], what, words) for key, what, words in _LIFE if clocks[key]]
    known.sort(key=lambda one: parse_instant(one[0]))  # stable: what is at one instant stays in the loop's order
    return [{"at": instant_text(at), "what": what, "words": words} for at, what, words in known]


def _times(clocks: Mapping[str, Any]) -> list[tuple[str, object]]:
    spans = [(name, seconds_between(clocks["detected_at"], clocks[end])) for name, end in _TIMES]
    others = ((word, seconds_between(clocks["detected_at"], clocks[f"{word}_at"])) for word in ("waived", "cleared"))
    ended = next((f"none, {word} after {duration_text(span)}" for word, span in others if span is not None), None)
    return [(name, duration_text(span) if span is not None else ended or "still running") for name, span in spans]


def _record(one: Mapping[str, Any]) -> dict[str, Any]:
    score = "unscored" if one["severity"] is None else f"{one['severity']:g}"
    return {**one, "severity": score, "modified": instant_text(one["modified"])}


def _entry(one: Mapping[str, Any]) -> dict[str, Any]:
    body = one["body"]
    told = ("state", "status", "plan", "level", "actor", "by", "version", "step", "reason")
    words = ", ".join(f"{key} {body[key]}" for key in told if isinstance(body.get(key), str | int))
    return {"seq": one["seq"], "at": instant_text(one["at"]), "kind": one["kind"], "words": words}
