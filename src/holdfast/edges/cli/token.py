"""`holdfast token`: identities of machines and people, and a browser's way in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import data_option, format_option, open_api, terminal_of, with_api
from holdfast.edges.cli.output import print_answer, print_json, say
from holdfast.edges.cli.words import instant_text, parse_duration
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import Permission
from holdfast.ports.api import Api

_COLUMNS = [
    ("Token", "id"),
    ("Name", "name"),
    ("Person", "person_name"),
    ("May", "may"),
    ("Team", "team"),
    ("Environment", "environment"),
    ("Made", "made"),
    ("Expires", "expires"),
    ("Revoked", "revoked"),
]


@click.group("token")
def command() -> None:
    """Tokens: make, list, revoke; a login link for the browser.

    \b
    Examples:
      holdfast token create ci --permission facts:write --team payments --expires-in 90d
      holdfast token login
    """


@command.command("create")
@click.argument("name")
@with_api
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    required=True,
    type=click.Choice([one.value for one in Permission]),
    help="What it may do; may be given more than once.",
)
@click.option("--team", help="Whose services it may claim.")
@click.option("--environment", help="Whose flags it may read; flags:read needs one.")
@click.option("--person", help="Whose it is. Only a person's token approves runs; all of one person's are one.")
@click.option("--expires-in", help="90d, 12h, 30m; by default never.")
@format_option
@click.pass_context
def create(
    context: click.Context,
    api: Api,
    *,
    name: str,
    permissions: tuple[str, ...],
    team: str | None,
    environment: str | None,
    person: str | None,
    expires_in: str | None,
    style: str,
) -> None:
    """Make a token. Its secret is printed once, on standard output, and is stored nowhere.

    \b
    Examples:
      export HOLDFAST_TOKEN=$(holdfast token create ci --permission facts:write --team payments)
      holdfast token create shop --permission flags:read --environment production
      holdfast token create laptop --permission read --permission mitigate --person "Ada Lovelace"
    """
    now = terminal_of(context).machine.now()
    expires_at = format_instant(now + parse_duration(expires_in, where="--expires-in")) if expires_in else None
    body = {"name": name, "permissions": list(permissions), "team": team, "person": person}
    made = api.call("POST", "/tokens", body={**body, "environment": environment, "expires_at": expires_at})
    if style == "json":
        print_json({"schema": "holdfast.token/1", **made})
    else:
        click.echo(made["secret"])
    say(f"token {made['token']['id']} is made; this is the only time that its secret is shown")


@command.command("list")
@with_api
@format_option
def list_tokens(api: Api, *, style: str) -> None:
    """List tokens, revoked ones too, without their secrets.

    \b
    Examples:
      holdfast token list
    """
    items = list(api.pages("/tokens"))
    print_answer(style, "tokens", {"items": items}, [_row(one) for one in items], _COLUMNS)


@command.command("revoke")
@click.argument("token")
@with_api
@format_option
def revoke(api: Api, *, token: str, style: str) -> None:
    """Revoke a token, by its id, and the sessions that it opened.

    \b
    Examples:
      holdfast token revoke tok_01j9x2m4…
    """
    gone = api.call("DELETE", address("tokens", token))
    print_answer(style, "token.revoked", gone, [_row(gone)], _COLUMNS)


@command.command("login")
@data_option
@click.option("--server", envvar="HOLDFAST_SERVER", help="A server's URL; its token is in HOLDFAST_TOKEN.")
@format_option
@click.pass_context
def login(context: click.Context, data: Path, server: str | None, style: str) -> None:
    """Print a link that lets a browser in, once, within five minutes, as the token that asks.

    \b
    Examples:
      holdfast token login --server http://127.0.0.1:8440
      holdfast token login --data var/holdfast
    """
    api = open_api(context, data, server)
    try:
        path = api.call("POST", "/login-codes")["path"]
    finally:
        api.close()
    link = server.rstrip("/") + path if server else path
    if style == "json":
        print_json({"schema": "holdfast.login/1", "link": link})
    else:
        click.echo(link)
    if not server:
        say("open it on the server that runs on this folder: put its address before, such as http://127.0.0.1:8440")


def _row(token: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **token,
        "may": ", ".join(token["permissions"]),
        "made": instant_text(token["created_at"]),
        "expires": instant_text(token["expires_at"]) or "never",
        "revoked": instant_text(token["revoked_at"]),
    }
