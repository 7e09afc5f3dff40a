"""`holdfast deploy`: records what runs where."""

from typing import Any

import click

from holdfast.edges.cli.options import format_option, with_reporting_api
from holdfast.edges.cli.output import print_answer, say
from holdfast.edges.cli.words import instant_text
from holdfast.errors import UsageError
from holdfast.model.inventory import Status
from holdfast.ports.api import Api

_COLUMNS = [
    ("Deployment", "id"),
    ("Service", "service"),
    ("Environment", "environment"),
    ("Target", "target"),
    ("Status", "status"),
    ("Share", "share"),
    ("Since", "since"),
    ("Until", "until"),
]


@click.command("deploy")
@click.argument("service")
@with_reporting_api
@click.option("--environment", required=True, help="Where it runs.")
@click.option("--version", "version", help="Which release, by version.")
@click.option("--commit", help="With --version: of which commit.")
@click.option("--digest", help="Which release, by the digest of an artifact.")
@click.option("--release", help="Which release, by id.")
@click.option("--removed", is_flag=True, help="It is gone from the target.")
@click.option("--target", default="default", show_default=True, help="The slot: a cluster, region, cell, host group.")
@click.option("--status", type=click.Choice([one.value for one in Status]), help="How it went.  [default: succeeded]")
@click.option("--share", type=float, default=1.0, show_default=True, help="The part of the target that it has.")
@click.option("--started-at", help="Since when it runs: an RFC 3339 instant; by default now.")
@click.option("--observed", is_flag=True, help="It was seen, not claimed; observation wins.")
@format_option
def command(
    api: Api,
    *,
    service: str,
    environment: str,
    version: str | None,
    commit: str | None,
    digest: str | None,
    release: str | None,
    removed: bool,
    target: str,
    status: str | None,
    share: float,
    started_at: str | None,
    observed: bool,
    style: str,
) -> None:
    """Record that a release of SERVICE runs in an environment, or that the service is gone from it.

    Only a later successful deployment on the same target ends one. One that is told late inserts into history.

    \b
    Examples:
      holdfast deploy pay --environment production --version 1.4.2
      holdfast deploy pay --environment production --version 1.4.1 --started-at 2026-11-20T08:00:00Z
      holdfast deploy pay --environment production --digest sha256:6b86… --target eu-west --share 0.1
      holdfast deploy pay --environment staging --removed
    """
    named = [name for name in (version, digest, release) if name is not None]
    if len(named) + removed != 1:
        raise UsageError("expected one of --version, --digest, --release and --removed")
    if removed and status not in {None, "removed"}:
        raise UsageError(f"`--removed` is no `--status {status}`")
    body = {
        "environment": environment,
        "service": service,
        "release": release,
        "digest": digest,
        "version": version,
        "commit": commit,
        "target": target,
        "status": "removed" if removed else status or "succeeded",
        "share": share,
        "started_at": started_at,
        "origin": "observed" if observed else "claimed",
    }
    answer = api.call("POST", "/deployments", body=body)
    print_answer(style, "deploy", answer, [_row(answer["deployment"], service)], _COLUMNS)
    _tell(answer)


def _row(deployment: dict[str, Any], service: str) -> dict[str, Any]:
    since, until = instant_text(deployment["started_at"]), instant_text(deployment["ended_at"])
    return {**deployment, "service": service, "since": since, "until": until}


def _tell(answer: dict[str, Any]) -> None:
    if not answer["created"]:
        say("it is known already; nothing was changed")
    if answer["changed"]:
        say(f"it ended, or moved the end of, {', '.join(answer['changed'])}")
    for warning in answer["warnings"]:
        say(f"no passing verdict: {warning}")
