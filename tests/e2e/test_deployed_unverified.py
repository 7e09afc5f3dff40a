"""What the gate said of what was deployed, end to end: held, shipped all the same, found, let go."""

from pathlib import Path

from tests.app.test_gating import POLICY, add, commit
from tests.e2e.serving import Server, serve
from tests.e2e.test_gate_server import SEVERITY, ask, feed, repository, token_of
from tests.edges.providers.bucket import record
from tests.edges.providers.test_git_tree import git

__all__ = ["feed", "repository"]
DIGEST = "sha256:" + "a" * 64


def ship(server: Server, version: str, sha: str, **more: object) -> list[str]:
    """Register and deploy a release; returns what the server warns of."""
    server.call("POST", "/releases", {"service": "shop", "version": version, "commit": sha, **more})
    answer = server.call("POST", "/deployments", {"service": "shop", "version": version, "environment": "production"})
    return [str(one) for one in answer["warnings"]]


def test_what_ships_without_a_passing_verdict_is_a_finding_until_it_is_let_go(
    repository: Path, feed: Path, tmp_path: Path
) -> None:
    add(repository, ["lamp==1.0"])
    with serve(tmp_path / "server", "--feed", "none") as server:
        server.call("POST", "/advisories", record("L-lamp", name="lamp", severity=SEVERITY))
        server.call("PUT", "/policies/org", {"document": POLICY + "data: {on_unknown: warn}\n"})
        done, _ = ask(repository, feed, server.url, token_of(server), "--artifact", DIGEST)
        assert done.returncode == 1
        build = server.call("GET", "/builds")["items"][0]
        assert (build["artifact"], build["took_s"] > 0) == (DIGEST, True)
        held = git(repository, "rev-parse", "HEAD")
        artifacts = [{"digest": DIGEST, "kind": "image"}]
        assert ship(server, "1", held, artifacts=artifacts) == [
            f"blocked: the gate held {build['id']}, and nobody let it go"
        ]
        found = server.call("GET", "/findings")["items"]
        assert [(one["kind"], one["advisories"], one["environment"]) for one in found] == [
            ("deployment", ["deployment-blocked"], "production")
        ]
        server.call("POST", f"/builds/{build['id']}/override", {"reason": "the shop is down"})
        after = server.call("GET", f"/findings/{found[0]['id']}")["finding"]
        assert (after["state"], after["ending"]) == ("resolved", "fixed")
        commit(repository, "README", "nothing new\n")
        assert ship(server, "2", git(repository, "rev-parse", "HEAD")) == ["unverified: no build of it was judged"]
        assert server.call("GET", "/builds/figures")["override_rate"] == 1.0
        document = server.call("GET", f"/builds/{build['id']}/document")
        assert [one["id"] for one in document["blocking"]] == ["L-lamp"]
