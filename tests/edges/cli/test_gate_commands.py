"""`holdfast policy`, `waiver` and `builds` against the local store."""

from pathlib import Path

import pytest

from tests.edges.cli.shell import Shell

POLICY = """min_score: {default: 0}
data: {on_unknown: pass}
rules:
  - {id: high, when: finding.cvss >= 7.0, then: block}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    return file


def test_a_policy_is_checked_without_a_server(shell: Shell, policy: Path) -> None:
    assert "1 rule," in shell("policy", "check", str(policy)).out
    assert shell.json("policy", "check", str(policy))["rules"] == ["high"]
    policy.write_text(POLICY.replace("cvss", "cvs"))
    assert f"{policy}:4:" in shell("policy", "check", str(policy), code=2).err


def test_policies_are_set_shown_tried_and_removed(shell: Shell, policy: Path) -> None:
    assert "built-in" in shell("policy", "show").err
    assert shell.json("policy", "set", str(policy))["version"] == 1
    assert "org" in shell("policy", "show").out
    tried = shell.json("policy", "test", str(policy), "--days", "7")
    assert (tried["builds"], tried["newly_held"]) == (0, 0)
    assert "0 builds" in shell("policy", "test", str(policy)).out
    assert shell.json("policy", "remove")["document"] == ""
    assert "one of them" in shell("policy", "remove", "--group", "a", "--service", "b", code=2).err


def test_builds_are_listed_and_counted(shell: Shell) -> None:
    assert "no build yet" in shell("builds", "list").err
    assert "no build yet" in shell("builds", "list", "--team", "pay", "--verdict", "held").err
    assert shell.json("builds", "figures")["builds"] == 0
    assert "By week" in shell("builds", "figures", "--by", "week").out
    assert "no build" in shell("builds", "show", "bld_none", code=4).err


def test_a_waiver_says_whether_it_is_affected_and_which_versions(shell: Shell) -> None:
    what = ("waiver", "ask", "CVE-2026-1", "--service", "shop", "--for", "30d")
    assert "affected or not?" in shell(*what, code=2).err
    words = ("--not-affected", "component_not_present")
    assert "is no range" in shell(*what, *words, "--package", "pkg:npm/a", "--versions", "<<", code=2).err
    assert "shop" in shell(*what, *words, "--package", "pkg:npm/a", "--versions", ">=1 <2", code=4).err
    assert "no waiver" in shell("waiver", "list").err
