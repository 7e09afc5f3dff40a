"""`holdfast trust`: which pipelines log in by who they are, without a stored secret."""

from collections.abc import Mapping
from typing import Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import format_option, with_api
from holdfast.edges.cli.output import print_answer
from holdfast.edges.cli.words import instant_text
from holdfast.errors import UsageError
from holdfast.ports.api import Api

_GITHUB = "https://token.actions.githubusercontent.com"
_COLUMNS = [
    ("Trust", "name"),
    ("System", "system"),
    ("Issuer", "issuer"),
    ("Audience", "audience"),
    ("When", "when"),
    ("May", "may"),
    ("Services", "named"),
    ("Environment", "environment"),
    ("Changed", "changed"),
]


@click.group("trust")
def command() -> None:
    """Trusts: which pipelines log in by who they are, for a token of fifteen minutes.

    \b
    Examples:
      holdfast trust set gate --system github --audience https://holdfast.example \\
        --when repository_owner_id=4711 --when "repository=acme/*"
      holdfast trust list
    """


@command.command("set")
@click.argument("name")
@with_api
@click.option("--system", type=click.Choice(["github", "gitlab", "generic"]), required=True, help="Whose tokens.")
@click.option("--issuer", help=f"Who signs them; GitHub's by default ({_GITHUB}).")
@click.option("--audience", required=True, help="Whom they must be meant for: this server's address, as pipelines ask.")
@click.option(
    "--when",
    "conditions",
    multiple=True,
    required=True,
    metavar="CLAIM=VALUE",
    help="What they must say; a claim that is given again may have either value. `*` is one whole segment.",
)
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=click.Choice(["builds:write", "facts:write"]),
    default=["builds:write"],
    show_default=True,
    help="What they may do.",
)
@click.option("--service", "services", multiple=True, help="What they may speak of; else what they report first.")
@click.option("--environment", help="Ours that their environment is, where names differ.")
@click.option("--team", help="Whose services they may declare.")
@format_option
def set_trust(api: Api, /, *, name: str, conditions: tuple[str, ...], style: str, **given: Any) -> None:
    """Let pipelines log in whose identity tokens meet all conditions.

    GitHub wants `repository_owner_id`, GitLab `namespace_id` or `project_id`: numbers, as names are given anew.

    \b
    Examples:
      holdfast trust set gate --system github --audience https://holdfast.example \\
        --when repository_owner_id=4711 --when "repository=acme/*"
      holdfast trust set deploy --system gitlab --issuer https://gitlab.example --audience https://holdfast.example \\
        --when namespace_id=17 --when ref_protected=true --when environment=prod --environment production \\
        --permission builds:write --permission facts:write
    """
    issuer = given["issuer"] or (_GITHUB if given["system"] == "github" else None)
    if issuer is None:
        raise UsageError("a trust without an issuer", where="--issuer", hint="such as https://gitlab.example")
    body = given | {"issuer": issuer, "conditions": _conditions(conditions)}
    body |= {"permissions": list(given["permissions"]), "services": list(given["services"])}
    answer = api.call("PUT", address("trusts", name), body=body)
    print_answer(style, "trust", answer, [_row(answer)], _COLUMNS)


def _conditions(given: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in given:
        claim, mark, value = one.partition("=")
        if not mark or not claim or not value:
            raise UsageError(f"expected CLAIM=VALUE, got `{one[:80]}`", where="--when", hint="repository_owner_id=4711")
        found.setdefault(claim, []).append(value)
    return found


@command.command("list")
@with_api
@format_option
def list_trusts(api: Api, *, style: str) -> None:
    """List trusts by name.

    \b
    Examples:
      holdfast trust list
    """
    items = list(api.pages("/trusts"))
    rows = [_row(one) for one in items]
    print_answer(style, "trusts", {"items": items}, rows, _COLUMNS, empty="no trust: every pipeline needs a token")


@command.command("remove")
@click.argument("name")
@with_api
@format_option
def remove(api: Api, *, name: str, style: str) -> None:
    """Let nobody in under a trust any more; tokens that were given are worth nothing from then on.

    \b
    Examples:
      holdfast trust remove gate
    """
    answer = api.call("DELETE", address("trusts", name))
    print_answer(style, "trust.removed", answer, [_row(answer)], _COLUMNS)


def _row(trust: Mapping[str, Any]) -> dict[str, Any]:
    when = "; ".join(f"{claim}={' | '.join(values)}" for claim, values in trust["conditions"].items())
    return {
        **trust,
        "when": when,
        "may": ", ".join(trust["permissions"]),
        "named": ", ".join(trust["services"]) or "what they report first",
        "changed": instant_text(trust["changed_at"]),
    }
