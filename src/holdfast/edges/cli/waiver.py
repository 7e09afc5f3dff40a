"""`holdfast waiver`: written, scoped, expiring acceptances that the server keeps."""

import re
from itertools import islice

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import format_option, terminal_of, with_api
from holdfast.edges.cli.output import print_answer
from holdfast.edges.cli.words import instant_text, parse_duration
from holdfast.errors import UsageError
from holdfast.model.instant import format_instant
from holdfast.ports.api import Api

_COLUMNS = [("Waiver", "id"), ("Finding", "named"), ("Service", "service"), ("Package", "package"),
            ("Until", "until"), ("Approved by", "approved_by"), ("Reason", "reason")]  # fmt: skip
_BOUND = re.compile(r"(<=|>=|<|>|=)?\s*([^\s<>=]+)")


@click.group("waiver")
def command() -> None:
    """Waivers: for one finding in one range of versions of one package in one service, until a day.

    \b
    Examples:
      holdfast waiver ask CVE-2024-1234 --service shop --package pkg:npm/lodash --versions "=4.17.20" \\
        --not-affected vulnerable_code_not_in_execute_path --for 30d
      holdfast waiver approve wav_…
    """


def _row(waiver: dict[str, object]) -> dict[str, object]:
    ids = waiver["finding"]
    ended = waiver["ended_at"]
    until = f"withdrawn {instant_text(str(ended))}" if ended else instant_text(str(waiver["expires_at"]))
    named = ", ".join(str(one) for one in ids) if isinstance(ids, list) else ""
    return waiver | {"named": named, "until": until, "approved_by": waiver["approved_by"] or "nobody yet"}


@command.command("ask")
@click.argument("finding")
@with_api
@click.option("--service", required=True, help="Where it is waived.")
@click.option("--package", help="A purl without version: `pkg:npm/lodash`.")
@click.option("--versions", default="", help='Which versions: `=4.17.20`, or ">=4.0 <4.17.21".')
@click.option("--not-affected", "justification", help="Why it is not affected, in the words of VEX.")
@click.option("--accept", "response", help="The risk is borne: `will_not_fix`, `workaround_available`, …")
@click.option("--statement", default="", help="In your own words.")
@click.option("--for", "lasting", required=True, help="How long: 30d, 12h.")
@format_option
@click.pass_context
def ask(
    context: click.Context,
    api: Api,
    *,
    finding: str,
    service: str,
    package: str | None,
    versions: str,
    justification: str | None,
    response: str | None,
    statement: str,
    lasting: str,
    style: str,
) -> None:
    """Ask for a waiver; it counts once somebody else approved it.

    \b
    Examples:
      holdfast waiver ask CVE-2024-1234 --service shop --package pkg:npm/lodash --versions "<4.17.21" \\
        --accept will_not_fix --statement "the service is retired in March" --for 60d
    """
    if (justification is None) == (response is None):
        raise UsageError("affected or not?", hint="one of `--not-affected WORD` and `--accept WORD`")
    ends = terminal_of(context).machine.now() + parse_duration(lasting, where="--for")
    body = {
        "finding": finding,
        "service": service,
        "status": "not_affected" if justification else "affected",
        "reason": justification or response,
        "expires_at": format_instant(ends),
        "statement": statement,
        "versions": _bounds(versions),
    } | ({"package": package} if package else {})
    answer = api.call("POST", "/waivers", body=body)
    print_answer(style, "waiver", answer, [_row(answer)], _COLUMNS)


def _bounds(text: str) -> list[dict[str, str]]:
    """Return bounds as the API takes them. Raises: UsageError."""
    spaced = text.replace(",", " ")
    if _BOUND.sub("", spaced).strip():
        raise UsageError(f"`{text[:60]}` is no range", where="--versions", hint='such as ">=4.0 <4.17.21"')
    return [{"operator": operator or "=", "version": version} for operator, version in _BOUND.findall(spaced)]


@command.command("list")
@with_api
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@format_option
def list_waivers(api: Api, *, limit: int, style: str) -> None:
    """List waivers, newest first: those that wait, hold, are over or were withdrawn.

    \b
    Examples:
      holdfast waiver list
    """
    items = list(islice(api.pages("/waivers", query={"limit": min(limit, 1000)}), limit))
    print_answer(style, "waivers", {"items": items}, [_row(one) for one in items], _COLUMNS, empty="no waiver")


@command.command("approve")
@click.argument("waiver")
@with_api
@format_option
def approve(api: Api, *, waiver: str, style: str) -> None:
    """Approve a waiver, as a person who is not its owner.

    \b
    Examples:
      holdfast waiver approve wav_01…
    """
    answer = api.call("POST", address("waivers", waiver, "approve"), body={})
    print_answer(style, "waiver", answer, [_row(answer)], _COLUMNS)


@command.command("withdraw")
@click.argument("waiver")
@with_api
@click.option("--reason", required=True, help="Why; it is journaled.")
@format_option
def withdraw(api: Api, *, waiver: str, reason: str, style: str) -> None:
    """End a waiver before its time.

    \b
    Examples:
      holdfast waiver withdraw wav_01… --reason "the fix is out"
    """
    answer = api.call("POST", address("waivers", waiver, "withdraw"), body={"reason": reason})
    print_answer(style, "waiver", answer, [_row(answer)], _COLUMNS)
