"""Whether what mitigations reach outside can be used now: asked before it is needed, and told when it can't.

Rules:
1. Everything is asked while no transaction is open; what was found is kept and journaled in one afterwards.
2. What went down, and what came back, is journaled once. Of what is still down at the next look the receivers of
   messages are told, once: a hiccup wakes nobody.
3. Without a look there is no opinion: what was never asked, or not for a while, has no known problem here, and whoever
   uses it asks it himself first.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import msgspec

from holdfast.errors import HoldfastError, tell_error
from holdfast.loop.outbox import EVERYBODY
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.plan import Plan
from holdfast.model.run import Message
from holdfast.model.target import Target
from holdfast.ports.store import Transaction

SETTING = "providers.health"
TELL_AFTER = timedelta(seconds=20)
OLD_AFTER = timedelta(minutes=5)
_MOST_WORDS = 400
_SECTION_OF = {"flag": "flags", "deploy": "deployers", "service": "proxies", "edge": "proxies"}
_NAMES = {
    "flags": "the flag system",
    "deployers": "the deployer",
    "proxies": "the proxy",
    "http": "the HTTP target",
    "commands": "the command",
    "notify": "the receiver of messages",
    "metrics": "the source of metrics",
}


@frozen
class ProviderHealth:
    """One entry of the operator's file: why it can't be used, since when, when it was asked last.

    `environment` and `service` say where it is meant. `problem` is `None` while it can be used; `since` is the start
    of either. `told` says that people were told.
    """

    section: str
    name: str
    kind: str
    environment: str | None
    problem: str | None
    since: datetime
    asked_at: datetime
    told: bool = False
    service: str | None = None

    def covers(self, environment: str, service: str) -> bool:
        """Whether it is meant for that place; an entry for one service is for no other."""
        return self.environment in {None, environment} and self.service in {None, service}

    @property
    def words(self) -> str:
        """The problem in a sentence."""
        what = f"{_NAMES.get(self.section, self.section)} `{self.name}`"
        if self.problem is None:
            return f"{what} can be used"
        return f"{what} can't be used since {format_instant(self.since)}: {self.problem}"


@frozen
class Watched:
    """An entry, and how to ask it."""

    target: Target
    ask: Callable[[], str | None]


_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Each(Protocol):
    """Applies a function to each: `map`, or an executor's, which asks many at a time."""

    def __call__(self, function: Callable[[_In], _Out], items: Iterable[_In], /) -> Iterable[_Out]:
        """Return the answers in order."""
        ...


def ask_all(
    watched: Sequence[Watched], *, each: Each = map, failures: tuple[type[Exception], ...] = (HoldfastError,)
) -> list[tuple[Target, str | None]]:
    """Ask every one why it can't be used, outside of any transaction."""

    def ask(one: Watched) -> str | None:
        try:
            return one.ask()
        except failures as error:
            return tell_error(error)

    return list(zip((one.target for one in watched), each(ask, watched), strict=True))


def record_health(tx: Transaction, found: Sequence[tuple[Target, str | None]], now: datetime) -> list[ProviderHealth]:
    """Keep what was found, journal what changed; returns those that went down or came back."""
    known = {(one.section, one.name): one for one in list_health(tx)}
    kept, changed = [], []
    for target, problem in found:
        words = problem[:_MOST_WORDS] if problem is not None else None
        health = _follow(known.get((target.section, target.name)), target, words, now)
        before = known.get((target.section, target.name))
        if (before.problem if before else None) is None and words is not None:
            _journal(tx, "provider.down", health)
            changed.append(health)
        elif before is not None and before.problem is not None and words is None:
            _journal(tx, "provider.up", health)
            changed.append(health)
            if before.told:
                _tell(tx, health, now)
        if words is not None and not health.told and now - health.since >= TELL_AFTER:
            health = replace(health, told=True)
            _tell(tx, health, now)
        kept.append(health)
    if kept or known:
        tx.settings.set(SETTING, msgspec.json.encode(kept).decode() if kept else None)
    return changed


def _follow(before: ProviderHealth | None, target: Target, problem: str | None, now: datetime) -> ProviderHealth:
    if before is None or (before.problem is None) != (problem is None):
        since, told = now, False
    else:
        since, told = before.since, before.told
    return ProviderHealth(
        target.section,
        target.name,
        target.kind,
        target.environment,
        problem,
        since=since,
        asked_at=now,
        told=told,
        service=target.service,
    )


def _journal(tx: Transaction, kind: str, health: ProviderHealth) -> None:
    body = {"id": f"{health.section}/{health.name}", "kind": health.kind, "environment": health.environment}
    tx.journal.append(kind, body | ({"because": health.problem} if health.problem is not None else {}))


def _tell(tx: Transaction, health: ProviderHealth, now: datetime) -> None:
    state = "can be used again" if health.problem is None else "can't be used"
    title = f"{_NAMES.get(health.section, health.section)} `{health.name}` {state}"
    text = health.words if health.problem is None else f"{health.words}. Plans that need it take their next rung."
    identifier = f"provider/{health.section}/{health.name}/{format_instant(health.since)}"
    tx.outbox.add(Message(tx.org, identifier, EVERYBODY, json.dumps({"title": title, "text": text}), now, now))


def list_health(tx: Transaction) -> tuple[ProviderHealth, ...]:
    """Return what was found last of every entry, in the file's order; nothing before the first look."""
    text = tx.settings.get(SETTING)
    return tuple(msgspec.json.decode(text, type=tuple[ProviderHealth, ...])) if text else ()


def find_outage(
    known: Sequence[ProviderHealth], plan: Plan, environment: str, service: str, now: datetime
) -> str | None:
    """Say what a service's plan needs in an environment and can't use now, as it was found last.

    `None` when nothing is known against it: a look that is older than five minutes says nothing.
    """
    families = {step.action.partition(".")[0] for step in plan.steps}
    sections = {section for family, section in _SECTION_OF.items() if family in families}
    problems = (_find_problem(known, environment, section, service, now) for section in sorted(sections))
    return next((problem for problem in problems if problem is not None), None)


def _find_problem(
    known: Sequence[ProviderHealth], environment: str, section: str, service: str, now: datetime
) -> str | None:
    """Say why a section's entry for a place can't be used: the one that names the place most closely, as in use."""
    fitting = [one for one in known if one.section == section and one.covers(environment, service)]
    closest = sorted(fitting, key=lambda one: (one.service is None, one.environment is None))
    if not closest or closest[0].problem is None:
        return None
    return closest[0].words if now - closest[0].asked_at <= OLD_AFTER else None
