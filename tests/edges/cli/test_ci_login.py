"""How a pipeline finds its identity, and what is said where it has none."""

import json
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from holdfast.edges.cli.ci_login import ForkError, NoAnswerError, ask_within, find_token, is_from_fork
from holdfast.edges.providers.http import HttpxHttp
from holdfast.errors import ActionError, HoldfastError, UnauthenticatedError, UnsentError, UsageError
from holdfast.testing.dripping import BODY, HEADER, dripping
from holdfast.testing.http import FakeHttp, Reply

SERVER = "https://holdfast.example"
TOKEN_URL = f"{SERVER}/api/v1/oidc/token"
RUNNER = "https://runner.example/token?api-version=2.0"
GITHUB = {"ACTIONS_ID_TOKEN_REQUEST_URL": RUNNER, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-runner"}


@pytest.fixture
def http() -> FakeHttp:
    fake = FakeHttp()
    fake.answer("POST", TOKEN_URL, Reply(body=b'{"access_token": "hf_given"}'))
    fake.answer("GET", f"{RUNNER}&audience=https%3A%2F%2Fholdfast.example", Reply(body=b'{"value": "identity"}'))
    return fake


def form(http: FakeHttp) -> dict[str, list[str]]:
    return parse_qs((http.sent[-1].body or b"").decode())


def test_a_token_that_is_set_is_taken_as_it_is(http: FakeHttp) -> None:
    assert find_token(lambda: http, SERVER, {"HOLDFAST_TOKEN": " hf_own\n", "HOLDFAST_ID_TOKEN": "x"}) == "hf_own"
    assert http.sent == []


def test_githubs_runner_is_asked_for_an_identity_for_this_server(http: FakeHttp) -> None:
    assert find_token(lambda: http, f"{SERVER}/", GITHUB) == "hf_given"
    assert http.sent[0].headers["authorization"] == "Bearer of-the-runner"
    assert form(http)["subject_token"] == ["identity"]
    assert (form(http)["org"], form(http)["scope"]) == (["default"], ["builds:write"])


def test_an_identity_of_another_system_is_exchanged(http: FakeHttp, tmp_path: Path) -> None:
    file = tmp_path / "identity"
    file.write_text("from-a-file\n")
    assert find_token(lambda: http, SERVER, {"HOLDFAST_ID_TOKEN": "from-gitlab"}) == "hf_given"
    assert form(http)["subject_token"] == ["from-gitlab"]
    find_token(lambda: http, SERVER, {"HOLDFAST_ID_TOKEN_FILE": str(file), "HOLDFAST_ORG": "acme"})
    assert (form(http)["subject_token"], form(http)["org"]) == (["from-a-file"], ["acme"])
    with pytest.raises(UsageError, match="No such file"):
        find_token(lambda: http, SERVER, {"HOLDFAST_ID_TOKEN_FILE": str(tmp_path / "none")})
    file.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="no token"):
        find_token(lambda: http, SERVER, {"HOLDFAST_ID_TOKEN_FILE": str(file)})


@pytest.mark.parametrize(
    ("variables", "hint"),
    [
        ({}, "HOLDFAST_TOKEN"),
        ({"GITHUB_ACTIONS": "true"}, "id-token: write"),
        ({"GITLAB_CI": "true"}, "id_tokens"),
    ],
)
def test_what_is_missing_is_said(http: FakeHttp, variables: dict[str, str], hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_token(lambda: http, SERVER, variables)
    assert hint in str(raised.value)


def test_a_refusal_says_what_was_asked_and_never_the_identity(http: FakeHttp) -> None:
    http.answer("POST", TOKEN_URL, Reply(400, b'{"detail": "this identity token proves nothing here"}'))
    with pytest.raises(UnauthenticatedError) as raised:
        find_token(lambda: http, SERVER, {"HOLDFAST_ID_TOKEN": "secret-identity", "HOLDFAST_AUDIENCE": "other"})
    assert "proves nothing here" in str(raised.value)
    assert "`other`" in str(raised.value)
    assert "secret-identity" not in str(raised.value)


@pytest.mark.parametrize("reply", [Reply(broken="refused"), Reply(503), Reply(429, b'{"detail": "wait"}')])
def test_a_server_that_does_not_answer_is_away(http: FakeHttp, reply: Reply) -> None:
    http.answer("POST", TOKEN_URL, reply)
    with pytest.raises(NoAnswerError):
        find_token(lambda: http, SERVER, {"HOLDFAST_ID_TOKEN": "identity"})


@pytest.mark.parametrize("reply", [Reply(broken="refused"), Reply(403), Reply(body=b"<html>"), Reply(body=b"{}")])
def test_a_runner_that_gives_nothing_is_told(reply: Reply) -> None:
    http = FakeHttp()
    http.answer("GET", f"{RUNNER}&audience=https%3A%2F%2Fholdfast.example", reply)
    with pytest.raises(HoldfastError, match="GitHub gave no identity token"):
        find_token(lambda: http, SERVER, GITHUB)


def test_an_identity_is_never_sent_in_clear(http: FakeHttp) -> None:
    with pytest.raises(UsageError, match="https"):
        find_token(lambda: http, "http://holdfast.example", {"HOLDFAST_ID_TOKEN": "identity"})
    evil = GITHUB | {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://evil.example/"}
    with pytest.raises(UsageError, match="https"):
        find_token(lambda: http, SERVER, evil)
    assert http.sent == []


def event(tmp_path: Path, head: object, base: object = 1) -> dict[str, str]:
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"pull_request": {"head": {"repo": head}, "base": {"repo": {"id": base}}}}))
    return {"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main", "GITHUB_EVENT_PATH": str(file)}


def test_a_fork_of_githubs_is_known_by_its_number(tmp_path: Path, http: FakeHttp) -> None:
    assert is_from_fork(event(tmp_path, {"id": 2}))
    assert is_from_fork(event(tmp_path, None)), "the fork was deleted"
    assert not is_from_fork(event(tmp_path, {"id": 1}))
    with pytest.raises(ForkError):
        find_token(lambda: http, SERVER, GITHUB | event(tmp_path, {"id": 2}))
    assert http.sent == []


def test_a_change_of_the_update_service_gets_no_identity_and_is_decided_here(tmp_path: Path) -> None:
    own = event(tmp_path, {"id": 1}) | {"GITHUB_ACTOR": "dependabot[bot]"}
    assert is_from_fork(own)
    assert not is_from_fork(own | GITHUB)


def test_an_event_that_cannot_be_read_is_no_fork(tmp_path: Path) -> None:
    broken = event(tmp_path, {"id": 2})
    for text in ("{", "[]", "[" * 100_000, '{"pull_request": 1}'):
        (tmp_path / "event.json").write_text(text)
        assert not is_from_fork(broken)
    assert not is_from_fork({"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "", "GITHUB_EVENT_PATH": "/nowhere"})


def test_a_fork_of_gitlabs_is_known_by_its_project() -> None:
    change = {"GITLAB_CI": "true", "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "7"}
    assert not is_from_fork(change)
    assert not is_from_fork(change | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7"})
    assert is_from_fork(change | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "9"})
    assert is_from_fork(change | {"CI_PROJECT_ID": "9", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "9"})


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_our_own_is_no_server_that_is_away() -> None:
    """Without a server a build may pass, and not for this."""
    http = HttpxHttp()
    http.close()
    with pytest.raises(HoldfastError, match="failed while it logged in") as raised:
        ask_within(60, http, "GET", "http://127.0.0.1:1/", {})
    assert raised.type is HoldfastError
    for thread in threading.enumerate():  # what it says belongs to this test
        if thread.name == "login":
            thread.join(20)


def test_a_refusal_is_not_waited_for() -> None:
    with closing(HttpxHttp()) as http, pytest.raises(UnsentError, match="refused"):
        ask_within(60, http, "GET", "http://127.0.0.1:1/", {})


@pytest.mark.parametrize("begins", [HEADER, BODY], ids=["header", "body"])
def test_an_answer_that_drips_is_given_up_in_time(begins: bytes) -> None:
    """Each byte comes in time by itself."""
    with dripping(begins) as url, closing(HttpxHttp()) as http, pytest.raises(ActionError, match=r"within 0\.3 s"):
        ask_within(0.3, http, "GET", url, {})
