"""What an identity token says, and whether that is enough.

Rules:
1. Nothing here believes a signature: `peek` reads what must be known to ask for one, and decides nothing.
2. A condition compares whole values. `*` stands for one whole segment between `/`, in the claims that `WILD` names;
   never in an owner's number or in an issuer.
3. A pipeline that runs for a change from outside with the rights of the inside (`pull_request_target` and its like) is
   let in only where a condition names that event; what runs for a change may only ask the gate, unless one does. So
   does what runs on a branch that is not protected, unless a condition says which branch, workflow or environment.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from holdfast.errors import UnauthenticatedError
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import CHANGE_EVENTS, Binding, Permission
from holdfast.model.trust import Condition, System, Trust

MOST_BYTES = 16 * 1024
LEEWAY = timedelta(seconds=30)
MOST_AGE = timedelta(minutes=15)
_MOST_CHARACTERS = 512
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"})
"""Signatures that only the issuer can make: nothing with a shared secret, and never none at all."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLAIMS: Mapping[System, frozenset[str]] = {
    System.GITHUB: _words(
        "sub repository repository_id repository_owner repository_owner_id repository_visibility workflow"
        " workflow_ref job_workflow_ref ref ref_type ref_protected base_ref environment event_name"
        " actor_id runner_environment enterprise enterprise_id"
    ),
    System.GITLAB: _words(
        "sub project_path project_id namespace_path namespace_id ci_config_ref_uri ref ref_path ref_type"
        " ref_protected environment environment_protected deployment_tier environment_action"
        " pipeline_source runner_environment project_visibility user_id"
    ),
}
"""The claims that a condition may name; any, where a system is not in it."""

WILD = _words(
    "repository workflow_ref job_workflow_ref ref base_ref environment project_path namespace_path"
    " ci_config_ref_uri ref_path"
)
OWNERS: Mapping[System, tuple[str, ...]] = {
    System.GITHUB: ("repository_owner_id",),
    System.GITLAB: ("namespace_id", "project_id"),
}
"""The numbers behind names, one of which a trust must name: names are given anew, numbers never."""

_REFS = _words("ref ref_path ref_type ref_protected environment workflow_ref job_workflow_ref ci_config_ref_uri")
"""Conditions that say which branches, tags or merged workflows are meant."""
_EVENT = {System.GITHUB: "event_name", System.GITLAB: "pipeline_source"}
_ORDINARY: Mapping[System, frozenset[str]] = {
    System.GITHUB: _words(
        "push pull_request merge_group schedule workflow_dispatch repository_dispatch release deployment create"
    ),
    System.GITLAB: _words("push merge_request_event schedule web api trigger pipeline parent_pipeline webide"),
}


@frozen
class Peeked:
    """What a token says before anything of it is believed."""

    issuer: str
    algorithm: str
    key_id: str


def peek(token: str) -> Peeked:
    """Read what a token says of its issuer and key.

    Raises:
        UnauthenticatedError: it is no token of this kind, or signed in a way that proves nothing.
    """
    if len(token) > MOST_BYTES or not token.isascii() or token.count(".") != 2:
        raise UnauthenticatedError("no signed JSON web token")
    header, payload = (_decode(part) for part in token.split(".")[:2])
    algorithm, key_id, issuer = header.get("alg"), header.get("kid"), payload.get("iss")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise UnauthenticatedError(f"the algorithm {str(algorithm)[:20]!a} proves nothing")
    if "crit" in header or header.get("b64", True) is not True:
        raise UnauthenticatedError("the header demands what is not understood")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _MOST_CHARACTERS:
        raise UnauthenticatedError("the header names no key")
    if not isinstance(issuer, str) or not 0 < len(issuer) <= _MOST_CHARACTERS:
        raise UnauthenticatedError("it names no issuer")
    return Peeked(issuer, algorithm, key_id)


def _decode(part: str) -> dict[str, object]:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise UnauthenticatedError("a part of it is no JSON") from None
    if not isinstance(found, dict):
        raise UnauthenticatedError("a part of it is no object")
    return found


def find_wrong_time(claims: Mapping[str, object], now: datetime) -> str | None:
    """Say why a token does not count now, `None` when it does: too early, too late, too old, or it does not say."""
    at = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
    numbers = {name: _seconds(value) for name, value in at.items() if isinstance(value, int | float)}
    if any(isinstance(value, bool) for value in at.values()) or not {"exp", "iat"} <= set(numbers):
        return "`exp` or `iat` is missing, or no number"
    if at["nbf"] is not None and "nbf" not in numbers:
        return "`nbf` is no number"
    present, leeway = now.timestamp(), LEEWAY.total_seconds()
    if not present < numbers["exp"] + leeway:
        return "it has expired"
    if not numbers["iat"] <= present + leeway or not numbers.get("nbf", 0.0) <= present + leeway:
        return "it is not valid yet"
    if not present - numbers["iat"] <= MOST_AGE.total_seconds() + leeway:
        return "it was made more than fifteen minutes ago"
    return None


