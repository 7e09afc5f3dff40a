"""What a flag step cannot keep: a flag that is not there, a variant it does not have, one that changes nothing.

Rules:
1. A flag is looked at in every environment that has it, and must be there where the plan's autonomy names it.
2. Flags that another system serves in an environment can't be looked at here; they are named.
3. A safe variant that changes nothing is an error while nobody ever touched the flag: the plan names the wrong variant,
   and every drill before the release would pass for nothing. Once the definition was changed it is a warning: after an
   incident teams leave the flag safe, and the release that must come through now is the repair.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from holdfast.errors import PlanError
from holdfast.mitigations.flags import Flag, parse_flag
from holdfast.mitigations.plan_found import Found
from holdfast.model.flag import FlagDefinition
from holdfast.model.frozen import frozen
from holdfast.model.plan import Plan, ServiceManifest, Step

Flags = Mapping[str, Mapping[str, FlagDefinition]]
"""Environment → key → definition."""


@frozen
class KnownFlags:
    """The definitions of every environment, and the names of those whose flags another system serves."""

    flags: Flags
    elsewhere: Collection[str] = ()

    @property
    def here(self) -> Flags:
        """Those that Holdfast serves itself."""
        return {name: flags for name, flags in sorted(self.flags.items()) if name not in self.elsewhere}


def check_flag(plan: Plan, step: Step, resolved: Step, manifest: ServiceManifest, known: KnownFlags) -> Iterator[Found]:
    """Yield what is wrong with a flag step; `resolved` is it with flag and variant written out."""
    named, key, variant = step.argument("feature"), resolved.argument("flag"), resolved.argument("variant")
    if named is not None and named not in {feature.name for feature in manifest.features}:
        yield Found(f"there is no feature `{named[:60]}`", f"declare it in the `features` of `{manifest.name}`")
    if not key:
        yield Found(f"`{step.action}` names no flag", "give `flag`, or `feature`")
        return
    if not any(feature.flag == key for feature in manifest.features):
        hint = "declare it: its safe variant and what it covers"
        yield Found(f"the flag `{key[:60]}` is no feature of `{manifest.name}`", hint)
    yield from check_definitions(plan, key, variant, known)


def check_definitions(plan: Plan, key: str, variant: str | None, known: KnownFlags) -> Iterator[Found]:
    """Yield what is wrong with a flag in the environments, and with forcing one of its variants there."""
    if known.elsewhere:
        names = _list_of(known.elsewhere)
        message = f"another system serves the flag `{key[:60]}` in {names}: what it has is not looked at here"
        yield Found(message, "a drill there will tell", "warning")
    here = known.here
    having = {name: flags[key] for name, flags in here.items() if key in flags}
    if not having:
        if not known.elsewhere:
            where = f"in {_list_of(here)}" if here else "in any environment"
            yield Found(f"unknown flag `{key[:60]}`: it is not defined {where}", "define it before the release")
        return
    for name in (name for name, flags in here.items() if flags and name not in having):
        severity = "error" if name in dict(plan.autonomy) else "warning"
        yield Found(f"the flag `{key}` is not defined in `{name}`", "define it there as well", severity)
    if variant:
        yield from _check_variant(key, variant, having)


def _list_of(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _check_variant(key: str, variant: str, having: Mapping[str, FlagDefinition]) -> Iterator[Found]:
    unchanged: list[Found] = []
    for environment, definition in having.items():
        try:
            flag = parse_flag(key, definition.definition)
        except PlanError as error:
            yield Found(f"the flag `{key}` in `{environment}` cannot be read: {error.message}", error.hint)
            continue
        if variant not in flag.variants:
            names = ", ".join(f"`{name}`" for name in list(flag.variants)[:10])
            yield Found(f"the flag `{key}` in `{environment}` has no variant `{variant}`", f"its variants: {names}")
        elif flag.state == "DISABLED":
            hint = "enable it: a disabled flag serves whatever the caller's code has as default"
            yield Found(f"the flag `{key}` in `{environment}` is disabled", hint)
        elif found := _without_effect(flag, variant, environment, definition.version):
            unchanged.append(found)
    yield from _weighed(unchanged, all_of_them=len(unchanged) == len(having))


def _without_effect(flag: Flag, variant: str, environment: str, version: int) -> Found | None:
    """What forcing the variant would not change. A default of `None` is the caller's own, which nobody here knows."""
    if flag.default is None or _canonical(flag.variants[flag.default]) != _canonical(flag.variants[variant]):
        return None
    same = "the default" if flag.default == variant else f"of the same value as the default `{flag.default}`"
    message = f"unsafe safe variant: `{variant}` of `{flag.key}` is {same} in `{environment}`, so forcing it changes "
    hint = "name the variant under which the feature does not run"
    if flag.document["targeting"]:
        return Found(f"{message}only what its targeting decides", hint, "warning")
    if version > 1 and _has_another(flag, variant):
        return Found(f"{message}nothing until it is turned on again", hint, "warning")
    if _has_another(flag, variant):
        hint += "; if the feature is only not turned on yet, define the flag on in one environment first"
    return Found(f"{message}nothing", hint)


def _has_another(flag: Flag, variant: str) -> bool:
    """Whether any of its variants serves something else than this one."""
    mine = _canonical(flag.variants[variant])
    return any(_canonical(value) != mine for value in flag.variants.values())


def _weighed(found: Sequence[Found], *, all_of_them: bool) -> Iterator[Found]:
    """Where the plan works in another environment, a flag that already serves the safe variant is worth a warning."""
    for one in found:
        yield one if all_of_them else replace(one, severity="warning")


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)
