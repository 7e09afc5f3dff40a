"""`holdfast agent`: reports the machine that it runs on. It reads files, runs nothing, and changes nothing."""

import signal
import time
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.composition import composition_to_json
from holdfast.edges.cli.options import Machine, format_option, terminal_of, with_api
from holdfast.edges.cli.output import print_answer, print_facts, print_heading, print_json, print_rows, say
from holdfast.edges.cli.words import instant_text
from holdfast.errors import HoldfastError
from holdfast.model.component import Sbom
from holdfast.model.inventory import HostFacts
from holdfast.ports.api import Api

_COLUMNS = [
    ("Host", "name"),
    ("Environment", "environment"),
    ("System", "os"),
    ("Kernel", "kernel"),
    ("Packages", "packages"),
    ("Lease until", "until"),
    ("Id", "id"),
]
_root = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default="/",
    help="The file system to look at.",
    show_default=True,
)


@click.group("agent")
def command() -> None:
    """Report this machine as a host: operating system, kernel, installed packages.

    \b
    Examples:
      holdfast agent show
      HOLDFAST_TOKEN=hf_… holdfast agent run --server https://holdfast.example --environment production
    """


@command.command("run")
@with_api
@click.option("--once", is_flag=True, help="Report once and end.")
@click.option("--environment", default="hosts", show_default=True, help="Where this machine belongs.")
@click.option(
    "--lease",
    "lease_s",
    type=click.FloatRange(10, 604800),
    default=900.0,
    show_default=True,
    help="Seconds after which a silent machine counts as gone.",
)
@_root
@format_option
@click.pass_context
def run(
    context: click.Context, api: Api, *, once: bool, environment: str, lease_s: float, root: Path, style: str
) -> None:
    """Report this machine, again and again: three times within its lease.

    \b
    Examples:
      holdfast agent run --once
      holdfast agent run --environment production --lease 600
    """
    machine = terminal_of(context).machine
    if once:
        _report(api, machine, environment, lease_s, root, style)
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    while True:
        try:
            _report(api, machine, environment, lease_s, root, style)
        except HoldfastError as error:
            say(f"could not report, and tries again: {error}")
        time.sleep(lease_s / 3)


def _leave(*_: object) -> None:
    """End at once: a report is one request, so nothing is half done. It may take no lock that what it cuts holds."""
    raise SystemExit(0)


def _report(api: Api, machine: Machine, environment: str, lease_s: float, root: Path, style: str) -> None:
    facts, sbom = machine.collect_host(root)
    body = {**_facts(facts), "sbom": composition_to_json(sbom), "environment": environment, "lease_s": lease_s}
    host = api.call("POST", "/hosts", body=body)
    row = {**host, "packages": len(sbom.occurrences), "until": instant_text(host["lease_until"])}
    print_answer(style, "host", {**host, "packages": len(sbom.occurrences)}, [row], _COLUMNS)
    for gap in sbom.unparsed:
        say(f"not read: {gap.file}: {gap.because}")


@command.command("show")
@_root
@format_option
@click.pass_context
def show(context: click.Context, root: Path, style: str) -> None:
    """Show what would be reported. Needs no server.

    \b
    Examples:
      holdfast agent show
      holdfast agent show --root /mnt/image --format json
    """
    facts, sbom = terminal_of(context).machine.collect_host(root)
    if style == "json":
        print_json({"schema": "holdfast.host_facts/1", **_facts(facts), "sbom": composition_to_json(sbom)})
        return
    print_facts([(name.replace("_", " "), value) for name, value in _facts(facts).items()], style)
    print_facts([("packages", len(sbom.occurrences))], style)
    if sbom.unparsed:
        print_heading("Not read", style)
        _print_gaps(sbom, style)


def _print_gaps(sbom: Sbom, style: str) -> None:
    rows = [{"file": gap.file, "because": gap.because} for gap in sbom.unparsed]
    print_rows(rows, [("File", "file"), ("Because", "because")], style)


def _facts(facts: HostFacts) -> dict[str, Any]:
    return {
        "name": facts.name,
        "machine_id": facts.machine_id,
        "os": facts.os,
        "kernel": facts.kernel,
        "architecture": facts.architecture,
    }
