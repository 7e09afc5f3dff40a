"""`holdfast environment`: what the places are that releases run in."""

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer
from holdfast.model.inventory import Reach
from holdfast.ports.api import Api

_COLUMNS = [("Environment", "name"), ("Tier", "tier"), ("Exposure", "exposure"), ("Id", "id")]


@click.group("environment")
def command() -> None:
    """Environments: their tier, and who can reach them.

    A deployment makes one that nobody declared, of unknown exposure.

    \b
    Examples:
      holdfast environment set production --exposure internet --tier 1
      holdfast environment list
    """


@command.command("list")
@with_api
@format_option
def list_environments(api: Api, *, style: str) -> None:
    """List environments by name.

    \b
    Examples:
      holdfast environment list
    """
    items = list(api.pages("/environments"))
    print_answer(style, "environments", {"items": items}, items, _COLUMNS, empty="no environments yet")


@command.command("set")
@click.argument("name")
@with_api
@click.option(
    "--exposure",
    type=click.Choice([one.value for one in Reach]),
    default="unknown",
    show_default=True,
    help="Who can reach it; unknown counts as internet.",
)
@click.option("--tier", type=click.IntRange(1, 9), help="1 is the most important.")
@format_option
def set_environment(api: Api, *, name: str, exposure: str, tier: int | None, style: str) -> None:
    """Declare an environment, or say anew what it is.

    \b
    Examples:
      holdfast environment set production --exposure internet --tier 1
      holdfast environment set staging --exposure internal
    """
    answer = api.call("PUT", address("environments", name), body={"exposure": exposure, "tier": tier})
    print_answer(style, "environment", answer, [answer], _COLUMNS)