def _seconds(value: float) -> float:
    """Return a number of JSON, which may have more digits than a float: then it is later than everything."""
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def audience_of(claims: Mapping[str, object]) -> str | None:
    """Return the one audience that a token is meant for; `None` where it names none or several."""
    found = claims.get("aud")
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, str) and found else None


def find_unmet(trust: Trust, claims: Mapping[str, object]) -> str | None:
    """Return the claim that keeps a token from a trust; `None` when every condition holds."""
    for condition in trust.conditions:
        if not _holds(condition, text_of(claims, condition.claim)):
            return condition.claim
    event = _EVENT.get(trust.system)
    if event is not None and event not in {one.claim for one in trust.conditions}:
        named = text_of(claims, event)
        if named not in _ORDINARY[trust.system]:
            return event
    return None


def text_of(claims: Mapping[str, object], name: str) -> str:
    """Return a claim as text; empty where it is missing, or no text, number or truth value."""
    found = claims.get(name)
    match found:
        case bool():
            return "true" if found else "false"
        case int():
            return str(found)
        case str() if len(found) <= _MOST_CHARACTERS and found.isprintable():
            return found
    return ""


def _holds(condition: Condition, value: str) -> bool:
    return bool(value) and any(_fits(pattern, value, condition.claim) for pattern in condition.values)


def _fits(pattern: str, value: str, claim: str) -> bool:
    if claim not in WILD or "*" not in pattern:
        return pattern == value
    wanted, found = pattern.split("/"), value.split("/")
    pairs = zip(wanted, found, strict=False)
    return len(wanted) == len(found) and all(want == got or (want == "*" and got != "") for want, got in pairs)


def granted(trust: Trust, claims: Mapping[str, object]) -> frozenset[Permission]:
    """Return what a token that meets a trust's conditions may do: for a change, only to ask the gate."""
    if not is_for_change(trust, claims):
        return trust.permissions
    event = _EVENT[trust.system]
    if event in {one.claim for one in trust.conditions} and text_of(claims, event) in CHANGE_EVENTS:
        return trust.permissions
    return trust.permissions & {Permission.BUILDS_WRITE}


def is_for_change(trust: Trust, claims: Mapping[str, object]) -> bool:
    """Whether it runs for a change that nobody has merged.

    That is a pull or merge request; and a branch that is not protected, where the trust does not say which it means.
    """
    event = _EVENT.get(trust.system)
    if event is None:
        return False
    named = {one.claim for one in trust.conditions}
    unprotected = text_of(claims, "ref_protected") == "false" and named.isdisjoint(_REFS)
    return unprotected or text_of(claims, event) in CHANGE_EVENTS


_NAMES: Mapping[System, tuple[tuple[str, ...], ...]] = {
    System.GITHUB: (
        ("repository",),
        ("repository_id",),
        ("repository_owner_id",),
        ("job_workflow_ref", "workflow_ref"),
        ("environment",),
        ("event_name",),
        ("ref",),
    ),
    System.GITLAB: (
        ("project_path",),
        ("project_id",),
        ("namespace_id",),
        ("ci_config_ref_uri",),
        ("environment",),
        ("pipeline_source",),
        ("ref",),
    ),
    System.GENERIC: (("sub",), ("sub",), (), (), ("environment",), (), ()),
}
"""By which claims a system names repository, its number, its owner's number, workflow, environment, event and ref."""


def bind(trust: Trust, claims: Mapping[str, object]) -> Binding:
    """Return what a token of ours is bound to.

    Raises:
        UnauthenticatedError: the identity does not say which repository it is.
    """
    names = _NAMES[trust.system]
    found = [next((text for name in any_of if (text := text_of(claims, name))), "") for any_of in names]
    if not all(found[:2]) or (trust.system is not System.GENERIC and not found[2]):
        raise UnauthenticatedError("it does not say which repository it is")
    repository, number, owner, workflow, environment, event, ref = found
    kept, changes = trust.environment or environment, is_for_change(trust, claims)
    return Binding(
        trust.id, trust.issuer, repository, number, owner, workflow, kept, event, ref, trust.services, changes
    )
