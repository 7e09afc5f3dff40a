"""A gate's history for the estate: policies by version, builds of every kind, waivers at every stage."""

from dataclasses import replace
from datetime import timedelta

from holdfast.loop.builds import BuildAsk, judge_build, override_build
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.intake import register_release
from holdfast.loop.policy_change import change_policy
from holdfast.loop.requests import DeploymentRequest, ReleaseRequest
from holdfast.loop.waiving import WaiverAsk, approve_waiver, ask_waiver
from holdfast.model.build import Answer, Basis, Build, Level, Mode, Override
from holdfast.model.tenancy import Permission
from holdfast.model.waiver import Status
from tests.edges.web.estate import HOSTILE, INCIDENT, ORG, Estate, sbom

FIRST = "min_score: {default: 60}\ndata: {on_unknown: pass}\n"
SECOND = (
    "min_score: {default: 70, tier-1: 85}\ndata: {on_unknown: warn}\n"
    "rules:\n  - {id: new-high, when: finding.cvss >= 7.0, then: block}\n"
)
AFFECTED = sbom(("acme-pdf", "1.4.0"), ("flask", "3.0.3"))
FINE = sbom(("flask", "3.0.3"))


def with_gate(estate: Estate) -> dict[str, str]:
    """Let the gate judge in an estate; returns the ids of what tests look at."""
    asker, person = estate.token(Permission.BUILDS_WRITE), estate.token(Permission.POLICY_WRITE)
    other = replace(asker, id="tok_other", person="usr_other")
    estate.turn(change_policy, Level.ORG, "", FIRST, token=person)
    estate.clock.tick(60)
    estate.turn(change_policy, Level.ORG, "", SECOND, token=person)
    estate.turn(change_policy, Level.SERVICE, "orders-api", "min_score: {default: 90}\n", token=person)

    def judge(**more: object) -> str:
        estate.clock.tick(30)
        ask = replace(BuildAsk("orders-api", FINE), **more)  # type: ignore[arg-type]  # checked by the dataclass
        took = iter((0.042,))
        return str(estate.turn(judge_build, ask, lambda: next(took), token=asker).build.id)

    passed = judge(commit="a" * 40, base=FINE)
    held = judge(sbom=AFFECTED, base=FINE, commit="b" * 40, source=HOSTILE, target="main", ci="github")
    let_go = judge(sbom=AFFECTED, base=FINE, commit="c" * 40)
    estate.turn(override_build, let_go, f"the shop is down {HOSTILE}", token=person)
    release = ReleaseRequest("orders-api", "3.0.0", commit="b" * 40, sbom=FINE)
    estate.turn(register_release, release)
    estate.clock.tick(30)
    estate.turn(record_deployment, DeploymentRequest("staging", "orders-api", version="3.0.0", target="canary"))

    def ask(days: int, statement: str = "") -> str:
        wanted = WaiverAsk(
            "CVE-2026-0117",
            "orders-api",
            Status.NOT_AFFECTED,
            "vulnerable_code_not_in_execute_path",
            estate.clock.now() + timedelta(days=days),
            statement,
            "PyPI",
            "acme-pdf",
            (("=", "1.4.0"),),
        )
        return str(estate.turn(ask_waiver, wanted, token=other).waiver.id)

    asked, approved, soon = ask(60, HOSTILE), ask(60), ask(5)
    for one in (approved, soon):
        estate.turn(approve_waiver, one, token=person)
    return {
        "passed": passed,
        "held": held,
        "let_go": let_go,
        "asked": asked,
        "approved": approved,
        "soon": soon,
    }


def many_builds(estate: Estate, count: int, days: float = 80.0) -> None:
    """Save builds of the last days, as many as asked for."""
    with estate.store.write(ORG, estate.clock.now()) as tx:
        found = tx.services.find("orders-api")
        assert found is not None
        for number in range(count):
            at = INCIDENT - timedelta(days=days * (1 - number / count))
            answer = (Answer.PASS, Answer.PASS, Answer.PASS, Answer.BLOCKED, Answer.UNKNOWN)[number % 5]
            override = Override("usr_1", at, "it was down") if number % 15 == 3 else None
            tx.builds.save(
                Build(
                    org=ORG,
                    id=f"bld_0{number:08}",
                    service_id=found.id,
                    service=found.name,
                    at=at,
                    by="tok_1",
                    basis=Basis.CHANGE,
                    answer=answer,
                    would_be=answer,
                    mode=Mode.BLOCK,
                    score=60.0 + number % 40,
                    base_score=None,
                    bar=70.0,
                    blocking=int(answer is Answer.BLOCKED),
                    warnings=2,
                    waived=0,
                    unknown=0,
                    existing=40,
                    reasons=("`lamp` blocks",),
                    policy=(("org", "sha256:x"),),
                    team=("payments", "shop")[number % 2],
                    override=override,
                    took_s=0.02 + (number % 30) / 100,
                )
            )
