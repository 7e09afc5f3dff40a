"""An estate's way into the gate, by group: observe, then warn, then block, with a date; and what the next step holds.

Rules:
1. A group's mode is part of its policy: setting it changes that line of the document, and nothing else of it. A group
   without a policy, under none, gets the built-in rules written out, so that its mode alone does not switch them off.
2. What would be held is what was recorded of the builds when they were made; nothing is decided again.
3. What was inherited is overdue while the service's newest build still has it.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from holdfast.errors import HoldfastError, UsageError
from holdfast.gate.levels import DEFAULT, Levels
from holdfast.gate.policy import ModeRules, Policy
from holdfast.gate.policy_read import read_policy
from holdfast.loop.build_evidence import unpack_evidence
from holdfast.loop.policies import find_subject, levels_of_group, window
from holdfast.loop.policy_change import change_policy
from holdfast.loop.turn import Turn
from holdfast.model.build import Answer, Build, Level, Mode
from holdfast.model.frozen import frozen
from holdfast.model.inherited import Inherited, InheritedFinding
from holdfast.model.instant import format_instant
from holdfast.model.inventory import Service
from holdfast.model.tenancy import Permission
from holdfast.ports.store import Transaction

MOST_BUILDS = 10_000
TOP = 10
_MODE_LINE = re.compile(r"^mode[ \t]*:.*(?:\n(?:(?:[ \t]*#.*|[ \t]*)\n)*[ \t]+[^\s#].*)*\n?", re.MULTILINE)
"""The line of the mode, and what of it stands indented below; a comment after it is of what follows."""
_RULE = re.compile(r"rules? ((?:`[^`]+`(?:, )?)+)$")
_PAGE = 1000


@frozen
class GroupMode:
    """A group's own mode, and the one that counts under the policies above it; `refused` says why they differ."""

    group: str
    rules: ModeRules
    counts: Mode
    changed: bool
    refused: tuple[str, ...]


@frozen
class AdoptionGroup:
    """One group's way. `group` is empty for services whose team is in none.

    `next` is the mode that comes and `next_from` when, both `None` where none is planned. `would_hold` are builds that
    passed only because of the mode, newest first; `rules` counts, by rule, what would have held them.
    """

    group: str
    mode: Mode
    next: Mode | None
    next_from: datetime | None
    services: tuple[str, ...]
    accepted: int
    builds: int
    held: int
    would_hold: tuple[Build, ...]
    rules: tuple[tuple[str, int], ...]
    inherited: int
    overdue: int

    @property
    def services_that_would_hold(self) -> int:
        """How many services have a build that would be held."""
        return len({one.service_id for one in self.would_hold})


@frozen
class AdoptionView:
    """Every group, by name, those in none last; `more` says that there were more builds than are looked through."""

    since: datetime
    groups: tuple[AdoptionGroup, ...]
    more: bool


def set_group_mode(turn: Turn, group: str, rules: ModeRules) -> GroupMode:
    """Set how strict the gate is to a group now, and what comes next; the rest of its policy stays as it is.

    Raises:
        NotFoundError: there is no such group.
        UsageError: a next mode without a date, or a date without one; or the document can't be changed by itself.
    """
    turn.require(Permission.POLICY_WRITE)
    if (rules.next is None) != (rules.next_from is None):
        raise UsageError("a next mode and its date go together", hint="name both, or none")
    if rules.next is Mode.OBSERVE:
        raise UsageError("`observe` is where a group begins", hint="the next mode is `warn` or `block`")
    subject = find_subject(turn.tx, Level.GROUP, group)
    history = turn.tx.policies.history(Level.GROUP, subject)
    before = history[-1].document if history else ""
    document = _with_mode(before or _beginning(turn.tx, subject), rules)
    is_right = _is_changed_alone(before, document, rules)
    if not is_right:
        hint = "change its `mode` by hand, and `holdfast policy set --group` it"
        raise UsageError("the group's policy is written in a way that can't be changed line by line", hint=hint)
    change_policy(turn, Level.GROUP, subject, document)
    levels = levels_of_group(turn.tx, subject)
    refused = tuple(one for one in levels.refused if ": mode `" in one)
    return GroupMode(group, rules, levels.mode(turn.now), document != before, refused)


def _is_changed_alone(before: str, document: str, rules: ModeRules) -> bool:
    """Whether a document says this mode, and nothing else than it said before."""
    try:
        policy = _read(document)
        same = not before or _beside_mode(_read(before)) == _beside_mode(policy)
    except HoldfastError:
        return False
    return same and policy.mode == rules


def _read(document: str) -> Policy:
    return read_policy(document.encode("utf-8", "surrogatepass"), file="policy.yaml")


def _beside_mode(policy: Policy) -> Policy:
    rules = tuple(replace(one, line=1, column=1) for one in policy.rules)
    return replace(policy, digest="", mode=None, rules=rules)


def _with_mode(document: str, rules: ModeRules) -> str:
    said = f"now: {rules.now}"
    if rules.next is not None and rules.next_from is not None:
        said += f", next: {rules.next}, from: {format_instant(rules.next_from)}"
    line = f"mode: {{{said}}}\n"
    if _MODE_LINE.search(document):
        return _MODE_LINE.sub(lambda _: line, document, count=1)
    return f"{document.rstrip()}\n{line}".lstrip()


