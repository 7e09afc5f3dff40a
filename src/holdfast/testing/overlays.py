"""Random interleavings of stacked kills and lifts, played on a store and looked at as applications see them.

After every step and for every flag: while an overlay holds, the flag is never on, in no context, neither evaluated here
nor in the document that in-process providers are given; the oldest overlay decides. When the last one is lifted the
definition is there to the bit, in the store and in the document.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import msgspec
from openfeature.evaluation_context import EvaluationContext

from holdfast.loop.flag_snapshot import FlagSnapshot
from holdfast.loop.flags import FlagServer, define_flag
from holdfast.mitigations.evaluation import Evaluated
from holdfast.mitigations.flag_document import parse_document
from holdfast.model.flag import Overlay
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Environment, Reach
from holdfast.ports.store import Store

ENVIRONMENT = "production"
SAFE = ("off", "low")
AT_ONCE = 100
_CONTEXTS = (EvaluationContext("u-1", {"plan": "gold"}), EvaluationContext("u-2", {"plan": "tin"}))
_TEXT = (
    '{ "state":"ENABLED",  "variants": {"on": "all", "low": "some", "off": "none"}, "defaultVariant": "on",\n'
    ' "targeting": {"if": [{"==": [{"var": "plan"}, "gold"]}, "on", {"fractional": [["on", 50], ["on", 50]]}]},\n'
    ' "metadata": {"n": %d, "ü": 1.50}}'
)


@frozen
class Tally:
    """What was played. `wrong` says in words what must not have been; `distinct` counts different interleavings."""

    interleavings: int
    distinct: int
    steps: int
    wrong: tuple[str, ...]


@dataclass(slots=True)
class _Play:
    """One flag's interleaving: the steps still to come, and what holds it now, oldest first."""

    key: str
    text: str
    steps: list[tuple[str, int]]
    variants: list[str]
    held: list[int]


def _draw(random: Random, key: str, number: int) -> _Play:
    """Return a random order in which three to seven overlays are laid and lifted, each lifted after it was laid."""
    count = random.randint(3, 7)
    waiting, laid, steps = list(range(count)), list[int](), list[tuple[str, int]]()
    while waiting or laid:
        if waiting and (not laid or random.random() < 0.5):
            laid.append(waiting[0])
            steps.append(("lay", waiting.pop(0)))
        else:
            steps.append(("lift", laid.pop(random.randrange(len(laid)))))
    return _Play(key, _TEXT % number, steps, [random.choice(SAFE) for _ in range(count)], [])


def play_interleavings(store: Store, org: str, count: int, *, seed: int, now: datetime) -> Tally:
    """Play `count` interleavings, a hundred flags side by side, a step of each in every transaction.

    The org must be there.
    """
    random, server = Random(seed), FlagServer(store)  # noqa: S311 - a drawn order, no secret
    wrong: list[str] = []
    seen: set[tuple[object, ...]] = set()
    steps = 0
    with store.write(org, now) as tx:
        tx.environments.save(Environment(org, "env_1", ENVIRONMENT, 1, Reach.INTERNET))
    for begin in range(0, count, AT_ONCE):
        plays = [
            _draw(random, f"flag-{number - begin}", number) for number in range(begin, min(count, begin + AT_ONCE))
        ]
        seen |= {(tuple(play.steps), tuple(play.variants)) for play in plays}
        with store.write(org, now) as tx:
            for play in plays:
                define_flag(tx, ENVIRONMENT, play.key, play.text, now)
        while moving := [play for play in plays if play.steps]:
            now += timedelta(seconds=1)
            with store.write(org, now) as tx:
                for play in moving:
                    verb, number = play.steps.pop(0)
                    name = f"{begin}-{play.key}-{number}"
                    if verb == "lay":
                        tx.overlays.save(
                            Overlay(org, name, ENVIRONMENT, play.key, play.variants[number], "drill", None, now)
                        )
                        play.held.append(number)
                    else:
                        tx.overlays.lift(name, now)
                        play.held.remove(number)
            steps += len(moving)
            wrong += _look(server.snapshot(org, ENVIRONMENT), moving)
        with store.read(org) as tx:
            stored = {flag.key: flag.definition for flag in tx.flags.list(ENVIRONMENT)}
        wrong += [f"{play.key}: its definition changed" for play in plays if stored[play.key] != play.text]
    return Tally(count, len(seen), steps, tuple(wrong))


def _look(snapshot: FlagSnapshot, plays: Sequence[_Play]) -> list[str]:
    document, _ = parse_document(snapshot.text, "the document")
    wrong = []
    for play in plays:
        expected = play.variants[play.held[0]] if play.held else None
        served = {_variant(snapshot, play.key, context) for context in _CONTEXTS}
        written = document.get(play.key, "")
        if expected is None:
            if served != {"on"} or written != play.text:
                wrong.append(f"{play.key}: nothing holds it, and {served} are served, {written[:200]} written")
        elif served != {expected} or not _forces(written, expected):
            wrong.append(f"{play.key}: held at {expected}, and {served} are served, {written[:200]} written")
    return wrong


def _variant(snapshot: FlagSnapshot, key: str, context: EvaluationContext) -> str | None:
    out = snapshot.evaluate(key, context)
    return out.variant if isinstance(out, Evaluated) else None


def _forces(written: str, variant: str) -> bool:
    try:
        flag = msgspec.json.decode(written)
    except msgspec.DecodeError:
        return False
    plain = json.dumps(flag.get("targeting"))
    return (flag.get("state"), flag.get("defaultVariant"), plain) == ("ENABLED", variant, "{}")
