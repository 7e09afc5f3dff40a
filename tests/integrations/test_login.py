"""The action and the component log in by who they are: a real issuer, a real server, no stored secret."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.serving import Server, serve
from tests.edges.providers.bucket import record
from tests.edges.providers.oidc_server import Issuer, oidc_issuer
from tests.integrations import test_github, test_gitlab
from tests.integrations.pipeline import Stand, make_stand

POLICY = (
    "min_score: {default: 0}\ndata: {on_unknown: warn}\n"
    "rules:\n  - {id: high, when: finding.cvss >= 7.0, then: block}\n"
)
GITHUB: dict[str, object] = {
    "repository": "acme/shop",
    "repository_id": "99",
    "repository_owner_id": "4711",
    "event_name": "pull_request",
}
GITLAB: dict[str, object] = {
    "project_path": "acme/shop",
    "project_id": "5",
    "namespace_id": "17",
    "pipeline_source": "merge_request_event",
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with oidc_issuer() as found:
        yield found


@pytest.fixture
def server(tmp_path: Path, issuer: Issuer) -> Iterator[Server]:
    with serve(tmp_path / "server", "--feed", "none", HOLDFAST_OIDC_LOOPBACK="1") as started:
        started.call("POST", "/advisories", record("L-lamp", name="lamp"))
        started.call("PUT", "/policies/org", {"document": POLICY})
        own = {"issuer": issuer.url}
        github = {"system": "github", "audience": started.url, "conditions": {"repository_owner_id": ["4711"]}}
        gitlab = {"system": "gitlab", "audience": "holdfast", "conditions": {"namespace_id": ["17"]}}
        started.call("PUT", "/trusts/github", own | github)
        started.call("PUT", "/trusts/gitlab", own | gitlab)
        yield started


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    folder = tmp_path / "stand"
    folder.mkdir()
    return make_stand(folder)


def test_the_action_logs_in_with_an_identity_of_githubs(stand: Stand, server: Server, issuer: Issuer) -> None:
    issuer.say(**GITHUB)
    runner = test_github.gate(stand, server=server.url, service="shop")
    code = runner.run(
        GITHUB_BASE_REF="main",
        ACTIONS_ID_TOKEN_REQUEST_URL=f"{issuer.url}/tests/pipeline?api-version=2.0",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="of-the-runner",
    )
    assert (code, runner.output("verdict")) == (1, "blocked"), runner.said
    assert "hf_" not in runner.said
    assert [one["service"] for one in server.call("GET", "/builds")["items"]] == ["shop"]


def test_the_action_decides_a_fork_by_itself(stand: Stand, server: Server, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"repo": {"id": 2}}, "base": {"repo": {"id": 1}}}}))
    runner = test_github.gate(stand, server=server.url, service="shop")
    assert runner.run(GITHUB_BASE_REF="main", GITHUB_EVENT_PATH=str(event)) == 1, runner.said
    assert "comes from a fork" in runner.said
    assert runner.output("verdict") == "blocked"
    assert server.call("GET", "/builds")["items"] == []


def test_the_component_logs_in_with_an_identity_of_gitlabs(stand: Stand, server: Server, issuer: Issuer) -> None:
    runner = test_gitlab.gate(stand, server=server.url, service="shop")
    audience = runner.job["id_tokens"]["HOLDFAST_ID_TOKEN"]["aud"]
    identity = issuer.sign("rsa", aud=audience, jti="once", **GITLAB)
    base = test_gitlab.base_of(stand)
    assert runner.run(CI_MERGE_REQUEST_DIFF_BASE_SHA=base, HOLDFAST_ID_TOKEN=identity) == 1, runner.said
    assert identity not in runner.said
    assert [one["service"] for one in server.call("GET", "/builds")["items"]] == ["shop"]
