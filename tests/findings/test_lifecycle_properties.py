"""Whatever happens, in whatever order: what an exposure may never do."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from holdfast.errors import ConflictError
from holdfast.findings.borne import bear
from holdfast.findings.heard import hear
from holdfast.findings.history import covers
from holdfast.findings.lifecycle import Transition, act, lift, mitigate, observe
from holdfast.model.exposure import Ending, Exposure, Span, Spoken, State
from holdfast.model.vex import VexStatus
from tests.findings.made import WAIVER, context, day, ids, span

SAID = Spoken(VexStatus.NOT_AFFECTED, "vendor", "sha256:0", "Ana")
_LEGAL = {
    ("exposure.opened", State.OPEN),
    ("exposure.mitigated", State.MITIGATED),
    ("exposure.regressed", State.REGRESSED),
    ("exposure.resolved", State.RESOLVED),
    ("exposure.lifted", State.RESOLVED),
    ("exposure.lifted", State.WAIVED),
    ("exposure.waived", State.WAIVED),
    ("exposure.cleared", State.CLEARED),
    ("exposure.mitigated", State.CLEARED),
    ("exposure.mitigated", State.WAIVED),
    *(("exposure.unwaived", state) for state in (State.OPEN, State.REGRESSED, State.MITIGATED, State.CLEARED)),
    ("exposure.lifted", State.CLEARED),
    *(("exposure.reopened", state) for state in (State.OPEN, State.REGRESSED, State.MITIGATED)),
    *(("exposure.updated", state) for state in State if state is not State.RESOLVED),
}


class Life(RuleBasedStateMachine):
    """Deploys, late facts, deeds and re-checks of one finding, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 10
        self.spans: list[Span] = []
        self.rows: dict[str, Exposure] = {}
        self.new_id = ids()
        self.detected: dict[str, object] = {}

    @property
    def current(self) -> Exposure | None:
        return max(self.rows.values(), key=lambda row: row.episode, default=None)

    def store(self, step: Transition) -> None:
        assert (step.kind, step.after.state) in _LEGAL
        if step.before is not None and step.before.id == step.after.id:
            assert self.rows[step.after.id] == step.before
        else:
            assert step.after.id not in self.rows
            assert not any(row.is_live for row in self.rows.values())
        self.rows[step.after.id] = step.after
        self.detected.setdefault(step.after.id, step.after.clocks.detected_at)

    @rule(days=st.integers(1, 5))
    def wait(self, days: int) -> None:
        self.now += days

    @rule(slot=st.sampled_from(["eu", "us"]), version=st.sampled_from(["1.0", "1.1"]))
    def deploy_bad(self, slot: str, version: str) -> None:
        self.replace_on(slot)
        self.spans.append(span(self.now, version=version, target=slot))

    @rule(slot=st.sampled_from(["eu", "us"]))
    def replace_on(self, slot: str) -> None:
        running = [one for one in self.spans if one.target == slot and one.ended_at is None]
        self.spans = [one for one in self.spans if one not in running]
        self.spans += [replace(one, ended_at=day(self.now)) for one in running]

    @rule(start=st.integers(0, 9), run=st.integers(1, 30), slot=st.sampled_from(["eu", "us", "old"]))
    def learn_late(self, start: int, run: int, slot: str) -> None:
        self.spans.append(span(start, min(start + run, self.now), target=slot))

    @rule()
    def check(self) -> None:
        for step in observe(self.spans, list(self.rows.values()), context(), day(self.now), self.new_id):
            self.store(step)
        again = observe(self.spans, list(self.rows.values()), context(), day(self.now), self.new_id)
        assert again == []
        live = any(covers(one, day(self.now)) for one in self.spans)
        assert live == any(row.is_live for row in self.rows.values())

    @precondition(lambda self: self.rows)
    @rule(deed=st.sampled_from(["act", "mitigate", "lift", "waive", "unwaive", "clear", "reopen"]))
    def do(self, deed: str) -> None:
        row = self.current
        assert row is not None
        at = day(self.now)
        if deed in {"clear", "reopen", "waive", "unwaive"}:
            said = hear(row, SAID if deed == "clear" else None, at) if deed in {"clear", "reopen"} else None
            said = bear(row, WAIVER if deed == "waive" else None, at) if deed in {"waive", "unwaive"} else said
            if row.is_live and said is not None:
                self.store(said)
            return
        deeds = {"act": act, "lift": lift}
        try:
            step = mitigate(row, at, at) if deed == "mitigate" else deeds[deed](row, at)
        except ConflictError:
            return
        self.store(step)

    @invariant()
    def detection_never_moves(self) -> None:
        assert all(row.clocks.detected_at == self.detected[row.id] for row in self.rows.values())

    @invariant()
    def ending_and_state_agree(self) -> None:
        for row in self.rows.values():
            assert (row.ending is not None) == (row.state is State.RESOLVED)
            assert (row.clocks.resolved_at is not None) == (row.state is State.RESOLVED)
            if row.is_live:
                assert (row.clocks.waived_at is not None) == (row.state is State.WAIVED)
                assert (row.clocks.cleared_at is not None) >= (row.state is State.CLEARED)
            assert row.clocks.fixed_at is None or row.ending is Ending.FIXED

    @invariant()
    def episodes_count_up_and_only_one_is_live(self) -> None:
        assert sorted(row.episode for row in self.rows.values()) == list(range(1, len(self.rows) + 1))
        assert sum(row.is_live for row in self.rows.values()) <= 1


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase
