"""A pipeline without any secret: a real issuer, a real server, the gate in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.app.test_gating import POLICY, add, commit, document, gate
from tests.e2e.serving import Server, serve
from tests.e2e.test_gate_server import SEVERITY, feed, repository
from tests.edges.providers.bucket import record
from tests.edges.providers.oidc_server import Issuer, oidc_issuer
from tests.edges.providers.test_git_tree import git

__all__ = ["feed", "repository"]

CLAIMS: dict[str, object] = {
    "sub": "repo:acme/shop:pull_request",
    "repository": "acme/shop",
    "repository_id": "99",
    "repository_owner_id": "4711",
    "workflow_ref": "acme/shop/.github/workflows/gate.yml@refs/pull/1/merge",
    "event_name": "pull_request",
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with oidc_issuer() as found:
        yield found


@pytest.fixture
def server(tmp_path: Path, issuer: Issuer) -> Iterator[Server]:
    with serve(tmp_path / "server", "--feed", "none", HOLDFAST_OIDC_LOOPBACK="1") as started:
        started.call("POST", "/advisories", record("L-lamp", name="lamp", severity=SEVERITY))
        started.call("PUT", "/policies/org", {"document": POLICY + "data: {on_unknown: warn}\n"})
        conditions = {"repository_owner_id": ["4711"], "repository": ["acme/*"]}
        trust = {"system": "github", "issuer": issuer.url, "audience": started.url, "conditions": conditions}
        started.call("PUT", "/trusts/gate", trust)
        yield started


def runner(issuer: Issuer) -> dict[str, str]:
    """Return what GitHub's runner gives to a job with `id-token: write`."""
    return {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/tests/pipeline?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-runner",
    }


def test_a_job_of_githubs_asks_the_gate_without_a_stored_secret(
    repository: Path, feed: Path, server: Server, issuer: Issuer
) -> None:
    issuer.say(**CLAIMS)
    add(repository, ["lamp==1.0"])
    done = gate(
        repository, feed, "--base", "main", "--server", server.url, "--format", "json", environment=runner(issuer)
    )
    assert (done.returncode, document(done)["verdict"]) == (1, "blocked"), done.stderr
    assert "hf_" not in done.stdout + done.stderr
    assert "eyJ" not in done.stdout + done.stderr
    build = server.call("GET", "/builds?service=shop")["items"][0]
    token = next(one for one in server.call("GET", "/tokens")["items"] if one["id"] == build["by"])
    assert (token["name"], token["permissions"]) == ("gate", ["builds:write"])


def test_another_owners_job_is_not_let_in(repository: Path, feed: Path, server: Server, issuer: Issuer) -> None:
    issuer.say(**CLAIMS | {"repository_owner_id": "8888"})
    done = gate(repository, feed, "--base", "main", "--server", server.url, environment=runner(issuer))
    assert (done.returncode, "does not let this pipeline in" in done.stderr) == (4, True), done.stderr
    assert server.call("GET", "/builds")["items"] == []


def test_a_token_of_gitlabs_is_taken_from_its_variable(
    repository: Path, feed: Path, server: Server, issuer: Issuer
) -> None:
    trust = {"system": "gitlab", "issuer": issuer.url, "audience": server.url, "conditions": {"namespace_id": ["17"]}}
    server.call("PUT", "/trusts/lab", trust)
    claims = {"project_path": "acme/shop", "project_id": "5", "namespace_id": "17", "pipeline_source": "push"}
    identity = issuer.sign("ec", aud=server.url, jti="once", **claims)
    known = {"GITLAB_CI": "true", "HOLDFAST_ID_TOKEN": identity}
    done = gate(repository, feed, "--base", "main", "--server", server.url, environment=known)
    assert done.returncode == 0, done.stderr
    again = gate(repository, feed, "--base", "main", "--server", server.url, environment=known)
    assert (again.returncode, "does not let this pipeline in" in again.stderr) == (4, True)


def test_one_identity_is_enough_for_all_services_of_a_repository(
    repository: Path, feed: Path, server: Server, issuer: Issuer
) -> None:
    trust = {"system": "gitlab", "issuer": issuer.url, "audience": server.url, "conditions": {"namespace_id": ["17"]}}
    server.call("PUT", "/trusts/lab", trust)
    git(repository, "checkout", "-q", "main")
    services = "".join(f"  - {{name: {name}, paths: [{name}], tier: 1}}\n" for name in ("pay", "web"))
    commit(repository, "holdfast.yaml", f"version: 1\nservices:\n{services}")
    for name in ("pay", "web"):
        commit(repository, f"{name}/requirements.txt", "calm==1.0\n")
    git(repository, "checkout", "-qB", "change")
    claims = {"project_path": "acme/shop", "project_id": "5", "namespace_id": "17", "pipeline_source": "push"}
    known = {"GITLAB_CI": "true", "HOLDFAST_ID_TOKEN": issuer.sign("ec", aud=server.url, jti="both", **claims)}
    done = gate(repository, feed, "--base", "main", "--server", server.url, environment=known)
    assert done.returncode == 0, done.stderr
    assert {one["service"] for one in server.call("GET", "/builds")["items"]} == {"pay", "web"}


def test_a_fork_is_decided_here_and_logs_in_nowhere(
    repository: Path, feed: Path, server: Server, issuer: Issuer, tmp_path: Path
) -> None:
    file = tmp_path / "event.json"
    change = {"head": {"repo": {"id": 2}}, "base": {"repo": {"id": 1}}}
    file.write_text(json.dumps({"pull_request": change}))
    fork = {"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main", "GITHUB_EVENT_PATH": str(file)}
    add(repository, ["lamp==1.0"])
    done = gate(repository, feed, "--base", "main", "--server", server.url, "--format", "json", environment=fork)
    found = document(done)
    assert "comes from a fork" in found["notes"][-1]
    assert [one["id"] for one in found["ledger"]] == ["L-desk", "L-lamp"]
    assert server.call("GET", "/builds")["items"] == []
    before = len(server.call("GET", "/tokens")["items"])
    gate(repository, feed, "--base", "main", "--server", server.url, environment=fork | runner(issuer))
    assert len(server.call("GET", "/tokens")["items"]) == before


def holdfast(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    known = {name: text for name, text in os.environ.items() if not name.startswith(("HOLDFAST_", "GITHUB_", "CI_"))}
    command = [sys.executable, "-m", "holdfast", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=known | variables
    )  # fmt: skip


def test_a_job_of_the_main_branch_reports_a_release_and_its_deployment(
    repository: Path, server: Server, issuer: Issuer
) -> None:
    conditions = {"repository_owner_id": ["4711"], "ref": ["refs/heads/main"]}
    trust = {"system": "github", "issuer": issuer.url, "audience": server.url, "conditions": conditions}
    more = {"permissions": ["builds:write", "facts:write"]}
    server.call("PUT", "/environments/production", {"tier": 1, "exposure": "internet"})
    server.call("PUT", "/trusts/deploy", trust | more)
    released = ["release", str(repository), "--server", server.url, "--service", "shop", "--version", "1"]
    deployed = ["deploy", "shop", "--server", server.url, "--environment", "production", "--version", "1"]
    issuer.say(**CLAIMS)  # a change only asks the gate
    assert "is not granted that" in holdfast(*released, "--no-manifest", **runner(issuer)).stderr
    main = CLAIMS | {"event_name": "push", "ref": "refs/heads/main", "environment": "production"}
    for arguments in ([*released, "--no-manifest"], deployed):
        issuer.say(**main)
        done = holdfast(*arguments, **runner(issuer))
        assert done.returncode == 0, done.stderr
        assert "hf_" not in done.stdout + done.stderr
    found = [one["deployment"] for one in server.call("GET", "/deployments?service=shop")["items"]]
    assert [(one["environment"], one["status"]) for one in found] == [("production", "succeeded")]
    bare = holdfast(*deployed)
    assert (bare.returncode, "needs a token" in bare.stderr) == (2, True)


def test_the_server_believes_only_what_the_issuer_signed_for_it(server: Server, issuer: Issuer) -> None:
    def status(token: str) -> int:
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "subject_token": token,
        }
        return httpx.post(f"{server.url}/api/v1/oidc/token", data=form, trust_env=False).status_code

    now = datetime.now(UTC).timestamp()
    good = CLAIMS | {"aud": server.url}
    assert status(issuer.sign("ed", **good, jti="a")) == 200
    assert status(issuer.sign("rsa", **good, jti="a")) == 400
    wrongs: list[dict[str, object]] = [
        {"aud": "https://other.example"},
        {"exp": now - 60},
        {"nbf": now + 600},
        {"iat": now - 1200},
        {"iss": "https://x"},
    ]
    for number, wrong in enumerate(wrongs):
        assert status(issuer.sign("rsa", **good | wrong | {"jti": f"b{number}"})) == 400, wrong
    header, payload, _ = issuer.sign(**good, jti="c").split(".")
    assert status(f"{header}.{payload}.") == 400
