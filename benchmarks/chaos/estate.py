"""What a worker of the sweep finds in its store: an exposure, its flags, and a run that a person let go."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.chaos.plans import ENVIRONMENT, FLAGS
from benchmarks.chaos.reach import LaneTargets
from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.system import RandomIds, SystemClock
from holdfast.errors import HoldfastError
from holdfast.loop.flags import define_flag
from holdfast.loop.respond import undo
from holdfast.loop.respond_engine import Engine
from holdfast.loop.respond_outside import At
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.plan import plan_digest
from holdfast.model.exposure import Clocks, Exposure, Risk, State, Subject
from holdfast.model.plan import Autonomy, Plan
from holdfast.model.run import Approval, Run, RunState, RunStep, StepState
from holdfast.model.tenancy import Org
from holdfast.ports.store import Store

PERSON = "per_chaos"
RUN = "run_chaos"
_ENDS = frozenset({RunState.UNDONE, RunState.FAILED, RunState.NEEDS_PERSON})
_FLAG = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'
FLAGD_TEXT = json.dumps({"flags": {flag: json.loads(_FLAG) for flag in FLAGS}}, indent=4) + "\n"


def prepare(store: Store, org: str, plan: Plan) -> str:
    """Make the run where it is not there yet; returns its id, which no other org's run has."""
    run_id = f"{RUN}_{org}"
    now = datetime.now(UTC)
    if any(one.id == org for one in store.tenants.orgs()):
        return run_id
    store.tenants.save_org(Org(org, org, now))
    with store.write(org, now) as tx:
        for flag in FLAGS:
            define_flag(tx, ENVIRONMENT, flag, _FLAG, now)
        tx.exposures.save([_exposure(org, now)])
        tx.runs.save(_run(org, run_id, plan, now))
    return run_id


def _exposure(org: str, now: datetime) -> Exposure:
    return Exposure(
        org=org,
        id="exp_chaos",
        fingerprint="1:chaos",
        episode=1,
        subject=Subject("service", "svc_chaos", "shop"),
        environment=ENVIRONMENT,
        ecosystem="PyPI",
        name="acme-pdf",
        cluster="cl_chaos",
        advisories=("HF-1",),
        versions=("1.0",),
        state=State.OPEN,
        clocks=Clocks(now, now, now, now, now),
        risk=Risk(),
        backlog=False,
    )


def _run(org: str, run_id: str, plan: Plan, now: datetime) -> Run:
    steps = tuple(
        RunStep(number, get_action(step.action).resolve(step, ()), f"{run_id}/{number}", StepState.PENDING)
        for number, step in enumerate(plan.steps, 1)
    )
    return Run(
        org=org,
        id=run_id,
        exposure="exp_chaos",
        service_id="svc_chaos",
        service="shop",
        environment=ENVIRONMENT,
        plan=plan,
        plan_digest=plan_digest(plan),
        state=RunState.APPROVED,
        level=Autonomy.APPROVE_1,
        steps=steps,
        created_at=now,
        requested_by="holdfast",
        approvals=(Approval(PERSON, now),),
        updated_at=now,
    )


def write_flags(file: Path) -> None:
    """Write flagd's file, as another team keeps it, where it is not there yet."""
    if not file.exists():
        file.write_text(FLAGD_TEXT, encoding="utf-8")


def open_engine(store: Store, port: int, at: At, flags: Path | None = None) -> Engine:
    """Return an engine that reaches the target, and tells every boundary that it passes."""
    return Engine(
        store,
        SystemClock(),
        RandomIds(),
        HttpxHttp(),
        targets=LaneTargets(port, flags),
        at=at,
    )


def advance(store: Store, engine: Engine, org: str, run_id: str, end: float) -> str:
    """Carry the run out, then take it back as a person asks; returns its last state, or the one it is stuck in."""
    while time.monotonic() < end:
        moved = engine.step(org)
        with store.read(org) as tx:
            run = tx.runs.get(run_id)
        if run.state in _ENDS:
            return run.state.value
        if run.state is RunState.EFFECTIVE and not run.released:
            try:
                with store.write(org, datetime.now(UTC)) as tx:
                    undo(tx, run_id, PERSON, datetime.now(UTC))
            except HoldfastError:
                continue  # another worker asked for it first
        elif not moved:
            time.sleep(0.01)
    return f"stuck in {run.state.value}"
