"""What the VEX documents that a server keeps say of what runs: the same evaluator as builds have.

Rules:

1. An exposure is cleared where every build of it that runs is: each version of the package, in each release and each
   artifact of that. What runs of several platforms is not known, so each of them counts.
2. A product is the digest of what was built; an index stands for all of its platforms. A machine has no digest.
3. Whose word counts, and what it may clear, is said by the policies of the service; of a machine by the org's.
4. Doubt never clears: what runs and can't be read, or of which documents differ, stays as it is.
5. A distribution's notice is spoken of by its own name, and by the CVEs that it mends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from holdfast.errors import NotFoundError
from holdfast.findings.heard import hear
from holdfast.findings.history import covers, group_spans
from holdfast.findings.lifecycle import Transition
from holdfast.findings.vex import Judgeable, Said, Vex, VexLimits, find_said, words_of
from holdfast.loop.advisory_facts import component_of
from holdfast.loop.policies import levels_of
from holdfast.loop.running_findings import RunningFindings, may_be_notice
from holdfast.loop.turn import Turn
from holdfast.model.component import Component
from holdfast.model.exposure import DEPLOYMENT, Exposure, Span, Spoken
from holdfast.model.finding import Finding
from holdfast.model.inventory import Artifact
from holdfast.model.vex import KeptVex, Statement, VexStatus

INDEX, IMAGE = "image-index", "image"
MOST_CHARACTERS = 1000
"""How much of a statement's sentences is kept with an exposure; the document has the rest."""
_STRICTNESS = (VexStatus.NOT_AFFECTED, VexStatus.FIXED, VexStatus.UNDER_INVESTIGATION, VexStatus.AFFECTED)


def hear_documents(turn: Turn, exposures: Sequence[Exposure], spans: Sequence[Span]) -> list[Transition]:
    """Return what the documents that are kept make of live exposures; `spans` is all of their running history."""
    live = [one for one in exposures if one.is_live and one.drill is None and one.kind != DEPLOYMENT]
    kept = {one.name: one for one in turn.tx.vex.list()} if live else {}
    notices = [one for one in live if may_be_notice(one)] if kept else []
    mending = RunningFindings(turn.tx, notices)
    names = {one.id: frozenset(one.advisories) for one in live} | {one.id: mending.names(one) for one in notices}
    statements = turn.tx.vex.about(frozenset().union(*names.values())) if kept else ()
    named = {name for one in statements for name in one.ids}
    asked = [one for one in live if one.said is not None or not named.isdisjoint(names[one.id])]
    if not asked:
        return []
    hearing = _Hearing(turn, kept, statements, RunningFindings(turn.tx, asked))
    groups = group_spans(spans)
    out = []
    for one in asked:
        running = [span for span in groups.get(one.fingerprint, ()) if covers(span, turn.now)]
        if running:  # of what nobody sees running now, nothing new can be said
            step = hear(one, hearing.of(one, running), turn.now)
            out += [step] if step is not None else []
    return out


@dataclass(slots=True)
class _Hearing:
    """Answers for exposures in one transaction; policies and releases are read once."""

    turn: Turn
    kept: Mapping[str, KeptVex]
    statements: Sequence[Statement]
    findings: RunningFindings
    _limits: dict[str, VexLimits] = field(default_factory=dict)
    _builds: dict[str, tuple[Judgeable, ...]] = field(default_factory=dict)
    _vexes: dict[Judgeable, Vex] = field(default_factory=dict)

    def of(self, exposure: Exposure, running: Sequence[Span]) -> Spoken | None:
        """Return what documents say of all of an exposure that runs; `None` where none speaks of it."""
        pairs = {(component_of(span), build): None for span in running for build in self._builds_of(span)}
        limits, now = self._limits_of(exposure), self.turn.now
        found = [find_said(self._finding(exposure, one), self._vex_of(build), limits, now) for one, build in pairs]
        said = _together(found)
        return _spoken(said, self.kept) if said is not None else None

    def _finding(self, exposure: Exposure, component: Component) -> Finding:
        return self.findings.of(exposure, component, exposure.risk)

    def _vex_of(self, build: Judgeable) -> Vex:
        """What documents say where this is judged; made once, however many exposures there are."""
        if build not in self._vexes:
            self._vexes[build] = Vex.saying(self.statements, build, ())
        return self._vexes[build]

    def _limits_of(self, exposure: Exposure) -> VexLimits:
        subject = exposure.subject
        key = subject.id if subject.kind == "service" else ""
        if key not in self._limits:
            service = self.turn.tx.services.get(key) if key else None
            self._limits[key] = levels_of(self.turn.tx, service).vex
        return self._limits[key]

    def _builds_of(self, span: Span) -> tuple[Judgeable, ...]:
        if span.subject.kind != "service":
            return (Judgeable(),)
        if span.release_id not in self._builds:
            try:
                artifacts = self.turn.tx.releases.get(span.release_id).artifacts
            except NotFoundError:  # what was built is gone; statements about the package itself still count
                artifacts = ()
            self._builds[span.release_id] = builds_of(artifacts)
        return self._builds[span.release_id]


def builds_of(artifacts: Sequence[Artifact]) -> tuple[Judgeable, ...]:
    """Return what of a release may be running, each as documents may name it: by its own digest or its index's."""
    indexes = [one.digest for one in artifacts if one.kind == INDEX]
    shared = frozenset(indexes if len(indexes) == 1 else ())  # of several, nobody knows which an image is in
    others = [one for one in artifacts if one.digest not in shared]
    if not others:
        return (Judgeable((), shared),)
    return tuple(
        Judgeable((), frozenset({one.digest}) | (shared if one.kind == IMAGE else frozenset())) for one in others
    )


def _together(found: Sequence[Said | None]) -> Said | None:
    """Return what holds for all that runs: the strictest word, and none that clears but a part."""
    spoken = [one for one in found if one is not None]
    holds_up = [one for one in spoken if not one.clears]
    said = max(holds_up or spoken, key=_strictness, default=None)
    if said is not None and not holds_up and len(spoken) < len(found):
        return replace(said, void=(f"it speaks of {len(spoken)} of the {len(found)} builds that run",))
    return said


def _strictness(said: Said) -> tuple[int, datetime, str]:
    """The strictest last; of equals the latest, and then always the same one."""
    one = said.statement
    return _STRICTNESS.index(one.status), one.at or datetime.min.replace(tzinfo=UTC), one.file


def _spoken(said: Said, kept: Mapping[str, KeptVex]) -> Spoken:
    one = said.statement
    document = kept.get(one.file)
    return Spoken(
        one.status,
        one.file,
        document.digest if document else "",
        one.author[:MOST_CHARACTERS],
        one.justification[:MOST_CHARACTERS],
        one.impact[:MOST_CHARACTERS],
        one.action[:MOST_CHARACTERS],
        tuple(part[:MOST_CHARACTERS] for part in one.response[:10]),
        one.at,
        tuple(part[:MOST_CHARACTERS] for part in said.void),
        tuple(words_of(other)[:MOST_CHARACTERS] for other in said.others[:3]),
    )
