"""What the night on call types is there: every command with its options, the plans, and what a server may reach."""

import re
import shlex
from pathlib import Path

import click
import pytest

from holdfast.app.main import cli
from holdfast.edges.providers.operator_file import parse_targets
from holdfast.facts.manifest import parse_manifest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/guides/a-night-on-call.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:bash|console)\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"holdfast ((?:[a-z-]+ )+[^\n|;&)<>]*)", "\n".join(BLOCKS))


def find_command(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that the words name, and the words after its name."""
    found: click.Command = cli
    context = click.Context(cli)
    while isinstance(found, click.Group) and words:
        inner = found.get_command(context, words[0])
        if inner is None:
            break
        found, words = inner, words[1:]
    return found, words


@pytest.mark.parametrize("line", sorted(set(COMMANDS)))
def test_command_of_the_page_is_there_with_its_options(line: str) -> None:
    command, rest = find_command(shlex.split(line))
    assert command is not cli, line
    known = {name for parameter in command.params for name in parameter.opts}
    if isinstance(command, click.Group):  # `drill SERVICE` is short for `drill run SERVICE`
        inner = command.get_command(click.Context(command), "run")
        assert inner is not None, line
        known |= {name for parameter in inner.params for name in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def heredoc(begin: str) -> str:
    """Return the text that the page writes into a file, from its first line on."""
    (text,) = re.findall(rf"<<END\n({begin}.*?)^END\n", PAGE, flags=re.MULTILINE | re.DOTALL)
    return str(text).replace("$edge", "http://127.0.0.1:8080").replace("$nginx", "/tmp/nginx")


def test_plans_of_the_page_are_plans() -> None:
    (service,) = parse_manifest(heredoc("version: 1").encode(), file="holdfast.yaml").services
    assert [(plan.id, plan.otherwise) for plan in service.plans] == [("receipts-off", "closed"), ("closed", None)]
    assert [drill.plan for drill in service.drills] == ["receipts-off", "closed"]


def test_what_a_server_may_reach_is_an_operators_file() -> None:
    blocks = [heredoc("proxies:"), *re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)]
    kinds = [target.kind for block in blocks for target in parse_targets(block.encode(), file="targets.yaml")]
    assert kinds == ["nginx", "chat", "unleash"]


def test_scripts_and_tests_that_the_page_names_are_there() -> None:
    scripts = set(re.findall(r"scripts/[a-z]+\.sh", PAGE))
    assert scripts == {f"scripts/{name}.sh" for name in ("nginx", "postgresql", "unleash")}
    assert all((ROOT / script).exists() for script in scripts)
    assert list(ROOT.glob("tests/e2e/test_scene_*.py"))
