"""Runs as they are stored, by this version or another one.

Rules:
1. What an older version saved is read as what it meant then: `approved_by` is one approval.
2. A field that this version does not know is passed over.
3. A run with a value that this version does not know (a state, a rung) is read as one that needs a person, with the
   reason: whoever knows the value goes on with it. Nothing that was read so is written back, but that it is let go of,
   and the exposure that it guards: all else of it stays as that version wrote it.
"""

import json
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from holdfast.errors import HoldfastError
from holdfast.model.plan import Autonomy, Coverage, OnExpiry, OnFailure
from holdfast.model.run import FOREIGN, Run, RunState, StepState

_PLAN_FIELDS: tuple[tuple[str, type[StrEnum]], ...] = (
    ("coverage", Coverage),
    ("on_failure", OnFailure),
    ("on_expiry", OnExpiry),
)


@lru_cache(maxsize=4096)
def read_run(body: str) -> Run:
    """Return the run that a body describes; the same one for the same text.

    Raises:
        HoldfastError: it is no run at all.
    """
    try:
        if '"approved_by"' not in body:
            return msgspec.json.decode(body, type=Run)
        return msgspec.convert(_modernized(json.loads(body)), Run)
    except (msgspec.ValidationError, KeyError) as error:
        return _read_foreign(body, str(error))
    except (msgspec.DecodeError, ValueError) as error:
        raise HoldfastError(f"a run can't be read: {error}", hint="was the database changed by hand?") from error


def _modernized(raw: dict[str, Any]) -> dict[str, Any]:
    by = raw.pop("approved_by", None)
    if by is not None and not raw.get("approvals"):
        raw["approvals"] = [{"by": by, "at": raw.get("updated_at") or raw["created_at"]}]
    return raw


def _read_foreign(body: str, problem: str) -> Run:
    raw = json.loads(body)
    try:
        raw = _modernized(raw)
        raw |= {"state": RunState.NEEDS_PERSON.value, "undoing": True}
        raw["held"] = f"{FOREIGN}: {problem}"
        raw["level"] = _known(raw.get("level"), Autonomy, Autonomy.APPROVE_1)
        for step in raw["steps"]:
            step["state"] = _known(step.get("state"), StepState, StepState.UNKNOWN)
        plan = raw["plan"]
        for name, kind in _PLAN_FIELDS:
            if name in plan and _known(plan[name], kind, None) is None:
                del plan[name]
        plan.setdefault("coverage", None)
        plan["autonomy"] = [[name, _known(rung, Autonomy, Autonomy.OBSERVE)] for name, rung in plan["autonomy"]]
        return msgspec.convert(raw, Run)
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
        run_id = raw.get("id") if isinstance(raw, dict) else None
        raise HoldfastError(
            f"run `{run_id}` can't be read: {error}", hint="which version of Holdfast wrote it?"
        ) from error


def patch_foreign(body: str, run: Run) -> str:
    """Return another version's body with what this version may say of it."""
    said = {"exposure": run.exposure, "released": run.released, "undo_because": run.undo_because}
    return json.dumps(json.loads(body) | said)


def _known(value: Any, kind: type[StrEnum], otherwise: StrEnum | None) -> str | None:
    known = {member.value for member in kind}
    return str(value) if value in known else otherwise.value if otherwise else None