def _beginning(tx: Transaction, subject: str) -> str:
    """Return the document of a group that has no policy: the built-in rules, where no level above it has a policy."""
    if levels_of_group(tx, subject).policies != (DEFAULT,):
        return ""
    rules = [
        f"  - {{id: {one.id}, when: {json.dumps(one.when)}, then: {one.then}"
        + (f", because: {json.dumps(one.because)}}}" if one.because else "}")
        for one in DEFAULT.rules
    ]
    told = "# the built-in rules, written out: change them here, or give the org a policy"
    return "\n".join([told, "rules:", *rules])


def adoption_view(tx: Transaction, now: datetime, days: float = 30.0) -> AdoptionView:
    """Return how far each group is, and what blocking would hold.

    Raises:
        UsageError: no days, or more than a year.
    """
    since = window(now, days)
    found = tx.builds.since(since, MOST_BUILDS + 1)
    builds = found[:MOST_BUILDS]
    groups = _by_group(tx)
    inherited = {one.service_id: one for one in tx.inherited.all()}
    overdue = _overdue(tx, inherited.values(), builds, now)
    names = {one.id: one.name for one in tx.teams.groups()}
    rows = []
    for group, services in sorted(groups.items(), key=lambda pair: (pair[0] is None, names.get(pair[0] or "", ""))):
        ids = {one.id for one in services}
        mine = [one for one in builds if one.service_id in ids]
        kept = [inherited[one.id] for one in services if one.id in inherited]
        late = sum(overdue.get(one.service_id, 0) for one in kept)
        part = _Part(names.get(group or "", ""), tuple(services), tuple(mine), tuple(kept), late)
        rows.append(_group(levels_of_group(tx, group), part, now))
    return AdoptionView(since, tuple(rows), len(found) > MOST_BUILDS)


def _by_group(tx: Transaction) -> Mapping[str | None, list[Service]]:
    team_groups = {one.name: one.group for one in tx.teams.teams()}
    out: dict[str | None, list[Service]] = {}
    after = None
    while page := tx.services.list(after, _PAGE):
        for service in page:
            out.setdefault(team_groups.get(service.team or ""), []).append(service)
        after = page[-1].name
    return out


@frozen
class _Part:
    """What is a group's: services, builds with the newest first, what was inherited, and how much of it is overdue."""

    name: str
    services: tuple[Service, ...]
    builds: tuple[Build, ...]
    inherited: tuple[Inherited, ...]
    overdue: int


def _group(levels: Levels, part: _Part, now: datetime) -> AdoptionGroup:
    following = find_next_mode(levels, now)
    would_hold = tuple(one for one in part.builds if one.answer is Answer.PASS is not one.would_be)
    counts = Counter(rule for one in would_hold for rule in sorted(set(rules_of(one))))
    return AdoptionGroup(
        group=part.name,
        mode=levels.mode(now),
        next=following[0] if following else None,
        next_from=following[1] if following else None,
        services=tuple(one.name for one in part.services),
        accepted=len(part.inherited),
        builds=len(part.builds),
        held=sum(one.answer is not Answer.PASS for one in part.builds),
        would_hold=would_hold,
        rules=tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))),
        inherited=sum(len(one.findings) for one in part.inherited),
        overdue=part.overdue,
    )


def find_next_mode(levels: Levels, now: datetime) -> tuple[Mode, datetime] | None:
    """Return the mode that comes next, and when; `None` where no date changes it."""
    dates = {one.mode.next_from for one in levels.policies if one.mode is not None and one.mode.next_from is not None}
    present = levels.mode(now)
    for at in sorted(one for one in dates if one > now):
        if (mode := levels.mode(at)) is not present:
            return mode, at
    return None


def rules_of(build: Build) -> list[str]:
    """Return by what a build is, or would be, held: rules by id; `score`, `could not tell`, `overdue`, `licence`."""
    out: list[str] = []
    for reason in build.reasons:
        if found := _RULE.search(reason):
            out += re.findall(r"`([^`]+)`", found[1])
        elif reason.startswith("the score is"):
            out.append("score")
        elif reason.startswith("could not tell"):
            out.append("could not tell")
        else:
            out.append("overdue" if reason.endswith("overdue") else "licence")
    return out


def _overdue(
    tx: Transaction, inherited: Iterable[Inherited], builds: Sequence[Build], now: datetime
) -> Mapping[str, int]:
    """Return, by service, how much of what was inherited is past its date and still in its newest build."""
    newest: dict[str, Build] = {}
    for build in builds:
        newest.setdefault(build.service_id, build)
    out = {}
    for one in inherited:
        if late := one.overdue(now):
            out[one.service_id] = sum(1 for _ in _still_there(tx, late, newest.get(one.service_id)))
    return out


def _still_there(tx: Transaction, late: Iterable[InheritedFinding], build: Build | None) -> Iterable[InheritedFinding]:
    data = tx.builds.evidence(build.id) if build else None
    if data is None:
        return late
    try:
        head = unpack_evidence(data, packages=False).head
    except (msgspec.DecodeError, zlib.error, ValueError, HoldfastError):  # an older version's
        return late
    keys = {key for one in head.findings for key in one.keys}
    return [one for one in late if not keys.isdisjoint(one.keys)]
