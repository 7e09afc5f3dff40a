"""Trusts: whom an org lets log in without a stored secret.

Rules:
1. Only an administrator says whom to trust, and each change is journaled: by opaque ids, and a digest of what it says.
2. A trust in GitHub names the owner's number, one in GitLab a number too: a name that somebody gave up is taken by the
   next. Wildcards stand for whole segments, and never in such a number.
3. It grants no more than reporting builds, releases and deployments.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.oidc_claims import CLAIMS, OWNERS, WILD
from holdfast.loop.policies import find_subject
from holdfast.loop.turn import Turn
from holdfast.model.build import Level
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Permission
from holdfast.model.trust import Condition, System, Trust
from holdfast.ports.oidc import Issuers

GRANTABLE = frozenset({Permission.BUILDS_WRITE, Permission.FACTS_WRITE})
_MOST_TRUSTS = 200
_SHARED = {"token.actions.githubusercontent.com": System.GITHUB, "gitlab.com": System.GITLAB}
"""Issuers of many owners: what they sign is told apart by the owner's number alone."""


@frozen
class TrustAsk:
    """What an administrator asks for; `services` are names or ids."""

    name: str
    system: System
    issuer: str
    audience: str
    conditions: tuple[Condition, ...]
    permissions: frozenset[Permission]
    services: tuple[str, ...] = ()
    environment: str | None = None
    team: str | None = None


def check_trust(ask: TrustAsk, issuers: Issuers | None) -> None:
    """Refuse what no trust may say. It asks nobody.

    Raises:
        UsageError: names what is wrong, and where.
    """
    if issuers is None:
        raise UsageError("this server takes no identities of others")
    refusal = issuers.refusal(ask.issuer)
    if refusal is not None:
        raise UsageError(refusal, where="$.issuer", hint="such as https://token.actions.githubusercontent.com")
    theirs = next((one for host, one in _SHARED.items() if urlsplit(ask.issuer).hostname == host), ask.system)
    if theirs is not ask.system:
        raise UsageError(
            f"that issuer signs for everybody at {theirs}", where="$.system", hint=f"`--system {theirs}`, with an owner"
        )
    too_much = ask.permissions - GRANTABLE
    if too_much or not ask.permissions:
        words = ", ".join(sorted(too_much)) or "no permission"
        hint = f"one or both of {', '.join(sorted(GRANTABLE))}"
        raise UsageError(f"a pipeline's identity is not granted {words}", where="$.permissions", hint=hint)
    for number, condition in enumerate(ask.conditions):
        _check_condition(ask.system, condition, f"$.conditions[{number}]")
    named = [condition.claim for condition in ask.conditions]
    if len(set(named)) < len(named):
        raise UsageError("a claim has several conditions", where="$.conditions", hint="give one several values")
    _require_owner(ask.system, set(named))
    if ask.environment and ask.system is not System.GENERIC and "environment" not in named:
        hint = "every job would count as one of it: add a condition on `environment`"
        raise UsageError("an environment without a condition on it", where="$.environment", hint=hint)


def _require_owner(system: System, named: set[str]) -> None:
    owners = OWNERS.get(system, ())
    if owners and not named & set(owners):
        words = " or ".join(f"`{one}`" for one in owners)
        raise UsageError(
            f"a trust without a condition on {words}",
            where="$.conditions",
            hint="names are given anew: whoever takes a name that was given up would be let in",
        )
    if not named:
        raise UsageError("a trust without a condition", where="$.conditions", hint="who may log in? such as `sub`")


def _check_condition(system: System, condition: Condition, where: str) -> None:
    known = CLAIMS.get(system)
    if known is not None and condition.claim not in known:
        raise UsageError(
            f"{system} has no claim `{condition.claim[:80]}`", where=where, hint=f"one of {', '.join(sorted(known))}"
        )
    for value in condition.values:
        if not value or not value.isprintable():
            raise UsageError("an empty value, or one with signs that can't be printed", where=where)
        if condition.claim in OWNERS.get(system, ()) and not (value.isascii() and value.isdigit()):
            raise UsageError(f"`{condition.claim}` is a number, and never a wildcard", where=where, hint="such as 4711")
        parts = value.split("/")
        if "*" in value and (condition.claim not in WILD or any("*" in one and one != "*" for one in parts)):
            raise UsageError(
                f"no such wildcard: `{value[:80]}`",
                where=where,
                hint=f"a whole segment, `acme/*`, in one of {', '.join(sorted(WILD))}",
            )


def set_trust(turn: Turn, ask: TrustAsk) -> Trust:
    """Keep a trust under its name; the same again changes nothing.

    Raises:
        NotFoundError: there is no such service or team.
    """
    turn.require(Permission.ADMIN)
    known = turn.tx.trusts.find(ask.name)
    if known is None and len(turn.tx.trusts.list()) >= _MOST_TRUSTS:
        raise UsageError(f"there are {_MOST_TRUSTS} trusts already", hint="give one several values")
    if ask.team is not None and turn.tx.teams.find_team(ask.team) is None:
        raise NotFoundError(f"there is no team `{ask.team[:80]}`", hint="declare it first")
    services = tuple(sorted({find_subject(turn.tx, Level.SERVICE, name) for name in ask.services}))
    wanted = Trust(
        turn.tx.org,
        known.id if known else turn.ids.new("tru"),
        ask.name,
        ask.system,
        ask.issuer,
        ask.audience,
        ask.conditions,
        ask.permissions,
        services,
        ask.environment,
        turn.now,
        turn.identity,
        known.version + 1 if known else 1,
        ask.team,
    )
    if known is not None and _same(wanted, known):
        return known
    turn.tx.trusts.save(wanted)
    body = {"id": wanted.id, "version": wanted.version, "permissions": sorted(wanted.permissions), "by": turn.actor}
    turn.tx.journal.append("trust.changed", body | {"digest": _digest(wanted), "about": list(services)})
    return wanted


def _same(wanted: Trust, known: Trust) -> bool:
    changed = replace(wanted, changed_at=known.changed_at, changed_by=known.changed_by, version=known.version)
    return changed == known


def _digest(trust: Trust) -> str:
    """Return a digest of what a trust says: its words may be names."""
    conditions: Sequence[object] = [[one.claim, list(one.values)] for one in trust.conditions]
    said = [trust.name, trust.system, trust.issuer, trust.audience, conditions, trust.environment, trust.team]
    return "sha256:" + hashlib.sha256(json.dumps(said).encode()).hexdigest()


def remove_trust(turn: Turn, name: str) -> Trust:
    """Trust nobody under that name any more; tokens that were given are worth nothing from then on.

    Raises:
        NotFoundError: there is none.
    """
    turn.require(Permission.ADMIN)
    known = get_trust(turn, name)
    turn.tx.trusts.remove(name)
    turn.tx.journal.append("trust.removed", {"id": known.id, "by": turn.actor})
    return known


def get_trust(turn: Turn, name: str) -> Trust:
    """Return a trust. Raises: NotFoundError."""
    found = turn.tx.trusts.find(name)
    if found is None:
        raise NotFoundError(f"there is no trust `{name[:80]}`")
    return found
