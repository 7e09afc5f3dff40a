"""What an L2 drill would act on is the test environment's own.

Rules:
1. An entry of the operator's file without an `environment` is for all of them: what it reaches could be production's.
   A drill that acts uses none: not in its plan, and not in a plan that is taken `otherwise`. That is looked at before
   the drill acts, and again when the next plan is taken: what is declared, and the file, may be others by then.
2. What no entry is known for is not known to be the test environment's. Flags without an entry are Holdfast's own.
3. Drills that only look (`L0`, `L1`) may use every entry.
"""

from collections.abc import Iterator, Sequence

from holdfast.loop.drills_inputs import load_seen, resolved_steps
from holdfast.model.plan import Plan, ServiceManifest, Step
from holdfast.model.target import Target, closest
from holdfast.ports.store import Transaction

_NAMED_BY = {
    "flag": ("flags", None),
    "deploy": ("deployers", "target"),
    "service": ("proxies", "proxy"),
    "edge": ("proxies", "proxy"),
    "http": ("http", "target"),
    "command": ("commands", "name"),
}
"""What an action's name begins with → its section of the operator's file, the argument that names an entry of it."""


def find_unbound(
    manifest: ServiceManifest, plan: Plan, environment: str, entries: Sequence[Target]
) -> Iterator[tuple[str, str]]:
    """Yield what a drill that acts must not use, and what to do about it; `entries` are those that the org may use."""
    for number, one in enumerate(_rungs(manifest, plan)):
        for place, step in enumerate(resolved_steps(one, manifest.features), 1):
            found = _find_unbound(step, environment, manifest.name, entries)
            if found is not None:
                rung = f" of the next plan `{one.id}`" if number else ""
                yield f"step {place}{rung} `{step.action}`: {found[0]}", found[1]


def find_rung_unbound(tx: Transaction, manifest: ServiceManifest, rung: Plan, environment: str) -> str | None:
    """Say why a drill that acts must not take this plan next, by the operator's file as it was last noted."""
    noted = [
        Target(str(one["section"]), str(one["name"]), "", one["environment"], one["service"], (), "the operator's file")
        for one in load_seen(tx).configured
    ]
    found = next(find_unbound(manifest, rung, environment, noted), None)
    return found[0] if found is not None else None


def _rungs(manifest: ServiceManifest, plan: Plan) -> Iterator[Plan]:
    """Yield the plan, and those that are taken when it can't be carried out."""
    plans, seen = {one.id: one for one in manifest.plans}, set()
    rung: Plan | None = plan
    while rung is not None and rung.id not in seen:
        seen.add(rung.id)
        yield rung
        rung = plans.get(rung.otherwise) if rung.otherwise is not None else None


def _find_unbound(step: Step, environment: str, service: str, entries: Sequence[Target]) -> tuple[str, str] | None:
    section, argument = _NAMED_BY.get(step.action.partition(".")[0], (None, None))
    if section is None:
        return None
    name = step.argument(argument) if argument is not None else None
    mine = [one for one in entries if one.section == section and name in {None, one.name}]
    used = closest([one for one in mine if one.covers(environment, None if section == "flags" else service)])
    free = next((one for one in used if one.environment != environment), None)
    if free is not None:
        hint = f"give it `environment: {environment}` ({free.where}), or hold the drill at L1"
        return f"`{free.name}` of `{section}` is for every environment; it may be production's", hint
    if not used and section != "flags":
        named = f"`{name[:80]}` of `{section}`" if name else f"an entry of `{section}`"
        hint = f"name one with `environment: {environment}` in the operator's file"
        return f"{named} for `{environment}` is not known", hint
    return None
