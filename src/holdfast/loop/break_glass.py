"""Breaking the glass on a flag: one variant is forced at once, with a reason, past every guard and approval.

Where the store answers, that is an overlay of its own, journaled and told to everybody. Where it does not, it is a line
in a file beside the store, which the flag server reads: the flag is forced, and the store learns of it when it is back.

Rules:
1. A line is JSON with the hash of the line before it: `hash = sha256(previous hash, line without its hash)`. What was
   cut out, changed or torn is told; what can be read counts, because it is what a person wanted at the worst moment.
2. A torn line is kept, and the chain goes on from the last whole one. Each spool's file is kept under a name of its
   own; which lines of it force nothing is journaled and told to everybody, also where no line could be read.
3. Merging is exactly once: a signal named after the line's hash is kept in the transaction that lays the overlay.
4. What was merged is dropped from the file only after that was committed; until then both say the same.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from holdfast.errors import ConflictError, HoldfastError, NotFoundError, UsageError
from holdfast.loop.approvals import tell_all
from holdfast.mitigations.flags import FLAG_KEY, parse_flag
from holdfast.model.flag import Overlay
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant, parse_instant
from holdfast.model.run import AUTOMATION, Signal
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction

GENESIS = "0" * 64
SCHEMA = "holdfast.break-glass/1"
MOST_REASON = 500
MOST_PROBLEMS = 20
SPOOL_FOLDER = "spool"
_FIELDS = ("schema", "org", "environment", "flag", "variant", "reason", "by", "at")


@frozen
class Spooled:
    """One line: what a person forced while the store was away. `chained` says that nothing before it is missing."""

    hash: str
    org: str
    environment: str
    flag: str
    variant: str
    reason: str
    by: str
    at: datetime
    chained: bool = True

    @property
    def overlay(self) -> Overlay:
        """The overlay that it stands for; its id is made of its hash, so that merging twice is once."""
        name = f"ovl_glass_{self.hash[:24]}"
        return Overlay(self.org, name, self.environment, self.flag, self.variant, self.reason, None, self.at)


@frozen
class Spool:
    """A spool as it was read: its lines, what is wrong with it in words, and the hash that the next line follows."""

    entries: tuple[Spooled, ...] = ()
    problems: tuple[str, ...] = ()
    last_hash: str = GENESIS


def check_force(environment: str, flag: str, variant: str, reason: str) -> str:
    """Return the reason, cut to its length, if all of it means something.

    Raises:
        UsageError: no reason, or names that are none.
    """
    if not reason.strip():
        raise UsageError("breaking the glass needs a reason", hint='everybody is told it: --reason "…"')
    if not FLAG_KEY.fullmatch(flag):
        raise UsageError(f"expected a flag's key, got `{flag[:80]}`")
    for name, value in (("environment", environment), ("variant", variant)):
        if not value or len(value) > 128 or not value.isprintable():
            raise UsageError(f"expected an {name}'s name, got `{value[:80]!a}`", where=name)
    return reason.strip()[:MOST_REASON]


def write_line(previous: str, fields: Mapping[str, str], at: datetime) -> str:
    """Return a line of the spool, its newline too. `fields` are org, environment, flag, variant, reason and by."""
    body = {"schema": SCHEMA, **fields, "at": format_instant(at), "previous": previous}
    return json.dumps({**body, "hash": _hash(previous, body)}, sort_keys=True) + "\n"


def _hash(previous: str, body: Mapping[str, Any]) -> str:
    plain = json.dumps({name: body[name] for name in _FIELDS}, sort_keys=True)
    return hashlib.sha256(f"{previous}\n{plain}".encode()).hexdigest()


def parse_spool(text: str) -> Spool:
    """Return what a spool holds; never raises: what can't be read is told in `problems`."""
    entries: list[Spooled] = []
    problems: list[str] = []
    last = GENESIS
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        entry = _parse_line(line)
        if entry is None:
            problems.append(f"line {number} is torn or was changed; it is kept, and forces nothing")
            continue
        spooled, previous = entry
        chained = previous == last
        if not chained:
            problems.append(f"line {number} does not follow the one before it: something between them is missing")
        entries.append(replace(spooled, chained=chained))
        last = spooled.hash
    return Spool(tuple(entries), tuple(problems), last)


def _parse_line(line: str) -> tuple[Spooled, str] | None:
    try:
        body = json.loads(line)
        previous, known = body["previous"], body["hash"]
        if body["schema"] != SCHEMA or not all(isinstance(body[name], str) for name in _FIELDS):
            return None
        if known != _hash(previous, body):
            return None
        check_force(body["environment"], body["flag"], body["variant"], body["reason"])
        at = parse_instant(body["at"])
    except (ValueError, TypeError, KeyError, RecursionError, HoldfastError):
        return None
    org, place, flag, variant = (body[name] for name in ("org", "environment", "flag", "variant"))
    return Spooled(known, org, place, flag, variant, body["reason"], body["by"], at), previous


@frozen
class SpooledOverlays:
    """The overlays of a spool, as a flag server asks for them: by org and environment.

    `read` returns the spool's text, empty without one.
    """

    read: Callable[[], str]

    def __call__(self, org: str, environment: str) -> Sequence[Overlay]:
        """Return what is forced in an environment and not merged yet, oldest first."""
        text = self.read()
        if not text:
            return ()
        found = parse_spool(text).entries
        return tuple(one.overlay for one in found if one.org == org and one.environment == environment)


def merge_spool(tx: Transaction, spool: Spool, now: datetime) -> list[Overlay]:
    """Take the org's lines into overlays and journal, each exactly once; returns the overlays that are new.

    A flag that is not there, or a variant that it lacks, is taken as well: its overlay serves an error, as it did.
    """
    mine = [one for one in spool.entries if one.org == tx.org]
    signals = [
        Signal(tx.org, f"spool/{one.hash}", "break_glass", one.by, one.at, outcome="merged", body=_told(one))
        for one in mine
    ]
    new = set(tx.signals.add(signals)) if signals else set()
    out = []
    for one in mine:
        if f"spool/{one.hash}" not in new:
            continue
        overlay = one.overlay
        tx.overlays.save(overlay)
        _record(tx, overlay, one.by, now, at=format_instant(one.at), spooled=one.hash, chained=one.chained)
        out.append(overlay)
    return out


def name_spool(text: str) -> str:
    """Return what names a spool by its text: the same once and twice, another for another."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def note_problems(tx: Transaction, spool: Spool, name: str, now: datetime) -> bool:
    """Journal which lines of a spool are damaged and tell everybody, once by its name; `False` if there is none new.

    Such a line forces nothing: somebody may have wanted to force a flag, and believes that it is.
    """
    told = Signal(tx.org, f"spool/{name}", "break_glass", AUTOMATION, now, outcome="damaged")
    if not spool.problems or not tx.signals.add([told]):
        return False
    some = list(spool.problems)[:MOST_PROBLEMS]
    tx.journal.append("break_glass.spool", {"id": told.id, "problems": some, "count": len(spool.problems)})
    where = f"`{SPOOL_FOLDER}/break-glass.{name}.merged.jsonl`"
    text = f"Not all that was forced while the store was away could be read. The file is kept as {where}: "
    tell_all(tx, told.id, "break_glass", "A break-glass spool is damaged", text + "; ".join(some), now)
    return True


def _told(one: Spooled) -> str:
    return json.dumps({"environment": one.environment, "flag": one.flag, "variant": one.variant, "reason": one.reason})


def force_flag(  # noqa: PLR0917  the words of the command, then who and when
    tx: Transaction, environment: str, flag: str, variant: str, reason: str, actor: str, now: datetime, ids: Ids
) -> Overlay:
    """Force a variant of a flag that Holdfast serves, past every guard; journaled, and everybody is told.

    Raises:
        NotFoundError: there is no such flag there.
        ConflictError: it has no such variant.
        UsageError: no reason.
    """
    why = check_force(environment, flag, variant, reason)
    known = tx.flags.find(environment, flag)
    if known is None:
        raise NotFoundError(f"there is no flag `{flag}` in `{environment}`", hint="`holdfast flags list` names them")
    variants = parse_flag(flag, known.definition).variants
    if variant not in variants:
        names = ", ".join(f"`{name}`" for name in list(variants)[:10])
        raise ConflictError(f"flag `{flag}` has no variant `{variant}`", hint=f"one of {names}")
    overlay = Overlay(tx.org, ids.new("ovl"), environment, flag, variant, why, None, now)
    tx.overlays.save(overlay)
    _record(tx, overlay, actor, now)
    return overlay


def _record(tx: Transaction, overlay: Overlay, actor: str, now: datetime, **facts: object) -> None:
    body: dict[str, object] = {
        "id": overlay.id,
        "environment": overlay.environment,
        "flag": overlay.flag,
        "variant": overlay.variant,
        "reason": overlay.reason,
        "by": actor,
    }
    tx.journal.append("flag.break_glass", body | facts)
    text = f"`{overlay.flag}` in {overlay.environment} is forced to `{overlay.variant}`: {overlay.reason}"
    tell_all(tx, f"{overlay.id}/break-glass", "break_glass", f"Glass broken for {overlay.flag}", text, now)


def lift_force(tx: Transaction, overlay_id: str, actor: str, now: datetime) -> None:
    """Lift what breaking the glass laid; a second time changes nothing.

    Raises:
        NotFoundError: there is no such overlay in force.
        ConflictError: a run laid it: that is taken back with the run.
    """
    overlay = tx.overlays.get(overlay_id)
    if overlay.run is not None:
        raise ConflictError(f"run {overlay.run} laid overlay {overlay.id}", hint="undo the run")
    if overlay.lifted_at is None:
        tx.overlays.lift(overlay_id, now)
        body = {"id": overlay.id, "environment": overlay.environment, "flag": overlay.flag, "by": actor}
        tx.journal.append("flag.break_glass_lifted", body)
