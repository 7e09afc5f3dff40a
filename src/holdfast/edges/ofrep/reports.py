"""What clients report: that an application was given a value, and what a relay knows of its own clients.

Rules:
1. Nobody is proven beyond what was served: a revision that is not there yet counts as the newest one.
2. A name is one line that can be printed. A report of a client without one is not kept, and holds up no other.
"""

from dataclasses import replace
from datetime import datetime

import msgspec

from holdfast.edges.ofrep.sending import Answer, general, json_answer
from holdfast.edges.ofrep.wire import ClientIn, ClientsIn, EffectIn, EffectOut
from holdfast.loop.flag_clients import KINDS, ClientBook, ClientName, identify_client, is_name
from holdfast.loop.flag_snapshot import FlagSnapshot
from holdfast.model.flag import FlagClient
from holdfast.model.tenancy import Token

MAX_REPORT_BYTES = 4 << 20
MAX_REPORTED = 5000


def take_effect(
    book: ClientBook, snapshot: FlagSnapshot, name: ClientName, token: Token, body: bytes, *, now: datetime
) -> Answer:
    """Count what an application was given as a proof, where it is one.

    It is none when the flag is forced and another variant was given: that application does not see the change. Nor when
    there is no such flag: what an application makes of that is its own.
    """
    try:
        effect = msgspec.json.decode(body, type=EffectIn)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return general(400, f"expected a flag and its variant: {str(error)[:200]}")
    if effect.client:
        if not is_name(effect.client):
            return general(400, "expected a client's name on one line, of at most 128 characters")
        name = replace(name, id=identify_client(effect.client, token))
    if not snapshot.has(effect.flag):
        return json_answer(202, msgspec.json.encode(EffectOut(False, "there is no such flag")))
    forced = snapshot.forced(effect.flag)
    if forced is not None and effect.variant != forced:
        return json_answer(202, msgspec.json.encode(EffectOut(False, f"`{forced}` is forced, and not this variant")))
    if forced is None and effect.revision is None:
        return json_answer(202, msgspec.json.encode(EffectOut(False, "nothing forces it, and no revision is named")))
    place = (snapshot.org, snapshot.environment)
    book.take_effect(place, name, effect.flag[:128], now, revision=effect.revision, current=snapshot.revision)
    return json_answer(202, msgspec.json.encode(EffectOut(True)))


def take_clients(book: ClientBook, snapshot: FlagSnapshot, relay: ClientName, body: bytes, now: datetime) -> Answer:
    """Keep what a relay says of its clients; each is named behind the relay."""
    try:
        report = msgspec.json.decode(body, type=ClientsIn)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return general(400, f"expected clients: {str(error)[:200]}")
    if len(report.clients) > MAX_REPORTED:
        return general(413, f"{len(report.clients)} clients at once; the limit is {MAX_REPORTED}")
    known = [one for one in report.clients if one.kind in KINDS and is_name(one.id)]
    book.report((_client(snapshot, relay, one, now) for one in known), now)
    return json_answer(202, b"{}")


def _client(snapshot: FlagSnapshot, relay: ClientName, one: ClientIn, now: datetime) -> FlagClient:
    newest = snapshot.revision

    def served(revision: int | None) -> int | None:
        return None if revision is None else max(0, min(revision, newest))

    def pairs(given: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
        return tuple((flag[:128], max(0, min(revision, newest))) for flag, revision in given)

    return FlagClient(
        snapshot.org,
        snapshot.environment,
        f"{relay.id}/{one.id}"[:200],
        one.kind,
        one.service if one.service and is_name(one.service) else None,
        one.target if one.target and is_name(one.target) else None,
        served(one.delivered),
        served(one.fetched),
        served(one.effective),
        one.connected,
        now,
        pairs(one.effects),
        pairs(one.asked),
    )
