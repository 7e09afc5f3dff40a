"""What other tools say of a build, on the wire: as the terminal read it from their reports."""

import msgspec

from holdfast.edges.api.body import decode_json
from holdfast.errors import UsageError
from holdfast.loop.gate_reported import Reported
from holdfast.model.finding import OURS

MOST = 200_000
_LONGEST = 4096


def read_reported(raw: msgspec.Raw, *, where: str = "$.reported") -> Reported:
    """Return what was sent.

    Raises:
        UsageError: not of that form, too much of it, or a finding that no other tool has seen.
        FactError: a component that is none.
    """
    found: Reported = decode_json(raw, Reported, within=where)
    if len(found.findings) + len(found.gaps) > MOST:
        raise UsageError(f"expected at most {MOST} findings and gaps", where=where, hint="send a narrower report")
    for number, (one, _) in enumerate(found.findings):
        place = f"{where}.findings[{number}]"
        if not one.tools or OURS in one.tools:
            raise UsageError("no other tool has seen it", where=place, hint="name the tool in `tools`")
        if (
            not one.id
            or max(len(text) for text in (one.id, one.title, one.fingerprint, *one.ids, *one.marks)) > _LONGEST
        ):
            raise UsageError(f"a text of a finding is empty, or longer than {_LONGEST} characters", where=place)
    return found
