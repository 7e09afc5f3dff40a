"""Groups on their way into the gate: one that observes, one that warns, one that blocks, and services in none."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from holdfast.gate.policy import ModeRules
from holdfast.loop.adoption import set_group_mode
from holdfast.loop.builds import BuildAsk, judge_build
from holdfast.loop.declare import declare_group, declare_service, declare_team
from holdfast.loop.inherited import accept_inherited
from holdfast.model.build import Mode
from holdfast.model.component import Sbom
from holdfast.model.plan import ServiceManifest
from tests.edges.web.estate import HOSTILE, Estate, sbom

OLD = sbom(("flask", "3.0.3"))
AFFECTED = sbom(("acme-pdf", "1.4.0"), ("flask", "3.0.3"))
GROUPS = (
    ("payments", ModeRules(Mode.OBSERVE, Mode.WARN, None), 7.0),
    ("storefront", ModeRules(Mode.WARN, Mode.BLOCK, None), 21.0),
    ("platform", ModeRules(Mode.BLOCK), None),
)


def manifest(name: str, team: str) -> ServiceManifest:
    """Return the declaration of a service without plans."""
    return ServiceManifest(name, (".",), team, 2, "internal", (), (), (), 1)


def with_adoption(estate: Estate) -> dict[str, str]:
    """Adopt nine services in three groups, with builds that would be held; returns ids of builds by service."""
    token = estate.token()
    builds: dict[str, str] = {}

    def judge(service: str, made_of: Sbom, **more: Any) -> str:
        estate.clock.tick(40)
        ask = replace(BuildAsk(service, made_of, commit="c0ffee" * 6), **more)
        return str(estate.turn(judge_build, ask, token=token).build.id)

    for group, rules, days in GROUPS:
        estate.turn(declare_group, group, token=token)
        estate.turn(declare_team, f"{group}-team", group, token=token)
        begins = estate.clock.now() + timedelta(days=days) if days else None
        estate.turn(set_group_mode, group, replace(rules, next_from=begins), token=token)
        for number in range(3):
            name = f"{group}-{number}"
            estate.turn(declare_service, manifest(name, f"{group}-team"), token=token)
            inherits = AFFECTED if number == 2 else OLD
            estate.turn(accept_inherited, name, inherits, token=token)
            judge(name, inherits)
            if number < 2:
                builds[name] = judge(name, AFFECTED, source=HOSTILE, ci="github")
    return builds
