"""What builds were decided on and what was answered, as it is kept: for policies tried later, and for people."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from holdfast.findings.vex import Vex
from holdfast.gate.decide import Bound, Question
from holdfast.gate.sides import Side
from holdfast.model.build import Basis
from holdfast.model.finding import OURS, Finding
from holdfast.model.inventory import Service
from holdfast.model.waiver import Waiver
from holdfast.ports.store import Transaction

MOST_KEPT = 200
"""How much of each part of an answer is kept with a build."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a build was decided on, for a policy that is tried later."""

    head: Side
    base: Side | None
    basis: Basis
    bound: Bound
    waivers: tuple[Waiver, ...]
    known_since: tuple[tuple[tuple[str, ...], datetime], ...]
    vex: Vex = field(default_factory=Vex)


def pack_evidence(question: Question) -> bytes:
    """Return what a build was decided on, as it is kept."""
    evidence = Evidence(
        question.head,
        question.base,
        question.basis,
        question.bound,
        tuple(question.waivers),
        tuple(sorted(question.known_since.items())),
        question.vex.of_findings((*question.head.findings, *(question.base.findings if question.base else ()))),
    )
    return zlib.compress(msgspec.json.encode(evidence), 6)


def unpack_evidence(data: bytes) -> Evidence:
    """Return what `pack_evidence` kept."""
    return msgspec.json.decode(zlib.decompress(data), type=Evidence)


def pack_document(document: Mapping[str, Any]) -> bytes:
    """Return what was answered as it is kept: the first 200 of each part, and how many more there were."""
    long = {name: part for name, part in document.items() if isinstance(part, list) and len(part) > MOST_KEPT}
    cut = {name: part[:MOST_KEPT] for name, part in long.items()}
    more = {name: len(part) - MOST_KEPT for name, part in long.items()}
    return zlib.compress(json.dumps({**document, **cut, "more": more}, separators=(",", ":")).encode(), 6)


def unpack_document(data: bytes) -> Mapping[str, Any]:
    """Return what `pack_document` kept."""
    found = json.loads(zlib.decompress(data))
    return found if isinstance(found, dict) else {}


def reported_of_what_runs(tx: Transaction, service: Service, environment: str, now: datetime) -> tuple[Finding, ...]:
    """Return what other tools said, at a line of its files, of what runs: by the newest build of it that is kept."""
    for running in reversed(tx.deployments.runs(service.id, environment, now)):
        release = tx.releases.get(running.release_id) if running.release_id else None
        digests = [one.digest for one in release.artifacts] if release else []
        builds = tx.builds.of_release(service.id, release.commit, release.sbom, digests) if release else ()
        for build in reversed(builds):
            data = tx.builds.evidence(build.id)
            if data is not None:
                return tuple(one for one in unpack_evidence(data).head.findings if OURS not in one.tools)
    return ()
