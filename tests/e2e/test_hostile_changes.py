"""A change that means harm: to the repository's Git, to what judges it, to the time and the memory of whoever looks."""

import json
from pathlib import Path

import pytest

from tests.e2e.hostile import CANARY, MARK, Ran, arm_git, git, make, run

POLICY = """min_score: {default: 70}
rules: [{id: unread, when: "finding.cvss > 0.0", then: block}]
data: {on_unknown: fail}
"""
_BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
_ENDLESS = "[0,1,2,3,4,5,6,7,8,9].all(a, " * 30 + "true" + ")" * 30
_LIST = "[" + ",".join(str(number) for number in range(200)) + "]"
_SLOW = f"{_LIST}.all(a, {_LIST}.all(b, {_LIST}.all(c, {_LIST}.all(d, a + b + c + d >= 0))))"


@pytest.fixture(name="top")
def _top(tmp_path: Path) -> Path:
    make(tmp_path, {})
    repo = tmp_path / "repo"
    (repo / ".holdfast").mkdir()
    (repo / ".holdfast" / "policy.yaml").write_text(POLICY)
    git(repo, "init", "-q")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "base")
    return tmp_path


def commit(top: Path) -> None:
    git(top / "repo", "add", "-A")
    git(top / "repo", "commit", "-qm", "change")


def gate(top: Path, *more: str | Path, base: str = "HEAD~1") -> Ran:
    off = ("--feed", "none", "--offline", "--data", top / "data", "--format", "json")
    ran = run(top, "gate", top / "repo", "--base", base, *off, *more)
    assert "Traceback" not in ran.talk
    assert CANARY not in ran.talk
    return ran


def test_nothing_that_gits_configuration_names_is_run(top: Path) -> None:
    (top / "repo" / "good" / "requirements.txt").write_text("acme-good==1.0\nacme-more==1.0\n")
    commit(top)
    arm_git(top / "repo", top / "outside")
    ran = gate(top)
    assert ran.code in {0, 5}, ran.talk[-2000:]
    assert run(top, "scan", top / "repo", "--feed", "none", "--data", top / "data").code == 0
    assert not (top / "outside" / MARK).exists()


def test_folder_that_claims_to_be_a_repository_elsewhere_is_not_believed_silently(top: Path) -> None:
    (top / "repo" / "sub").mkdir()
    (top / "repo" / "sub" / ".git").write_text(f"gitdir: {top / 'outside'}\n")
    (top / "repo" / "sub" / "requirements.txt").write_text("acme-sub==1.0\n")
    ran = run(top, "gate", top / "repo" / "sub", "--feed", "none", "--data", top / "data", "--format", "json")
    assert ran.code in {0, 2, 4, 5}
    assert "Traceback" not in ran.talk
    json.loads(ran.out)


def test_change_does_not_loosen_its_own_policy(top: Path) -> None:
    (top / "repo" / "good" / "pom.xml").write_text("<none")
    (top / "repo" / ".holdfast" / "policy.yaml").write_text("data: {on_unknown: ignore}\nmode: {now: observe}\n")
    (top / "repo" / ".holdfast" / "waivers.yaml").write_text("waivers: []\n" + _BOMB)
    commit(top)
    ran = gate(top)
    assert ran.code == 5
    notes = " ".join(json.loads(ran.out)["notes"])
    assert "alters `.holdfast/policy.yaml`" in notes
    assert "alters `.holdfast/waivers.yaml`" in notes


@pytest.mark.parametrize(
    "policy",
    [
        _BOMB + "min_score: *a11\n",
        "rules: " + "[" * 50_000,
        "min_score: {default: " + "9" * 100_000 + "}\n",
        "min_score: !!python/object/apply:os.system ['touch ran']\n",
        "\x00\x01\xff",
    ],
    ids=["anchors", "nested", "number", "tag", "bytes"],
)
def test_policy_that_is_a_trap_is_an_error_that_names_it(top: Path, policy: str) -> None:
    file = top / "policy.yaml"
    file.write_text(policy, "latin-1")
    ran = gate(top, "--policy", file, base="HEAD")
    assert ran.code in {2, 4}, ran.talk[-500:]
    assert "policy.yaml" in json.loads(ran.out)["error"]["where"]
    assert not list(top.rglob("ran"))


_WORDS = {
    "macros in macros": _ENDLESS,
    "a list in a list": _SLOW,
    "parentheses": "(" * 2000 + "true" + ")" * 2000,
    "too long": "true || " * 5000 + "true",
}


def judged(top: Path, when: str) -> Ran:
    """Judge one finding by one rule."""
    place = {"physicalLocation": {"artifactLocation": {"uri": "good/x.py"}, "region": {"startLine": 1}}}
    result = {"ruleId": "r", "message": {"text": "m"}, "locations": [place]}
    run_of = {"tool": {"driver": {"name": "t"}}, "results": [result]}
    (top / "r.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [run_of]}))
    rules = [{"id": "slow", "when": when, "then": "block"}]
    (top / "policy.yaml").write_text(json.dumps({"min_score": {"default": 0}, "rules": rules}))
    return gate(top, "--policy", top / "policy.yaml", "--findings", top / "r.sarif", base="HEAD")


@pytest.mark.parametrize("kind", sorted(_WORDS))
def test_expression_that_never_ends_is_refused_or_unknown(top: Path, kind: str) -> None:
    ran = judged(top, _WORDS[kind])
    assert ran.code in {2, 4, 5}, ran.talk[-500:]
    assert "slow" in ran.talk or "policy.yaml" in ran.talk


def test_pattern_that_would_backtrack_for_ever_is_answered(top: Path) -> None:
    assert judged(top, f"'{'a' * 2000}'.matches('(a+)+b')").code == 0
    assert judged(top, f"'{'a' * 2000}b'.matches('(a+)+b')").code == 1


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"version": "2.1.0", "runs": ' + "[" * 1_000_000,
        '{"runs": [{"results": [{}',
        "\x00",
        '{"a":' * 9999,
    ],
    ids=["nested", "nested runs", "cut", "NUL", "nested objects"],
)
def test_report_that_is_a_trap_is_an_error_that_names_it(top: Path, text: str) -> None:
    (top / "r.sarif").write_text(text)
    ran = gate(top, "--findings", top / "r.sarif", base="HEAD")
    assert ran.code == 4
    assert "r.sarif" in json.loads(ran.out)["error"]["where"]
