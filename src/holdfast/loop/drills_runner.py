"""Plays drills from begin to end.

Rules:
1. A higher level shows all that a lower one does: `L2` begins with `L0` and `L1`, and acts only where both held.
2. Whatever happens, a drill ends: what it laid is lifted, what it opened is closed, its evidence is signed.
"""

from dataclasses import replace

from holdfast.errors import HoldfastError, tell_error
from holdfast.loop.drills_begin import DrillAsk, as_left_behind, begin_drill, left_behind
from holdfast.loop.drills_chain import close_findings, rehearse_chain
from holdfast.loop.drills_inputs import note_configured, note_observed
from holdfast.loop.drills_log import DrillLog, finish, keep_ended
from holdfast.loop.drills_shadow import lift_canary, rehearse_shadow
from holdfast.loop.drills_stage import Piece, Rehearsal, Stage, load_piece
from holdfast.loop.drills_static import rehearse_static
from holdfast.mitigations.drill import reaches
from holdfast.mitigations.drill_statement import sign_drill
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome
from holdfast.ports.store import Transaction


def begin(stage: Stage, org: str, ask: DrillAsk, by: str) -> DrillEvidence:
    """Begin a drill; `play` carries it out. Raises as `begin_drill` does."""
    with stage.store.write_now(org, stage.clock) as (tx, now):
        evidence, _ = begin_drill(tx, ask, by, now, stage.ids)
    stage.on_change(org)
    return evidence


def play(stage: Stage, evidence: DrillEvidence, release: str | None = None) -> DrillEvidence:
    """Carry a drill out that has begun; returns its evidence, signed. `release` as it was asked for."""
    log = DrillLog(stage.store, stage.clock, evidence, stage.failures, stage.on_change)
    try:
        piece = _prepare(stage, log, release)
        rehearsal = Rehearsal(stage, piece, log)
        rehearse_static(rehearsal)
        if reaches(evidence.level, DrillLevel.L1):
            rehearse_shadow(rehearsal)
        if evidence.level is DrillLevel.L2 and not log.failed:
            rehearse_chain(rehearsal)
    except stage.failures as error:
        words = tell_error(error)
        log.add("drill", False, f"it could not go on: {words}", stage.clock.now())
    return log.end(lambda ended: sign(stage, ended))


def _prepare(stage: Stage, log: DrillLog, release: str | None) -> Piece:
    """Return what is rehearsed, with what lies outside (the operator's file, other flag systems) noted as an input."""
    evidence = log.evidence
    noted = _note_file(stage, evidence.org)
    with stage.store.read(evidence.org) as tx:
        piece = _load(tx, stage, evidence, release)
    if observe_flags(stage, evidence.org, piece):
        with stage.store.read(evidence.org) as tx:
            piece = _load(tx, stage, evidence, release)
    elif not noted:
        return piece
    log.change(inputs=tuple(sorted(piece.inputs.items())))
    return piece


def _note_file(stage: Stage, org: str) -> bool:
    """Note the operator's file as this drill uses it; returns whether that is news.

    Its next plans are held to what is noted, and the server that noted it last may have read another.
    """
    entries = stage.entries(org)
    if not entries:
        return False
    with stage.store.write_now(org, stage.clock) as (tx, _):
        return note_configured(tx, entries)


def _load(tx: Transaction, stage: Stage, evidence: DrillEvidence, release: str | None) -> Piece:
    return load_piece(tx, evidence.service_id, evidence.plan, evidence.environment, stage.clock.now(), release)


def observe_flags(stage: Stage, org: str, piece: Piece) -> bool:
    """Note what another flag system says of a plan's flags; returns whether there is one, and it answered."""
    provider = stage.world(org, piece.environment.name).flags()
    if provider.own or not piece.flags:
        return False
    try:
        readings = [reading for key in piece.flags if (reading := provider.read(key)) is not None]
    except HoldfastError:  # L0 says so, with the reason
        return False
    with stage.store.write_now(org, stage.clock) as (tx, _):
        note_observed(tx, piece.environment.name, {one.flag: one.definition for one in readings})
    return True


def sign(stage: Stage, evidence: DrillEvidence) -> str:
    """Return the signed envelope of a drill that ended."""
    return sign_drill(evidence, stage.public_key, stage.sign)


def end_left_behind(stage: Stage, org: str) -> list[DrillEvidence]:
    """End the drills that a crash left behind, and take back what they did."""
    with stage.store.read(org) as tx:
        found = left_behind(tx, stage.clock.now())
    out = []
    for evidence in found:
        lift_canary(stage, org, evidence.id)
        close_findings(stage, org, evidence.id)
        left = as_left_behind(evidence)
        with stage.store.write_now(org, stage.clock) as (tx, now):
            if tx.drills.get(left.id).outcome is not DrillOutcome.RUNNING:
                continue  # it came to its end after all
            ended = finish(replace(left, because=None), now, lambda one: sign(stage, one), left.because)
            keep_ended(tx, ended)
        out.append(ended)
    return out
