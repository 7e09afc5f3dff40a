"""An Unleash flag in one environment, read without asking anybody.

Rules:
1. `off` is the environment switched off: `is_enabled` is false then, and never the default of the code that asks. `on`
   is everybody enabled. A variant of the flag that has one of these names takes it: then the variant is meant.
2. What we force stands as one strategy of our own before all others: everybody, one variant. The team's strategies are
   never touched, so that they are the same to the bit afterwards, with their ids and their order.
3. A flag is said to serve a variant only when everybody gets it. Where its rules decide, that is said instead.

Source: Unleash's admin and client API, version 8: the first strategy that matches decides, and gives the variant.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from holdfast.edges.providers.flag_providers._rest import canonical
from holdfast.errors import ActionError
from holdfast.model.frozen import frozen

TITLE = "Held by Holdfast"
OFF, ON = "off", "on"

Json = Mapping[str, Any]


@frozen
class UnleashFlag:
    """One flag in one environment as the admin API tells it; strategies in the order in which they are tried."""

    name: str
    enabled: bool
    strategies: Sequence[Json]
    variants: Sequence[Json]
    dependencies: Sequence[Json]

    @property
    def ours(self) -> Sequence[Json]:
        """The strategies that we put there, the one that is tried first in front."""
        return [one for one in self.strategies if one.get("title") == TITLE]

    def definition(self) -> str:
        """Return all that a restore needs: whether it is enabled, and what a strategy of ours serves, if there is one.

        The team's own strategies are not in it: they are never changed.
        """
        return canonical({"enabled": self.enabled, "forced": _served_by(self.ours[0]) if self.ours else None})

    def names(self) -> tuple[str, ...]:
        """Return the variants that can be served."""
        declared = tuple(self.declared())
        return (*declared, *(name for name in (ON, OFF) if name not in declared))

    def declared(self) -> Mapping[str, Json]:
        """Return the variants that the team's strategies, or the environment, declare. Raises: ActionError: doubt."""
        out: dict[str, Json] = {}
        for variant in self._declarations():
            plain = {key: variant[key] for key in ("name", "payload") if variant.get(key) is not None}
            if out.setdefault(variant["name"], plain) != plain:
                raise ActionError(f"Unleash: variant `{variant['name']}` of `{self.name}` has two different payloads")
        return out

    def _declarations(self) -> Iterator[Json]:
        yield from self.variants
        for strategy in self.strategies:
            if strategy.get("title") != TITLE:
                yield from strategy.get("variants") or ()

    def held(self) -> str | None:
        """Return what is forced in the way that we force it, empty when ours is there and does not hold."""
        if not self.ours:
            return None if self.enabled else OFF
        if not self.enabled:
            return OFF
        active = [one for one in self.strategies if not one.get("disabled")]
        first = active[0] if active else None
        return _served_by(self.ours[0]) if first is self.ours[0] and _everybody(self.ours[0]) else ""

    def first_place(self) -> int:
        """Return a sort order before all strategies that there are."""
        return min((int(one.get("sortOrder") or 0) for one in self.strategies), default=0) - 1


def parse_flag(document: Json, environment: str) -> UnleashFlag | None:
    """Return a flag of the admin API in an environment; `None` when it is archived or not there.

    Raises:
        ActionError: the answer is not what Unleash answers.
    """
    if document.get("archived"):
        return None
    for one in document.get("environments") or ():
        if one.get("name") == environment:
            strategies = sorted(one.get("strategies") or (), key=lambda each: int(each.get("sortOrder") or 0))
            return UnleashFlag(
                str(document["name"]),
                bool(one.get("enabled")),
                strategies,
                one.get("variants") or (),
                document.get("dependencies") or (),
            )
    return None


def served_to_everybody(
    *, enabled: bool, strategies: Sequence[Json], variants: Sequence[Json], dependencies: Sequence[Json]
) -> str | None:
    """Return the variant that everybody gets of the strategies in force; `None` where the rules decide."""
    if not enabled:
        return OFF
    if dependencies:
        return None
    if not strategies:
        return _only(variants)
    if not _everybody(strategies[0]):
        return None
    return _only(strategies[0].get("variants") or variants)


def strategy_for(flag: UnleashFlag, variant: str) -> Json:
    """Return the strategy that serves one variant to everybody, before all others."""
    declared = flag.declared().get(variant)
    if declared is None and variant != ON:
        raise ActionError(f"Unleash: `{flag.name}` has no variant `{variant[:80]}`")
    weighted = {**(declared or {}), "weight": 1000, "weightType": "variable", "stickiness": "default"}
    return {
        "name": "flexibleRollout",
        "title": TITLE,
        "sortOrder": flag.first_place(),
        "disabled": False,
        "constraints": [],
        "segments": [],
        "parameters": {"rollout": "100", "stickiness": "default", "groupId": flag.name},
        "variants": [weighted] if declared is not None else [],
    }


@frozen
class Before:
    """What a definition tells: whether the environment was enabled, and what a strategy of ours served, if any."""

    enabled: bool
    forced: str | None


def parse_definition(text: str) -> Before:
    """Return what `UnleashFlag.definition` wrote. Raises: ActionError: it is none."""
    try:
        return msgspec.json.decode(text, type=Before)
    except msgspec.DecodeError:
        raise ActionError("what Unleash served before was not written down by this provider") from None


def _everybody(strategy: Json) -> bool:
    if strategy.get("constraints") or strategy.get("segments"):
        return False
    if strategy.get("name") == "default":
        return True
    parameters = strategy.get("parameters") or {}
    return (
        strategy.get("name") == "flexibleRollout"
        and str(parameters.get("rollout")) == "100"
        and parameters.get("stickiness", "default") in {"default", "random"}
    )


def _only(variants: Sequence[Json]) -> str | None:
    """Return the one variant that has all the weight, `on` without any, `None` when several are drawn from."""
    weighty = [one for one in variants if one.get("weight")]
    if not variants:
        return ON
    return str(weighty[0]["name"]) if len(weighty) == 1 and not weighty[0].get("overrides") else None


def _served_by(strategy: Json) -> str | None:
    return _only(strategy.get("variants") or ())
