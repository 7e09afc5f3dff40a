"""`holdfast gate` on what an image of Debian is made of: a rule over the state that Debian gives."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_gating import document, gate
from tests.edges.providers.bucket import write_bucket

CORPUS = Path(__file__).parents[1] / "corpus" / "distributions"
POLICY = """
min_score: {default: 0}
data: {max_age: 720h, on_unknown: fail}
rules:
  - {id: hopeless, when: "finding.state == 'will_not_fix'", then: RULED}
  - {id: gone, when: "finding.state == 'end_of_life'", then: warn}
  - {id: high, when: finding.cvss >= 7.0, then: block}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The file system of a Debian image."""
    top = tmp_path / "root"
    (top / "var/lib/dpkg").mkdir(parents=True)
    (top / "etc").mkdir()
    (top / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    (top / "var/lib/dpkg/status").write_text((CORPUS / "debian.status").read_text())
    return top


def decide(root: Path, ruled: str, *options: str) -> Any:
    feed = write_bucket(root.parent / "osv", json.loads((CORPUS / "osv.json").read_text()))
    policy = root.parent / "policy.yaml"
    policy.write_text(POLICY.replace("RULED", ruled))
    return gate(root, feed, "--policy", str(policy), *options)


def test_rule_allows_what_debian_will_not_fix_and_the_rest_blocks(root: Path) -> None:
    done = decide(root, "allow", "--format", "json")
    assert done.returncode == 1, done.stderr
    found = document(done)
    assert [(one["id"], one["state"]) for one in found["blocking"]] == [
        ("DEBIAN-CVE-2026-10004", "affected"),
        ("DEBIAN-CVE-2026-10001", "fixed"),
        ("DSA-9001-1", "fixed"),
    ]
    assert [(one["id"], one["state"]) for one in found["warnings"]] == [("DEBIAN-CVE-2026-10003", "end_of_life")]
    assert len(found["blocking"][1]["packages"]) == 3
    excused = {one["id"]: one["excused"] for one in found["ledger"] if one["excused"]}
    assert excused == {"DEBIAN-CVE-2026-10002": "allowed by rule `hopeless`: it will not be fixed"}


def test_rule_warns_of_what_debian_will_not_fix(root: Path) -> None:
    found = document(decide(root, "warn", "--format", "json"))
    assert "DEBIAN-CVE-2026-10002" in [one["id"] for one in found["warnings"]]
    assert [one["id"] for one in found["ledger"] if one["excused"]] == []


def test_text_says_who_will_not_fix_what(root: Path) -> None:
    done = decide(root, "warn")
    assert "Debian will not fix it" in done.stdout
    assert "Of all findings, 1 that Debian maintains no more, 1 that Debian will not fix." in done.stdout


def test_sarif_carries_the_state(root: Path) -> None:
    results = json.loads(decide(root, "allow", "--format", "sarif").stdout)["runs"][0]["results"]
    states = {one["ruleId"]: one["properties"]["state"] for one in results if "state" in one["properties"]}
    assert states["DEBIAN-CVE-2026-10002"] == "will_not_fix"
    assert states["DEBIAN-CVE-2026-10001"] == "fixed"
