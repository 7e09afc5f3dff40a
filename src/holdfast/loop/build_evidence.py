"""What builds were decided on and what was answered, as it is kept: for policies tried later, and for people."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Any

import msgspec

from holdfast.findings.vex import Vex
from holdfast.gate.decide import Bound, Question
from holdfast.gate.sides import Side
from holdfast.model.build import Basis
from holdfast.model.component import Occurrence
from holdfast.model.finding import OURS, Finding
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Release
from holdfast.model.waiver import Waiver
from holdfast.ports.store import Transaction

MOST_KEPT = 200
"""How much of each part of an answer is kept with a build."""
_SIZE_BYTES = 4


@frozen
class Evidence:
    """What a build was decided on, for a policy that is tried later."""

    head: Side
    base: Side | None
    basis: Basis
    bound: Bound
    waivers: tuple[Waiver, ...]
    known_since: tuple[tuple[tuple[str, ...], datetime], ...]
    vex: Vex = field(default_factory=Vex)
    also: tuple[Side, ...] = ()
    granted: tuple[tuple[tuple[str, ...], datetime], ...] = ()


@frozen
class _Packages:
    """The packages of a head, the numbers of those that a change adds, and what it takes away of the base's.

    `also` are those of each other thing that it is compared with.
    """

    head: tuple[Occurrence, ...]
    added: tuple[int, ...] = ()
    gone: tuple[Occurrence, ...] = ()
    also: tuple[tuple[Occurrence, ...], ...] = ()

    @classmethod
    def of(cls, head: Side, base: Side | None, also: Sequence[Side] = ()) -> "_Packages":
        """Return those of two sides."""
        if base is None:
            return cls(head.packages)
        before, now = dict.fromkeys(base.packages), frozenset(head.packages)
        added = tuple(number for number, one in enumerate(head.packages) if one not in before)
        return cls(
            head.packages, added, tuple(one for one in before if one not in now), tuple(one.packages for one in also)
        )

    @property
    def base(self) -> tuple[Occurrence, ...]:
        """The packages of the base."""
        added = frozenset(self.added)
        return (*(one for number, one in enumerate(self.head) if number not in added), *self.gone)


def pack_evidence(question: Question) -> bytes:
    """Return what a build was decided on, as it is kept: findings first, then packages, which few have to read."""
    head, base, also = question.head, question.base, question.also
    evidence = Evidence(
        replace(head, packages=()),
        replace(base, packages=()) if base else None,
        question.basis,
        question.bound,
        tuple(question.waivers),
        tuple(sorted(question.known_since.items())),
        question.vex.of_findings(one for side in (head, base, *also) if side for one in side.findings),
        tuple(replace(one, packages=()) for one in also),
        tuple(sorted(question.granted.items())),
    )
    first, second = (zlib.compress(msgspec.json.encode(one), 6) for one in (evidence, _Packages.of(head, base, also)))
    return len(first).to_bytes(_SIZE_BYTES, "big") + first + second


def unpack_evidence(data: bytes, *, packages: bool) -> Evidence:
    """Return what `pack_evidence` kept; without `packages`, of which only licences are judged, in a part of the time.

    Raises:
        zlib.error, msgspec.DecodeError: an older version wrote it.
    """
    size = _SIZE_BYTES + int.from_bytes(data[:_SIZE_BYTES], "big")
    evidence = msgspec.json.decode(zlib.decompress(data[_SIZE_BYTES:size]), type=Evidence)
    if not packages:
        return evidence
    kept = msgspec.json.decode(zlib.decompress(data[size:]), type=_Packages)
    base = replace(evidence.base, packages=kept.base) if evidence.base else None
    also = tuple(replace(one, packages=each) for one, each in zip(evidence.also, kept.also, strict=True))
    return replace(evidence, head=replace(evidence.head, packages=kept.head), base=base, also=also)


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


def reported_of_release(tx: Transaction, release: Release) -> tuple[Finding, ...]:
    """Return what other tools said, at a line of its files, of a release: by the newest build of it that is kept."""
    digests = [one.digest for one in release.artifacts]
    for build in reversed(tx.builds.of_release(release.service_id, release.commit, release.sbom, digests)):
        data = tx.builds.evidence(build.id)
        if data is not None:
            return tuple(one for one in unpack_evidence(data, packages=False).head.findings if OURS not in one.tools)
    return ()
