"""The pre-commit hook: its entry, run as pre-commit does. Source: pre-commit.com, "Creating new hooks"."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.edges.providers.test_git_tree import git
from tests.integrations.pipeline import ROOT, Stand, make_stand

HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def hook(stand: Stand) -> int:
    """Run the entry with its arguments from the top of the repository; pre-commit stashes what is not staged first."""
    (one,) = HOOKS
    assert one["pass_filenames"] is False
    words = [*shlex.split(one["entry"]), *one["args"]]
    return stand.run(("sh", "-e"), shlex.join(words), {"HOLDFAST_FEED": str(stand.feed), "PRE_COMMIT": "1"}).returncode


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return make_stand(tmp_path)


def test_only_what_is_about_to_be_committed_is_judged(stand: Stand) -> None:
    file = stand.checkout / "requirements.txt"
    assert hook(stand) == 0  # three findings are in HEAD
    file.write_text(file.read_text() + "lamp-shade==1.0\n")
    git(stand.checkout, "add", "-A")
    assert hook(stand) == 0
    file.write_text(file.read_text().replace("lamp==1.0", ""))
    git(stand.checkout, "commit", "-qam", "without")
    file.write_text(file.read_text() + "lamp==1.0\n")
    git(stand.checkout, "add", "-A")
    assert hook(stand) == 1


def test_the_hook_declares_what_pre_commit_needs() -> None:
    (one,) = HOOKS
    assert {"id", "name", "entry", "language"} <= set(one)
    assert one["language"] == "python"
    assert 'holdfast = "holdfast.app.main:main"' in (ROOT / "pyproject.toml").read_text()
