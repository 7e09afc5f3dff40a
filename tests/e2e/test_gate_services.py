"""`holdfast gate --server` on a repository of several services: a build, a base, waivers and a policy for each."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_gating import commit, document, gate
from tests.app.test_gating_services import MANIFEST, by_service
from tests.e2e.serving import serve
from tests.e2e.test_gate_server import SEVERITY, token_of
from tests.edges.providers.bucket import record, write_bucket
from tests.edges.providers.test_git_tree import git

ORG = "min_score: {default: 0}\ndata: {on_unknown: fail}\nrules: [{id: high, when: finding.cvss >= 7.0, then: warn}]\n"
STRICT = "rules: [{id: pay, when: finding.cvss >= 7.0, then: block}]\n"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_bucket(tmp_path / "osv", {"PyPI": [record("L-desk", name="desk", severity=SEVERITY)]})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    (top / "services").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(top))
    commit(top, "holdfast.yaml", MANIFEST)
    commit(top, "services/pay/requirements.txt", "desk==1.0\nnot a requirement at all\n")
    commit(top, "services/web/requirements.txt", "calm==1.0\n")
    git(top, "checkout", "-qb", "change")
    return top


def test_a_server_judges_each_service_of_a_repository_and_records_a_build_of_each(
    repository: Path, feed: Path, tmp_path: Path
) -> None:
    def ask(token: str, *more: str) -> tuple["subprocess.CompletedProcess[str]", dict[str, Any]]:
        given = ("--server", server.url, "--format", "json", *more)
        done = gate(repository, feed, *given, environment={"HOLDFAST_TOKEN": token})
        return done, document(done)

    with serve(tmp_path / "server", "--feed", "none") as server:
        for name in ("lamp", "desk"):
            server.call("POST", "/advisories", record(f"L-{name}", name=name, severity=SEVERITY))
        server.call("PUT", "/policies/org", {"document": ORG.replace("fail", "warn")})
        pipeline, admin = token_of(server), token_of(server, "builds:write", "policy:write")
        done, found = ask(admin, "--accept-inherited")
        assert done.returncode == 0, done.stderr
        server.call("PUT", "/policies/services/pay", {"document": STRICT})
        assert {one["basis"] for one in found["services"]} == {"inherited"}
        assert (by_service(found)["pay"]["existing"], by_service(found)["web"]["existing"]) == (1, 0)
        # the baseline of one folder and of the whole are told alike: neither gaps nor findings are new
        folder = gate(
            repository / "services/pay", feed, "--server", server.url, "--format", "json",
            environment={"HOLDFAST_TOKEN": pipeline},
        )  # fmt: skip
        assert (document(folder)["basis"], document(folder)["unknown"]) == ("inherited", []), folder.stdout
        for name in ("pay", "web"):
            path = f"services/{name}/requirements.txt"
            commit(repository, path, (repository / path).read_text() + "lamp==1.0\n")
        done, found = ask(pipeline)
        assert (done.returncode, found["verdict"]) == (1, "blocked"), done.stderr
        assert [(one["service"], one["id"]) for one in found["blocking"]] == [("pay", "L-lamp")]
        assert [(one["service"], one["id"]) for one in found["warnings"]] == [("web", "L-lamp")]
        assert [one["locations"][0]["file"] for one in (*found["blocking"], *found["warnings"])] == [
            "services/pay/requirements.txt",
            "services/web/requirements.txt",
        ]
        assert {one["id"].partition(":")[0] for one in found["unknown"]} == {"unjudged"}  # no feed, and nothing unread
        assert found["unknown"][0]["where"].startswith("services/pay/requirements.txt:")
        for name, one in by_service(found).items():
            (newest, *_) = server.call("GET", f"/builds?service={name}")["items"]
            assert (newest["id"], newest["answer"]) == (one["build"], one["verdict"])
        done, found = ask(pipeline, "--artifact", "sha256:" + "1" * 64)
        assert (done.returncode, "several services" in found["error"]["message"]) == (2, True)
    done, found = ask(pipeline, "--on-unavailable", "cached")
    assert (done.returncode, found["verdict"], by_service(found)["web"]["blocking"]) == (1, "blocked", 0)
    assert "decided here, by its policies of" in found["notes"][-1]
