"""Policies for pages: the levels that have one, the versions of each, and what changed between two."""

import difflib
from collections.abc import Mapping
from datetime import datetime

from holdfast.errors import NotFoundError
from holdfast.gate.levels import Levels
from holdfast.gate.policy_read import read_policy
from holdfast.loop.policies import find_subject
from holdfast.model.build import Level, PolicyText
from holdfast.model.frozen import frozen
from holdfast.ports.store import Transaction

_ORDER = {level: number for number, level in enumerate(Level)}


@frozen
class LevelRow:
    """A level that has a policy: whose, its version, what it says in a few words, and who set it when."""

    level: Level
    subject: str
    name: str
    version: int
    words: str
    at: datetime
    by: str


@frozen
class PolicyView:
    """One level's policy. `versions` are newest first, `shown` is the one looked at.

    `changes` are the lines of a unified diff from version `before`, empty for a first one.
    """

    level: Level
    subject: str
    name: str
    versions: tuple[PolicyText, ...]
    shown: PolicyText
    before: int | None
    changes: tuple[str, ...]
    refused: tuple[str, ...]


def policies_view(tx: Transaction) -> tuple[LevelRow, ...]:
    """Return the levels that have a policy, the highest first."""
    names = _names(tx)
    rows = [
        LevelRow(
            one.level, one.subject, names.get(one.subject, one.subject), one.version, words_of(one), one.at, one.by
        )
        for one in tx.policies.current()
    ]
    return tuple(sorted(rows, key=lambda one: (_ORDER[one.level], one.name)))


def policy_view(
    tx: Transaction, level: str, subject: str, version: int | None = None, against: int | None = None
) -> PolicyView:
    """Return a level's policy, at a version or the newest; `subject` is a name or an id, empty for the org.

    What changed is told against the version before, or another one.

    Raises:
        NotFoundError: there is no such level or version.
    """
    if level not in set(Level):
        raise NotFoundError(f"there is no level `{level[:40]}`", hint=f"one of {', '.join(Level)}")
    identifier = find_subject(tx, Level(level), subject)
    history = tx.policies.history(Level(level), identifier)
    shown = next((one for one in reversed(history) if version in {None, one.version}), None)
    if shown is None:
        raise NotFoundError("there is no such policy, or no such version of it")
    older = [one for one in history if (one.version < shown.version if against is None else one.version == against)]
    if against is not None and not older:
        raise NotFoundError(f"there is no version {against} of that policy")
    before = older[-1] if older else None
    changes = _diff(before, shown) if before else ()
    name = _names(tx).get(identifier, identifier)
    refused = _refused(tx, shown) if shown == history[-1] and shown.document else ()
    versions = tuple(reversed(history))
    return PolicyView(
        Level(level), identifier, name, versions, shown, before.version if before else None, changes, refused
    )


def words_of(kept: PolicyText) -> str:
    """Return what a policy says in a few words."""
    policy = read_policy(kept.document.encode("utf-8", "surrogatepass"), file="policy.yaml")
    bars = [f"tier {tier} {bar:g}" if tier else f"{bar:g}" for tier, bar in sorted(policy.min_score.items())]
    said = [f"a score of at least {', '.join(bars)}"] if bars else []
    said += [f"{len(policy.rules)} rule{'' if len(policy.rules) == 1 else 's'}"] if policy.rules else []
    said += [f"mode {policy.mode.now}"] if policy.mode else []
    if policy.mode and policy.mode.next and policy.mode.next_from:
        said += [f"{policy.mode.next} from {policy.mode.next_from:%Y-%m-%d}"]
    if policy.deployments.unverified:
        said += [f"deployments without a verdict: {policy.deployments.unverified}"]
    return "; ".join(said)


def _names(tx: Transaction) -> Mapping[str, str]:
    """Return the names of all that may have a policy, by id."""
    wanted = {one.subject for one in tx.policies.current() if one.level is Level.SERVICE}
    services = {one: tx.services.get(one).name for one in sorted(wanted)}
    return {"": "the whole org", **{one.id: one.name for one in tx.teams.groups()}, **services}


def _diff(before: PolicyText, after: PolicyText) -> tuple[str, ...]:
    lines = difflib.unified_diff(before.document.splitlines(), after.document.splitlines(), lineterm="", n=3)
    return tuple(lines)[2:]


def _refused(tx: Transaction, shown: PolicyText) -> tuple[str, ...]:
    """Return what of a level would loosen the org's and does not count."""
    org = [one for one in tx.policies.current() if one.level is Level.ORG and shown.level is not Level.ORG]
    read = [
        read_policy(one.document.encode("utf-8", "surrogatepass"), file="p", name=one.level) for one in (*org, shown)
    ]
    return Levels(read).refused
