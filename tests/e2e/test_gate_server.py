"""`holdfast gate --server` against a real server: it judges, and what happens while it is away."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_gating import MANIFEST, POLICY, add, commit, document, gate
from tests.app.test_gating_tools import BANDIT
from tests.e2e.serving import Server, serve, wait_until
from tests.edges.providers.bucket import record, write_bucket
from tests.edges.providers.test_git_tree import git

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there
SEVERITY = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    records = [record(f"L-{name}", name=name, severity=SEVERITY) for name in ("lamp", "desk")]
    return write_bucket(tmp_path / "osv", {"PyPI": records})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    top.mkdir()
    git(tmp_path, "init", "-q", "-b", "main", str(top))
    commit(top, "holdfast.yaml", MANIFEST)
    commit(top, "requirements.txt", "desk==1.0\n")
    git(top, "checkout", "-qb", "change")
    return top


def ask(
    path: Path, feed: Path, url: str, token: str, *arguments: str
) -> tuple["subprocess.CompletedProcess[str]", dict[str, Any]]:
    done = gate(
        path, feed, "--base", "main", "--server", url, "--format", "json", *arguments,
        environment={"HOLDFAST_TOKEN": token},
    )  # fmt: skip
    return done, document(done)


def token_of(server: Server, *permissions: str) -> str:
    wanted = list(permissions) or ["builds:write"]
    return str(server.call("POST", "/tokens", {"name": "ci", "permissions": wanted})["secret"])


def test_the_server_judges_and_its_policies_count_while_it_is_away(
    repository: Path, feed: Path, tmp_path: Path
) -> None:
    add(repository, ["lamp==1.0"])
    with serve(tmp_path / "server", "--feed", "none") as server:
        for name in ("lamp", "desk"):
            server.call("POST", "/advisories", record(f"L-{name}", name=name, severity=SEVERITY))
        server.call("PUT", "/policies/org", {"document": "min_score: {default: 0}\ndata: {on_unknown: warn}\n"})
        secret = token_of(server)
        done, found = ask(repository, feed, server.url, secret)
        assert (done.returncode, found["verdict"], found["existing"]) == (0, "pass", 1), done.stderr
        server.call("PUT", "/policies/org", {"document": POLICY + "data: {on_unknown: warn}\n"})
        done, found = ask(repository, feed, server.url, secret)
        assert (done.returncode, found["verdict"], len(found["blocking"])) == (1, "blocked", 1), done.stdout
        table = gate(repository, feed, "--base", "main", "--server", server.url, environment={"HOLDFAST_TOKEN": secret})
        assert "Blocks" in table.stdout
        listed = server.call("GET", "/builds?service=shop")["items"]
        assert [one["answer"] for one in listed] == ["blocked", "blocked", "pass"]
        assert listed[0]["commit"] == git(repository, "rev-parse", "HEAD")
        away = server.url
    done, found = ask(repository, feed, away, secret)
    assert (done.returncode, "no answer" in found["error"]["message"]) == (4, True)
    done, found = ask(repository, feed, away, secret, "--on-unavailable", "pass")
    assert (done.returncode, found["verdict"]) == (0, "pass")
    assert "let pass unjudged" in found["notes"][-1]
    done, found = ask(repository, feed, away, secret, "--on-unavailable", "cached")
    assert (done.returncode, found["verdict"], found["policy"][0]["level"]) == (1, "blocked", "org")
    kept = (feed.parent / "data/gate-without-server.jsonl").read_text().splitlines()
    assert [json.loads(line)["decided"] for line in kept] == ["fail", "pass", "cached"]


def test_what_was_decided_without_the_server_is_told_to_it(repository: Path, feed: Path, tmp_path: Path) -> None:
    ask(repository, feed, NOBODY, "hf_none", "--on-unavailable", "pass")
    with serve(tmp_path / "server", "--feed", "none") as server:
        _, found = ask(repository, feed, server.url, token_of(server))
        (told,) = [note for note in found["notes"] if "decided while this server was away" in note]
        assert told.endswith(": pass (`--on-unavailable pass`)")
        _, again = ask(repository, feed, server.url, token_of(server))
        assert not any("decided while" in note for note in again["notes"])


def test_policies_that_were_never_seen_decide_nothing(repository: Path, feed: Path) -> None:
    done, found = ask(repository, feed, NOBODY, "hf_none", "--on-unavailable", "cached")
    assert done.returncode == 4
    assert "never seen here" in found["error"]["message"]
    kept = json.loads((feed.parent / "data/gate-without-server.jsonl").read_text())
    assert (kept["decided"], kept["verdict"]) == ("cached", "failed")


def test_a_server_that_refuses_is_not_away(repository: Path, feed: Path, tmp_path: Path) -> None:
    with serve(tmp_path / "server", "--feed", "none") as server:
        done, found = ask(repository, feed, server.url, "hf_wrong", "--on-unavailable", "pass")
    assert done.returncode == 4
    assert "token" in json.dumps(found["error"])


def test_what_is_there_is_accepted_once_by_who_may_and_compared_with(
    repository: Path, feed: Path, tmp_path: Path
) -> None:
    def plain(url: str, token: str, *arguments: str) -> tuple["subprocess.CompletedProcess[str]", dict[str, Any]]:
        more = ("--server", url, "--format", "json", *arguments)
        done = gate(repository, feed, *more, environment={"HOLDFAST_TOKEN": token})
        return done, document(done)

    with serve(tmp_path / "server", "--feed", "none") as server:
        for name in ("lamp", "desk"):
            server.call("POST", "/advisories", record(f"L-{name}", name=name, severity=SEVERITY))
        server.call("PUT", "/policies/org", {"document": POLICY + "data: {on_unknown: warn}\n"})
        pipeline, admin = token_of(server), token_of(server, "builds:write", "policy:write")
        done, found = plain(server.url, pipeline)
        assert (done.returncode, found["basis"]) == (1, "nothing")
        assert plain(server.url, pipeline, "--accept-inherited")[0].returncode == 4
        done, found = plain(server.url, admin, "--accept-inherited")
        assert (done.returncode, found["basis"], found["existing"]) == (0, "inherited", 1), done.stderr
        assert "accepted as inherited: 1 findings" in done.stderr
        add(repository, ["lamp==1.0"])
        done, found = plain(server.url, pipeline)
        assert (done.returncode, [one["id"] for one in found["blocking"]]) == (1, ["L-lamp"])
        done, found = plain(server.url, admin, "--accept-inherited")
        assert (done.returncode, "nothing new was accepted" in done.stderr) == (1, True)
        done, _ = plain(server.url, admin, "--accept-inherited", "--base", "main")
        assert done.returncode == 2
    assert plain("", admin, "--accept-inherited")[0].returncode == 2


def test_a_server_syncs_the_feed_of_what_only_builds_are_made_of(repository: Path, feed: Path, tmp_path: Path) -> None:
    add(repository, ["lamp==1.0"])
    with serve(tmp_path / "server", "--feed", str(feed)) as server:
        secret = token_of(server)
        wait_until(lambda: ask(repository, feed, server.url, secret)[1]["snapshot"] != [])
        done, found = ask(repository, feed, server.url, secret)
        assert (done.returncode, [one["id"] for one in found["ledger"]]) == (1, ["L-desk", "L-lamp"]), done.stdout


def sarif(*lines: int) -> str:
    results = [
        {
            "ruleId": "B602",
            "level": "error",
            "message": {"text": "a shell"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": line}}}],
        }
        for line in lines
    ]
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "bandit"}}, "results": results}]})


def test_what_other_tools_report_is_judged_by_the_server_and_old_lines_are_old(
    repository: Path, feed: Path, tmp_path: Path
) -> None:
    git(repository, "checkout", "-q", "main")
    commit(repository, "app.py", "call(one)\n")
    git(repository, "checkout", "-qB", "change")
    commit(repository, "app.py", "import x\ncall(one)\ncall(two)\n")
    report = tmp_path / "bandit.sarif"
    with serve(tmp_path / "server", "--feed", "none") as server:
        server.call("POST", "/advisories", record("L-desk", name="desk", severity=SEVERITY))
        document_ = POLICY + "data: {on_unknown: warn}\n"
        server.call("PUT", "/policies/org", {"document": document_})
        secret = token_of(server)
        report.write_text(sarif(2))
        done, found = ask(repository, feed, server.url, secret, "--findings", str(report))
        assert (done.returncode, found["existing"]) == (0, 2), done.stdout
        report.write_text(sarif(2, 3))
        done, found = ask(repository, feed, server.url, secret, "--findings", str(report))
        assert done.returncode == 1, done.stdout
        (one,) = found["blocking"]
        assert (one["tools"], one["locations"]) == (["bandit"], [{"file": "app.py", "line": 3}])


def test_what_a_tool_sees_is_judged_by_the_server(repository: Path, feed: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "bandit"
    program.parent.mkdir()
    program.write_text(BANDIT.format(python=sys.executable))
    program.chmod(0o755)
    commit(repository, "app.py", "run(x)\n")
    with serve(tmp_path / "server", "--feed", "none") as server:
        server.call("POST", "/advisories", record("L-desk", name="desk", severity=SEVERITY))
        server.call("PUT", "/policies/org", {"document": POLICY + "data: {on_unknown: warn}\n"})
        places = {"HOLDFAST_TOKEN": token_of(server), "PATH": f"{program.parent}:{os.environ['PATH']}"}
        asked = ("--base", "main", "--server", server.url, "--format", "json", "--with", "bandit")
        done = gate(repository, feed, *asked, environment=places)
        (one,) = document(done)["blocking"]
        assert (one["id"], one["tools"], done.returncode) == ("B602", ["Bandit"], 1)


def test_tools_run_once_where_the_server_is_away(repository: Path, feed: Path, tmp_path: Path) -> None:
    program, runs = tmp_path / "bin" / "bandit", tmp_path / "runs"
    program.parent.mkdir()
    count = f"open({str(runs)!r}, 'a').write('x')\nsys.exit(1)"
    program.write_text(BANDIT.format(python=sys.executable).replace("sys.exit(1)", count))
    program.chmod(0o755)
    commit(repository, "app.py", "run(x)\n")
    places = {"HOLDFAST_TOKEN": "none", "PATH": f"{program.parent}:{os.environ['PATH']}"}
    asked = ("--base", "main", "--server", NOBODY, "--service", "shop", "--on-unavailable", "pass", "--with", "bandit")
    done = gate(repository, feed, *asked, environment=places)
    assert (done.returncode, runs.read_text()) == (0, "x"), done.stderr
