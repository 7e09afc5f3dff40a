"""What a rehearsal's outcome depends on, as sha256 of each: the plan, what runs, the flags, the drivers, the targets.

Rules:
1. Everything is read from the store, so that whether evidence is still good can be asked inside any transaction.
2. What lies outside (another system's flags, the operator's file) is noted in the store by those who see it: at start,
   at every drill and by the schedule. It is compared as it was last seen.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from holdfast import __version__
from holdfast.errors import PlanError
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.drill import RELEASE, digest_of
from holdfast.mitigations.plan import plan_digest
from holdfast.mitigations.probe_hosts import SECTION as PROBES
from holdfast.mitigations.probe_hosts import ProbeHosts
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Release
from holdfast.model.plan import Feature, Plan, Step
from holdfast.model.target import Target
from holdfast.ports.store import Transaction

OBSERVED = "drills.observed"
"""The setting that holds what other flag systems said last: environment/flag → digest of its definition."""
CONFIGURED = "drills.configured"
"""The setting that holds the digests of the operator's targets."""

_SECTIONS = {
    "flag": "flags",
    "deploy": "deployers",
    "service": "proxies",
    "edge": "proxies",
    "http": "http",
    "command": "commands",
    "notify": "notify",
}


_LOOKS = {"command": "commands", "flag": "flags", "query": "metrics", "prometheus": "metrics"}
"""What is looked at, as a probe's kind or as an argument of a `probe` step → the section of what it looks with."""


@frozen
class Seen:
    """What was last seen of the outside; read once per transaction."""

    observed: Mapping[str, str]
    configured: Sequence[Mapping[str, str | None]]


def load_seen(tx: Transaction) -> Seen:
    """Return what was last noted."""
    observed, configured = tx.settings.get(OBSERVED), tx.settings.get(CONFIGURED)
    return Seen(json.loads(observed) if observed else {}, json.loads(configured) if configured else ())


def probe_hosts_in(seen: Seen) -> ProbeHosts:
    """Return whom the operator's file, as it was last read, lets probes ask."""
    return ProbeHosts(tuple(str(one["name"]) for one in seen.configured if one["section"] == PROBES))


def note_observed(tx: Transaction, environment: str, flags: Mapping[str, str]) -> None:
    """Keep what another flag system says of flags: key → definition. Written only when it differs."""
    known = dict(load_seen(tx).observed)
    changed = known | {f"{environment}/{key}": digest_of(text) for key, text in flags.items()}
    if changed != known:
        tx.settings.set(OBSERVED, json.dumps(changed, sort_keys=True))


def note_configured(tx: Transaction, targets: Iterable[Target]) -> bool:
    """Keep the digests of the operator's targets; returns whether anything changed. No option's value is kept."""
    digests = [
        {
            "section": one.section,
            "name": one.name,
            "environment": one.environment,
            "service": one.service,
            "digest": digest_of([one.kind, one.environment, one.service, [list(pair) for pair in one.options]]),
        }
        for one in targets
    ]
    text = json.dumps(sorted(digests, key=lambda one: (str(one["section"]), str(one["name"]))), sort_keys=True)
    if text == (tx.settings.get(CONFIGURED) or "[]"):
        return False
    tx.settings.set(CONFIGURED, text)
    tx.journal.append("targets.configured", {"id": CONFIGURED, "digest": digest_of(text)})
    return True


def resolved_steps(plan: Plan, features: Sequence[Feature]) -> tuple[Step, ...]:
    """Return a plan's steps with their arguments written out; a step of an unknown action stays as it is."""
    out = []
    for step in plan.steps:
        try:
            out.append(get_action(step.action).resolve(step, features))
        except PlanError:
            out.append(step)
    return tuple(out)


def flags_of(plan: Plan, features: Sequence[Feature]) -> tuple[str, ...]:
    """Return the flags that a plan touches, in the order of its steps."""
    keys = (step.argument("flag") for step in resolved_steps(plan, features) if step.action.startswith("flag."))
    return tuple(dict.fromkeys(key for key in keys if key))


def release_digest(releases: Iterable[Release]) -> str:
    """Return the digest of what runs: every release by its version, commit, composition and artifacts."""
    parts = [[one.version, one.commit, one.sbom, sorted(a.digest for a in one.artifacts)] for one in releases]
    return digest_of(["holdfast.release/1", sorted(parts, key=str)])


def _sections(plan: Plan) -> set[str | None]:
    """Return the sections of the operator's file that a plan uses: to act, and to look whether it worked."""
    looks = [probe.kind for probe in plan.verify]
    looks += [name for step in plan.steps if step.action == "probe" for name, _ in step.arguments]
    return {_SECTIONS.get(step.action.partition(".")[0]) for step in plan.steps} | {_LOOKS.get(one) for one in looks}


def inputs_of(
    plan: Plan,
    features: Sequence[Feature],
    service: str,
    environment: str,
    *,
    definition_of: Callable[[str], str],
    releases: Sequence[Release],
    seen: Seen,
) -> dict[str, str]:
    """Return name → sha256 of all that a rehearsal of the plan there depends on.

    `service` is its name, `releases` what runs there, or what would. `definition_of` gives a flag's definition there,
    empty for a flag that is nowhere: that is an input as well, and has changed once it is defined.
    """
    out = {
        "plan": plan_digest(plan).removeprefix("sha256:"),
        RELEASE: release_digest(releases),
        "holdfast": digest_of(__version__),
    }
    for key in flags_of(plan, features):
        elsewhere = seen.observed.get(f"{environment}/{key}")
        out[f"flag:{environment}/{key}"] = elsewhere or digest_of(definition_of(key))
    for step in plan.steps:
        out[f"driver:{step.action}"] = digest_of([step.action, __version__])
    wanted = _sections(plan)
    for target in seen.configured:
        here = target["environment"] in {None, environment} and target["service"] in {None, service}
        if target["section"] in wanted and here:
            out[f"target:{target['section']}/{target['name']}"] = str(target["digest"])
    return out
