"""`holdfast mitigate messages`: what reached nobody, and sending it again."""

from itertools import islice

import click

from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer, print_json, say
from holdfast.edges.cli.words import instant_text
from holdfast.errors import UsageError
from holdfast.ports.api import Api

COLUMNS = [
    ("Message", "id"),
    ("To", "receiver"),
    ("Title", "title"),
    ("Run", "run"),
    ("Since", "since"),
    ("Tries", "attempts"),
    ("Why it was given up", "because"),
]


@click.command("messages")
@with_api
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@format_option
def list_untold(api: Api, *, limit: int, style: str) -> None:
    """List the messages that reached nobody: given up after three days of tries, or with no receiver configured.

    \b
    Examples:
      holdfast mitigate messages
      holdfast mitigate messages --format json
    """
    found = list(islice(api.pages("/mitigations/messages", query={"limit": min(limit, 1000)}), limit))
    rows = [{**row, "receiver": row["to"] or "everybody", "since": instant_text(row["since"])} for row in found]
    print_answer(style, "messages", {"items": found}, rows, COLUMNS, empty="every message was taken, or is tried yet")


@click.command("send-again")
@click.argument("message", required=False)
@with_api
@click.option("--all", "every", is_flag=True, help="Everything that reached nobody, at most 1000 at once.")
@format_option
def send_again(api: Api, *, message: str | None, every: bool, style: str) -> None:
    """Send MESSAGE again, which was given up, or all of them. Each is tried for three days anew, under its id.

    \b
    Examples:
      holdfast mitigate send-again run_01j9x2m4…/failed/chat
      holdfast mitigate send-again --all
    """
    if every == (message is not None):
        raise UsageError("which message?", hint="name one of `holdfast mitigate messages`, or --all")
    found = api.call("POST", "/mitigations/messages/again", body={"id": message, "all": every})
    if style == "json":
        print_json({"schema": "holdfast.again/1", **found})
    else:
        say(f"{found['again']} of them in line again")


def warn_untold(api: Api, style: str) -> None:
    """Say on stderr how many messages reached nobody, where a person reads; silent when none did."""
    if style == "json":
        return
    count = api.call("GET", "/mitigations/messages", query={"limit": 1})["count"]
    if count:
        say(f"! {count} message{'' if count == 1 else 's'} reached nobody: `holdfast mitigate messages`")
