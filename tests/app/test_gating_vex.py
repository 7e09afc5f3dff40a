"""`holdfast gate --vex` as a pipeline runs it: whose documents count, and what becomes of what they speak of."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_gating import POLICY, add, commit, document, feed, gate, repository
from tests.edges.providers.bucket import record, write_bucket
from tests.edges.providers.test_git_tree import git
from tests.findings.signing import Signer

__all__ = ["feed", "repository"]
PURL = "pkg:pypi/lamp@1.0"


def vex(file: Path, status: str = "not_affected", purl: str = PURL, **fields: Any) -> Path:
    statement = {
        "vulnerability": {"name": "L-lamp"},
        "products": [{"@id": purl}],
        "status": status,
        "justification": "vulnerable_code_not_present",
    } | fields
    file.write_text(
        json.dumps(
            {
                "@context": "https://openvex.dev/ns/v0.2.0",
                "@id": f"https://vex.example/{file.name}",
                "author": "Lamp Makers",
                "timestamp": "2026-01-01T00:00:00Z",
                "version": 1,
                "statements": [statement],
            }
        )
    )
    return file


@pytest.fixture
def change(repository: Path) -> Path:
    add(repository, ["lamp==1.0"])
    return repository


def test_a_statement_from_outside_clears_a_finding_and_stays_visible(change: Path, feed: Path, tmp_path: Path) -> None:
    file = vex(tmp_path / "vendor.json")
    given = (change, feed, "--base", "main", "--vex", str(file))
    done = gate(*given, "--format", "json")
    assert done.returncode == 0, done.stderr
    found = document(done)
    (one,) = found["vex"]
    assert one["vex"]["said"] == "VEX: not affected because vulnerable_code_not_present, by Lamp Makers"
    assert (one["vex"]["clears"], one["outcome"], one["introduced_here"]) == (True, "allow", True)
    assert [line["excused"] for line in found["ledger"] if line["id"] == "L-lamp"] == [one["vex"]["said"]]
    table = gate(*given)
    assert "by Lamp Makers" in table.stdout
    assert "1 cleared by VEX" in table.stdout
    sarif = json.loads(gate(*given, "--format", "sarif").stdout)
    results = {one["ruleId"]: one["suppressions"] for one in sarif["runs"][0]["results"]}
    assert results["L-lamp"][0]["justification"] == one["vex"]["said"]
    assert results["L-old-1"] == []
    said = json.loads(gate(*given, "--format", "openvex").stdout)["statements"]
    (repeated,) = [one for one in said if one["vulnerability"]["name"] == "L-lamp"]
    assert (repeated["status"], repeated["justification"]) == ("not_affected", "vulnerable_code_not_present")
    assert "Lamp Makers" in repeated["status_notes"]
    assert "by Lamp Makers" in gate(*given, "--format", "markdown").stdout


def test_what_is_not_matched_or_not_cleared_blocks(change: Path, feed: Path, tmp_path: Path) -> None:
    for status, purl in (
        ("not_affected", "pkg:pypi/lamp@1.0.0"),
        ("not_affected", "pkg:pypi/lamp@1.0?arch=x"),
        ("affected", PURL),
        ("under_investigation", PURL),
    ):
        done = gate(change, feed, "--base", "main", "--vex", str(vex(tmp_path / "vendor.json", status, purl)))
        assert done.returncode == 1, (status, purl, done.stdout)


def test_documents_that_disagree_are_both_told(change: Path, feed: Path, tmp_path: Path) -> None:
    files = (vex(tmp_path / "one.json"), vex(tmp_path / "two.json", "affected", action_statement="raise it"))
    arguments = [word for file in files for word in ("--vex", str(file))]
    done = gate(change, feed, "--base", "main", "--format", "json", *arguments)
    assert done.returncode == 1
    (one,) = document(done)["blocking"]
    assert one["vex"]["status"] == "affected"
    assert [other["status"] for other in one["vex"]["others"]] == ["not_affected"]


def test_a_change_does_not_speak_for_itself(change: Path, feed: Path, tmp_path: Path) -> None:
    file = vex(change / "vendor.json")
    untold = gate(change, feed, "--vex", str(file), "--format", "json")
    assert (untold.returncode, "speak for itself" in untold.stderr) == (2, True)
    git(change, "add", "-A")
    git(change, "commit", "-qm", "say that lamp is fine")
    done = gate(change, feed, "--base", "main", "--vex", str(file), "--format", "json")
    assert done.returncode == 1
    assert any("alters `vendor.json`" in note for note in document(done)["notes"])
    link = tmp_path / "outside.json"
    link.symlink_to(file)
    assert gate(change, feed, "--base", "main", "--vex", str(link)).returncode == 1
    assert gate(change, feed, "--base", "main", "--vex", str(change / "none.json")).returncode == 2


def test_a_document_counts_once_it_is_merged(repository: Path, feed: Path) -> None:
    git(repository, "checkout", "-q", "main")
    vex(repository / "vendor.json")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "what the makers say")
    git(repository, "checkout", "-q", "-B", "change")
    add(repository, ["lamp==1.0"])
    given = (repository, feed, "--base", "main", "--vex", str(repository / "vendor.json"))
    assert gate(*given).returncode == 0
    vex(repository / "vendor.json", "affected")
    done = gate(*given, "--format", "json")  # what is here does not count either way
    assert done.returncode == 0
    assert any("alters `vendor.json`" in note for note in document(done)["notes"])


def test_a_version_that_is_not_cleared_any_more_is_new(repository: Path, feed: Path, tmp_path: Path) -> None:
    """Day 1: lamp 1.0 is in, cleared. Day 2: lamp 1.1 comes, of which nobody says anything."""
    git(repository, "checkout", "-q", "main")
    add(repository, ["lamp==1.0"])
    git(repository, "checkout", "-q", "-B", "change")
    text = (repository / "requirements.txt").read_text()
    commit(repository, "requirements.txt", text.replace("lamp==1.0", "lamp==1.1"))
    plain = gate(repository, feed, "--base", "main", "--format", "json")
    assert plain.returncode == 0
    done = gate(repository, feed, "--base", "main", "--vex", str(vex(tmp_path / "vendor.json")), "--format", "json")
    assert done.returncode == 1
    assert [one["purl"] for one in document(done)["blocking"]] == ["pkg:pypi/lamp@1.1"]


def test_a_policy_says_whose_word_counts(change: Path, feed: Path, tmp_path: Path) -> None:
    file, policy = vex(tmp_path / "vendor.json"), tmp_path / "policy.yaml"
    for authors, code in (("Somebody", 1), ("Lamp Makers", 0)):
        policy.write_text(f"{POLICY}vex: {{authors: [{authors}]}}\n")
        done = gate(change, feed, "--base", "main", "--policy", str(policy), "--vex", str(file))
        assert done.returncode == code, done.stdout
    policy.write_text(f"{POLICY}vex: {{also_clears: [everything]}}\n")
    assert gate(change, feed, "--base", "main", "--policy", str(policy), "--vex", str(file)).returncode in {2, 4}


def test_known_exploited_is_cleared_only_where_the_policy_lets_it(change: Path, feed: Path, tmp_path: Path) -> None:
    file, policy, kev = vex(tmp_path / "vendor.json"), tmp_path / "policy.yaml", tmp_path / "kev.json"
    write_bucket(feed, {"PyPI": [record("L-lamp", name="lamp", aliases=["CVE-2026-1"])]})
    kev.write_text(json.dumps({"catalogVersion": "1", "vulnerabilities": [{"cveID": "CVE-2026-1"}]}))
    given = (change, feed, "--base", "main", "--vex", str(file), "--policy", str(policy))
    for words, code in (("", 1), ("vex: {also_clears: [known-exploited]}\n", 0)):
        policy.write_text(POLICY + words)
        done = gate(*given, "--format", "json", environment={"HOLDFAST_KEV": str(kev)})
        assert done.returncode == code, done.stdout
        (one,) = document(done)["vex"]
        assert (one["known_exploited"], bool(one["vex"]["void"])) == (True, code == 1)


def test_a_policy_says_whose_signatures_count(change: Path, feed: Path, tmp_path: Path) -> None:
    """Unsigned is fine until the policy wants signatures; wrongly signed never is."""
    ana, bea, policy = Signer.of("ed25519"), Signer.of("p256"), tmp_path / "policy.yaml"
    plain = vex(tmp_path / "vendor.json")
    signed, other = tmp_path / "signed.json", tmp_path / "other.json"
    subject = {"name": PURL, "digest": {"sha256": "a" * 64}}
    for signer, file in ((ana, signed), (bea, other)):
        file.write_bytes(signer.attest(json.loads(plain.read_text()), subject))
    keys = f"keys: {{lamp: {json.dumps(ana.pem)}}}"
    for words, file, code in (
        ("", plain, 0),
        ("", signed, 4),
        (f"vex: {{{keys}}}", plain, 0),
        (f"vex: {{{keys}}}", signed, 0),
        (f"vex: {{{keys}}}", other, 4),
        (f"vex: {{{keys}, require_signature: true}}", plain, 1),
        (f"vex: {{{keys}, require_signature: true}}", signed, 0),
        ("vex: {require_signature: true}", plain, 1),
    ):
        policy.write_text(f"{POLICY}{words}\n")
        done = gate(
            *(change, feed, "--base", "main", "--policy", str(policy), "--vex", str(file), "--format", "json"),
        )
        assert done.returncode == code, (words, file.name, done.stdout, done.stderr)
        if code == 0:
            (one,) = document(done)["vex"]
            assert one["vex"]["said"].endswith("by Lamp Makers, signed") is (file == signed)
        if code == 4:
            assert file.name in document(done)["error"]["where"]
        if code == 1:
            (blocked,) = document(done)["blocking"]
            assert "is not signed" in blocked["vex"]["void"][0]


def test_a_change_can_not_bring_its_own_key(change: Path, feed: Path, tmp_path: Path) -> None:
    """The key stands in the policy of the change alone: it counts once that is merged."""
    ana, signed = Signer.of("ed25519"), tmp_path / "signed.json"
    plain = json.loads(vex(tmp_path / "vendor.json").read_text())
    signed.write_bytes(ana.attest(plain, {"name": PURL, "digest": {"sha256": "a" * 64}}))
    (change / ".holdfast").mkdir(exist_ok=True)
    own = change / ".holdfast" / "policy.yaml"
    own.write_text(f"{own.read_text() if own.exists() else POLICY}vex: {{keys: {{mine: {json.dumps(ana.pem)}}}}}\n")
    git(change, "add", "-A")
    git(change, "commit", "-qm", "trust me")
    done = gate(change, feed, "--base", "main", "--vex", str(signed), "--format", "json")
    assert done.returncode == 4
    assert "no key is known" in document(done)["error"]["message"]


def test_a_product_is_what_the_pipeline_says_it_is(change: Path, feed: Path, tmp_path: Path) -> None:
    product = {"@id": "pkg:oci/shop@7", "subcomponents": [{"@id": PURL}]}
    given = (change, feed, "--base", "main", "--vex", str(vex(tmp_path / "vendor.json", products=[product])))
    assert gate(*given).returncode == 1
    assert gate(*given, "--product", "pkg:oci/shop@8").returncode == 1
    assert gate(*given, "--product", "pkg:oci/shop@7").returncode == 0
    assert gate(*given, "--product", "shop").returncode == 2
    assert gate(*given, "--product", "sha256:12").returncode == 2


def test_what_can_not_count_is_noted_and_what_is_no_document_refused(change: Path, feed: Path, tmp_path: Path) -> None:
    file = vex(tmp_path / "vendor.json", purl="cpe:/a:lamp")
    done = gate(change, feed, "--base", "main", "--vex", str(file), "--format", "json")
    assert any("matches nothing" in note for note in document(done)["notes"])
    file.write_text("{}")
    done = gate(change, feed, "--base", "main", "--vex", str(file), "--format", "json")
    assert (done.returncode, "no known format" in document(done)["error"]["message"]) == (4, True)
    given = ("--server", "http://127.0.0.1:1", "--vex", str(file))
    assert gate(change, feed, *given, environment={"HOLDFAST_TOKEN": "hf_x"}).returncode == 2
