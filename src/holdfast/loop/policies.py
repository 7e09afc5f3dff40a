"""Policies on the server: kept by version, and put together for a service.

Rules:
1. What is kept was read whole: a policy that can't be read is refused with everything that is wrong.
2. The levels of a service go from the org over its team's groups, the outermost first, down to the service.
3. Each version stays; what was decided names the digests it was decided by.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from holdfast.errors import NotFoundError, UsageError
from holdfast.findings.waivers import Limits
from holdfast.gate.levels import DEFAULT, Levels
from holdfast.gate.policy import Policy
from holdfast.gate.policy_read import read_policy
from holdfast.loop.turn import Turn
from holdfast.model.build import Level, PolicyText
from holdfast.model.inventory import Service
from holdfast.model.tenancy import Group, Permission
from holdfast.ports.store import Transaction


def set_policy(turn: Turn, level: Level, subject: str, document: str) -> PolicyText:
    """Keep a new version of a level's policy; the same text again changes nothing. `subject` is a name.

    Raises:
        PolicyError: it can't be read; everything that is wrong is told.
        NotFoundError: there is no such group or service.
    """
    turn.require(Permission.POLICY_WRITE)
    if not document.strip():
        raise UsageError("an empty policy", hint="to take a policy away, delete it")
    read_policy(document.encode("utf-8", "surrogatepass"), file="policy.yaml")
    return _keep(turn, level, find_subject(turn.tx, level, subject), document)


def remove_policy(turn: Turn, level: Level, subject: str) -> PolicyText:
    """Take a level's policy away; its versions stay.

    Raises:
        NotFoundError: there is none.
    """
    turn.require(Permission.POLICY_WRITE)
    identifier = find_subject(turn.tx, level, subject)
    if _current(turn.tx, level, identifier) is None:
        raise NotFoundError(f"there is no policy of {level} `{subject}`" if subject else "the org has no policy")
    return _keep(turn, level, identifier, "")


def _keep(turn: Turn, level: Level, subject: str, document: str) -> PolicyText:
    history = turn.tx.policies.history(level, subject)
    digest = "sha256:" + hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest()
    if history and history[-1].digest == digest:
        return history[-1]
    version = history[-1].version + 1 if history else 1
    policy = PolicyText(turn.tx.org, level, subject, version, document, digest, turn.now, turn.identity)
    turn.tx.policies.save(policy)
    body: dict[str, object] = {"id": f"{level}:{subject}" if subject else level.value, "by": turn.actor}
    body |= {"version": version, "digest": digest if document else None, "about": [subject] if subject else []}
    turn.tx.journal.append("policy.changed", body)
    return policy


def find_subject(tx: Transaction, level: Level, name: str) -> str:
    """Return the id of whom a level's policy is for; empty for the org. Raises: NotFoundError."""
    match level:
        case Level.ORG:
            return ""
        case Level.GROUP:
            found = next((one for one in tx.teams.groups() if name in {one.name, one.id}), None)
            if found is None:
                raise NotFoundError(f"there is no group `{name[:80]}`")
            return found.id
        case Level.SERVICE:
            service = tx.services.find(name)
            return service.id if service is not None else tx.services.get(name).id


def _current(tx: Transaction, level: Level, subject: str) -> PolicyText | None:
    history = tx.policies.history(level, subject)
    return history[-1] if history and history[-1].document else None


def levels_of(tx: Transaction, service: Service | None, more: Sequence[Policy] = ()) -> Levels:
    """Return the policies of a service, with `more` below them; the built-in one where there is none at all.

    What is below only tightens: where the server has no policy, the built-in one is what stands above `more`.
    """
    kept = {(one.level, one.subject): one for one in tx.policies.current()}
    found = [read_kept(one) for place in place_names(tx, service) if (one := kept.get(place))]
    return Levels([*(found or [DEFAULT]), *more])


def waiver_limits(levels: Levels) -> Limits:
    """Return what a waiver may be under policies."""
    rules = levels.waivers
    assert rules.longest is not None  # noqa: S101 - levels fill in what nobody says
    assert rules.epss_above is not None  # noqa: S101
    return Limits(rules.longest, rules.epss_above, rules.approvers)


def levels_of_group(tx: Transaction, group: str | None) -> Levels:
    """Return the policies that a group's services have in common; `None` is for services in no group."""
    kept = {(one.level, one.subject): one for one in tx.policies.current()}
    places = [(Level.ORG, ""), *((Level.GROUP, one.id) for one in _above(tx, group))]
    return Levels([read_kept(one) for place in places if (one := kept.get(place))])


def read_kept(kept: PolicyText) -> Policy:
    """Return a policy that was kept, under the name of its level."""
    name = f"{kept.level}:{kept.subject}" if kept.subject else kept.level.value
    return read_policy(kept.document.encode("utf-8", "surrogatepass"), file=f"{name}@{kept.version}", name=name)


def place_names(tx: Transaction, service: Service | None) -> list[tuple[Level, str]]:
    """Return (level, subject) of all that may have a policy for a service, the highest first."""
    return list(_places(tx, service))


def _places(tx: Transaction, service: Service | None) -> Iterator[tuple[Level, str]]:
    yield Level.ORG, ""
    if service is None:
        return
    team = tx.teams.find_team(service.team) if service.team else None
    yield from ((Level.GROUP, one.id) for one in _above(tx, team.group if team else None))
    yield Level.SERVICE, service.id


def _above(tx: Transaction, group: str | None) -> Sequence[Group]:
    """Return a group and those above it, the outermost first."""
    by_id = {one.id: one for one in tx.teams.groups()}
    chain: list[Group] = []
    while group is not None and group in by_id and by_id[group] not in chain:
        chain.append(by_id[group])
        group = by_id[group].parent
    return list(reversed(chain))


def window(now: datetime, days: float) -> datetime:
    """Return the instant some days ago. Raises: UsageError: none, or more than a year."""
    if not 0 < days <= 366:
        raise UsageError(f"expected 1 to 366 days, got `{days:g}`", where="days")
    return now - timedelta(days=days)
