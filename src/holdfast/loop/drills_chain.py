"""L2: the whole chain in a test environment: a signed synthetic finding, the real response and engine, a black box."""

from holdfast.loop.drills_stage import Rehearsal, Stage


def rehearse_chain(rehearsal: Rehearsal) -> None:
    """Let a synthetic finding go through the whole chain."""
    raise NotImplementedError


def close_findings(stage: Stage, org: str, drill_id: str) -> None:
    """End what a drill opened."""
