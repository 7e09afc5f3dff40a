"""What an identity token says, judged without any network."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import UnauthenticatedError
from holdfast.loop.oidc_claims import MOST_BYTES, audience_of, bind, find_unmet, find_wrong_time, granted, peek
from holdfast.model.tenancy import Binding, Permission
from holdfast.model.trust import Condition, System
from holdfast.testing.clocks import START
from holdfast.testing.stores_trusts import trust

NOW = START.timestamp()
GITHUB: dict[str, object] = {
    "iss": "https://issuer.example",
    "sub": "repo:acme/shop:ref:refs/heads/main",
    "repository": "acme/shop",
    "repository_id": "99",
    "repository_owner_id": "4711",
    "job_workflow_ref": "acme/shop/.github/workflows/gate.yml@refs/heads/main",
    "event_name": "push",
    "ref": "refs/heads/main",
}
GITLAB: dict[str, object] = {
    "sub": "project_path:acme/shop:ref_type:branch:ref:main",
    "project_path": "acme/shop",
    "project_id": "99",
    "namespace_id": "4711",
    "ci_config_ref_uri": "gitlab.example/acme/shop//.gitlab-ci.yml@refs/heads/main",
    "pipeline_source": "push",
    "environment": "production",
    "ref_protected": True,
}


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def token(header: object, payload: object = None) -> str:
    return f"{part(header)}.{part({'iss': 'https://issuer.example'} if payload is None else payload)}.c2ln"


def test_a_token_names_its_issuer_and_its_key() -> None:
    found = peek(token({"alg": "RS256", "kid": "one"}))
    assert (found.issuer, found.algorithm, found.key_id) == ("https://issuer.example", "RS256", "one")


@pytest.mark.parametrize(
    "broken",
    [
        token({"alg": "none", "kid": "one"}),
        token({"alg": "None", "kid": "one"}),
        token({"alg": "HS256", "kid": "one"}),
        token({"alg": ["RS256"], "kid": "one"}),
        token({"alg": "RS256"}),
        token({"alg": "RS256", "kid": "one", "crit": ["exp"]}),
        token({"alg": "RS256", "kid": "one", "b64": False}),
        token({"alg": "RS256", "kid": "one"}, {"iss": 7}),
        token(["alg"], {}),
        token({"alg": "RS256", "kid": "one"}, [1]),
        "a.b",
        "a.b.c.d",
        "é.b.c",
        f"{part({'alg': 'RS256', 'kid': 'one'})}.{'[' * 9000}.c",
        f"{part({'alg': 'RS256', 'kid': 'one'})}.{base64.urlsafe_b64encode(b'[' * 9000).decode()}.c",
        "a" * (MOST_BYTES + 1),
    ],
)
def test_what_proves_nothing_is_refused_before_anybody_is_asked(broken: str) -> None:
    with pytest.raises(UnauthenticatedError):
        peek(broken)


@given(st.text(max_size=300))
def test_any_text_without_a_signature_is_refused(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        peek(text)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"exp": NOW + 300, "iat": NOW}, None),
        ({"exp": NOW + 300, "iat": NOW + 29, "nbf": NOW + 29}, None),
        ({"exp": NOW - 29, "iat": NOW - 300}, None),
        ({"exp": NOW - 30, "iat": NOW - 300}, "expired"),
        ({"exp": NOW + 300, "iat": NOW, "nbf": NOW + 31}, "not valid yet"),
        ({"exp": NOW + 300, "iat": NOW + 31}, "not valid yet"),
        ({"exp": NOW + 300, "iat": NOW - 931}, "fifteen minutes"),
        ({"exp": NOW + 300}, "missing"),
        ({"iat": NOW}, "missing"),
        ({"exp": "9999999999", "iat": NOW}, "no number"),
        ({"exp": True, "iat": NOW}, "no number"),
        ({"exp": float("nan"), "iat": NOW}, "expired"),
        ({"exp": 10**400, "iat": 10**400}, "not valid yet"),
        ({"exp": NOW + 300, "iat": NOW, "nbf": "soon"}, "no number"),
    ],
)
def test_a_token_counts_only_in_its_time(times: dict[str, object], words: str | None) -> None:
    found = find_wrong_time(times, START)
    assert (found is None) == (words is None)
    assert words is None or words in (found or "")


@pytest.mark.parametrize(
    ("aud", "found"),
    [("a", "a"), (["a"], "a"), (["a", "b"], None), ([], None), ("", None), (None, None), ([7], None), ({"a": 1}, None)],
)
def test_an_audience_is_exactly_one(aud: object, found: str | None) -> None:
    assert audience_of({"aud": aud}) == found


def test_conditions_hold_for_whole_values_and_whole_segments() -> None:
    given_trust = trust()
    assert find_unmet(given_trust, GITHUB) is None
    cases: list[tuple[dict[str, object], str]] = [
        ({"repository": "acme/shop/more"}, "repository"),
        ({"repository": "acme/"}, "repository"),
        ({"repository": "acmee/shop"}, "repository"),
        ({"repository": "evil/shop"}, "repository"),
        ({"repository_owner_id": "4712"}, "repository_owner_id"),
        ({"repository_owner_id": "*"}, "repository_owner_id"),
        ({"repository_owner_id": ["4711"]}, "repository_owner_id"),
    ]
    for changed, claim in cases:
        assert find_unmet(given_trust, GITHUB | changed) == claim, changed


def test_an_owner_that_took_over_a_name_is_another_one() -> None:
    """The org `acme` gave its name up; who took it has the repository `acme/shop` too, under another number."""
    assert find_unmet(trust(), GITHUB | {"repository_owner_id": "8888"}) == "repository_owner_id"


def test_a_claim_that_is_missing_meets_no_condition() -> None:
    wanted = trust(conditions=(Condition("environment", ("*",)),))
    assert find_unmet(wanted, GITHUB) == "environment"
    assert find_unmet(wanted, GITHUB | {"environment": "production"}) is None


def test_truth_values_are_compared_as_words() -> None:
    wanted = trust(system=System.GITLAB, conditions=(Condition("ref_protected", ("true",)),))
    assert find_unmet(wanted, GITLAB) is None
    assert find_unmet(wanted, GITLAB | {"ref_protected": "true"}) is None
    assert find_unmet(wanted, GITLAB | {"ref_protected": False}) == "ref_protected"


@pytest.mark.parametrize("event", ["pull_request_target", "issue_comment", "workflow_run", "", "fork"])
def test_who_runs_outsiders_code_with_the_insides_rights_must_be_named(event: str) -> None:
    assert find_unmet(trust(), GITHUB | {"event_name": event}) == "event_name"
    if event:
        named = replace(trust(), conditions=(*trust().conditions, Condition("event_name", (event,))))
        assert find_unmet(named, GITHUB | {"event_name": event}) is None


def test_what_runs_for_a_change_only_asks_the_gate() -> None:
    both = frozenset({Permission.BUILDS_WRITE, Permission.FACTS_WRITE})
    wanted = trust(permissions=both)
    assert granted(wanted, GITHUB) == both
    assert granted(wanted, GITHUB | {"event_name": "pull_request"}) == {Permission.BUILDS_WRITE}
    named = replace(wanted, conditions=(Condition("event_name", ("pull_request",)),))
    assert granted(named, GITHUB | {"event_name": "pull_request"}) == both
    lab = trust(system=System.GITLAB, permissions=frozenset({Permission.FACTS_WRITE}))
    assert granted(lab, GITLAB | {"pipeline_source": "merge_request_event"}) == frozenset()


def test_a_binding_holds_numbers_and_names() -> None:
    workflow = str(GITHUB["job_workflow_ref"])
    issuer, services = "https://issuer.example", ("svc_shop",)
    expected = Binding("tru_gate", issuer, "acme/shop", "99", "4711", workflow, "", "push", "refs/heads/main", services)
    assert bind(trust(), GITHUB) == expected
    lab = bind(trust(system=System.GITLAB), GITLAB)
    assert (lab.repository, lab.repository_id, lab.owner_id, lab.environment) == (
        "acme/shop",
        "99",
        "4711",
        "production",
    )
    other = bind(trust(system=System.GENERIC, environment="live"), {"sub": "job/shop", "environment": "prod"})
    assert (other.repository, other.repository_id, other.environment) == ("job/shop", "job/shop", "live")


@pytest.mark.parametrize("missing", ["repository", "repository_id", "repository_owner_id"])
def test_an_identity_without_a_repository_is_bound_to_nothing(missing: str) -> None:
    with pytest.raises(UnauthenticatedError, match="which repository"):
        bind(trust(), {name: value for name, value in GITHUB.items() if name != missing})
