"""`holdfast policy`: what builds must hold to, by level; checked here, kept on the server, tried before it counts."""

from pathlib import Path

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import EXIT_USAGE, format_option, with_api
from holdfast.edges.cli.output import print_answer, print_json, say
from holdfast.edges.cli.reading import read_input, read_text
from holdfast.edges.cli.words import instant_text
from holdfast.errors import PolicyError, UsageError
from holdfast.gate.policy_read import FILE, read_policy
from holdfast.ports.api import Api

_POLICIES = [("Level", "level"), ("Of", "subject"), ("Version", "version"), ("Since", "since"), ("Digest", "digest")]
_DECIDED = [("Build", "build"), ("Service", "service"), ("At", "at"), ("Was", "was"), ("Would be", "would_be"),
            ("Caught", "caught")]  # fmt: skip
_LIMIT = 128 * 1024


@click.group("policy")
def command() -> None:
    """Policies: what builds must hold to, for the org, its groups and services. The strictest answer counts.

    \b
    Examples:
      holdfast policy check policy.yaml
      holdfast policy test policy.yaml --days 30
      holdfast policy set policy.yaml
    """


def _of(group: str | None, service: str | None) -> tuple[str, str, str]:
    """Return (level, subject, path). Raises: UsageError: a group and a service."""
    if group and service:
        raise UsageError("a group and a service", hint="name one of them, or none for the org")
    if group:
        return "group", group, address("policies", "groups", group)
    return ("service", service, address("policies", "services", service)) if service else ("org", "", "/policies/org")


def _level_options(run: click.decorators.FC) -> click.decorators.FC:
    """Give a command `--group` and `--service`."""
    run = click.option("--service", help="The service it is for.")(run)
    return click.option("--group", help="The group it is for; by default it is for the org.")(run)


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path), default=FILE)
@format_option
@click.pass_context
def check(context: click.Context, file: Path, style: str) -> None:
    """Read a policy and say everything that is wrong with it. Needs no server; 2 when something is.

    \b
    Examples:
      holdfast policy check
      holdfast policy check security/policy.yaml
    """
    try:
        policy = read_policy(read_input(file, _LIMIT), file=str(file))
    except PolicyError as error:
        if style == "json":
            print_json({"schema": "holdfast.policy-check/1", "valid": False, "problems": str(error).splitlines()})
        say(str(error))
        context.exit(EXIT_USAGE)
    if style == "json":
        document = {"schema": "holdfast.policy-check/1", "valid": True, "digest": policy.digest}
        print_json(document | {"rules": [rule.id for rule in policy.rules]})
    else:
        count = len(policy.rules)
        click.echo(f"{file} can be read: {count} {'rule' if count == 1 else 'rules'}, {policy.digest[:19]}.")


@command.command("show")
@with_api
@click.option("--for-service", "service", help="Only what counts for a service, the highest level first.")
@format_option
def show(api: Api, *, service: str | None, style: str) -> None:
    """Show the policies in force.

    \b
    Examples:
      holdfast policy show
      holdfast policy show --for-service shop
    """
    answer = api.call("GET", "/policies", query={"service": service} if service else None)
    rows = [one | {"since": instant_text(one["at"])} for one in answer["items"]]
    print_answer(style, "policies", answer, rows, _POLICIES, empty="no policy: the built-in one counts")
    if style != "json":
        for note in answer["refused"]:
            say(f"does not count: {note}")


@command.command("set")
@click.argument("file", type=click.Path(path_type=Path))
@with_api
@_level_options
@format_option
def set_policy(api: Api, *, file: Path, group: str | None, service: str | None, style: str) -> None:
    """Keep a new version of a level's policy; the server refuses one that can't be read.

    \b
    Examples:
      holdfast policy set policy.yaml
      holdfast policy set shop.yaml --service shop
    """
    answer = api.call("PUT", _of(group, service)[2], body={"document": read_text(file, _LIMIT)})
    print_answer(style, "policy", answer, [answer | {"since": instant_text(answer["at"])}], _POLICIES)


@command.command("remove")
@with_api
@_level_options
@format_option
def remove(api: Api, *, group: str | None, service: str | None, style: str) -> None:
    """Take a level's policy away; its versions stay.

    \b
    Examples:
      holdfast policy remove --service shop
    """
    answer = api.call("DELETE", _of(group, service)[2])
    print_answer(style, "policy", answer, [answer | {"since": instant_text(answer["at"])}], _POLICIES)


@command.command("test")
@click.argument("file", type=click.Path(path_type=Path))
@with_api
@_level_options
@click.option("--days", type=click.FloatRange(0, 366, min_open=True), default=30.0, show_default=True)
@format_option
def test(api: Api, *, file: Path, group: str | None, service: str | None, days: float, style: str) -> None:
    """Decide the builds of the last days again under a policy that is not in force; nothing is changed.

    \b
    Examples:
      holdfast policy test policy.yaml --days 30
    """
    level, subject, _ = _of(group, service)
    body = {"document": read_text(file, _LIMIT), "level": level, "subject": subject, "days": days}
    answer = api.call("POST", "/policies/test", body=body)
    rows = [
        one | {"at": instant_text(one["at"]), "caught": ", ".join(one["caught"])}
        for one in answer["decided"]
        if one["was"] != one["would_be"]
    ]
    print_answer(style, "policy-test", answer, rows, _DECIDED, empty="no build would have been decided otherwise")
    if style != "json":
        held, passed = answer["newly_held"], answer["newly_passed"]
        click.echo(f"{answer['builds']} builds: {held} would be held that passed, {passed} would pass that were held.")
        if answer["lost"]:
            say(f"{answer['lost']} builds could not be decided again: what they were decided on is gone")
        if answer["more"]:
            say("there were more builds than are tried at once: name fewer days")
