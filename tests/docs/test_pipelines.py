"""The page about pipelines names every output, and its examples fit what is there."""

import re
from pathlib import Path

import yaml

from holdfast.edges.cli.gate_reports import KINDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/guides/pipelines.md").read_text()
GITHUB, GITLAB, PRE_COMMIT = (yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))


def test_every_output_has_its_line() -> None:
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == sorted(KINDS)


def test_the_github_example_uses_what_the_action_has() -> None:
    action = yaml.safe_load((ROOT / "integrations/github/action.yml").read_text())
    (step,) = [one for one in GITHUB["jobs"]["gate"]["steps"] if "integrations/github" in one.get("uses", "")]
    assert set(step["with"]) <= set(action["inputs"])
    named = set(re.findall(r"steps\.gate\.outputs\.([\w-]+)", PAGE))
    assert named
    assert named <= set(action["outputs"])
    handed = re.search(r"hands on (.*?)\.", PAGE, re.DOTALL)
    assert handed
    assert set(re.findall(r"`([\w-]+)`", handed[1])) == set(action["outputs"])


def test_the_gitlab_and_pre_commit_examples_fit() -> None:
    header, _ = yaml.safe_load_all((ROOT / "integrations/gitlab/templates/gate/template.yml").read_text())
    assert set(GITLAB["include"][0]["inputs"]) <= set(header["spec"]["inputs"])
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [one["id"] for one in PRE_COMMIT["repos"][0]["hooks"]] == [one["id"] for one in hooks]
