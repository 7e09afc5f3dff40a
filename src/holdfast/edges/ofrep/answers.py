"""Answers, encoded: evaluations of one flag and of all, the latter remembered while nothing changes.

Rules:
1. The bulk answer's ETag changes exactly when a value does, for the context that was sent.
2. An answer is remembered by (edition, context), so that ten thousand clients of one context cost one evaluation; not
   where a rule reads the time. At most 32 MiB are remembered.
"""

import hashlib
from collections import OrderedDict
from dataclasses import replace

import msgspec
from openfeature.evaluation_context import EvaluationContext

from holdfast.edges.ofrep.wire import BulkEvaluationSuccess, EvaluationFailure, EventStream, to_result, to_wire
from holdfast.loop.flag_snapshot import FlagSnapshot
from holdfast.loop.flags import etag_of
from holdfast.mitigations.evaluation import Evaluated, Evaluation, NotEvaluated
from holdfast.mitigations.flag_document import FLAG_SET, REVISION

MAX_REMEMBERED_BYTES = 32 << 20

_STREAM_MARK = "holdfast-stream-goes-here"


def encode_one(snapshot: FlagSnapshot, value: Evaluation) -> bytes:
    """Return one flag's answer; its metadata names the set and the revision, for hooks that report what they saw."""
    if isinstance(value, Evaluated):
        value = replace(value, metadata=_set_of(snapshot) | dict(value.metadata))
    return msgspec.json.encode(to_wire(value))


def encode_refusal(value: NotEvaluated) -> bytes:
    """Return why nothing could be evaluated."""
    return msgspec.json.encode(EvaluationFailure(value.code, value.details, value.key))


def _set_of(snapshot: FlagSnapshot) -> dict[str, str | int | float | bool]:
    return {FLAG_SET: snapshot.environment, REVISION: snapshot.revision}


class BulkAnswers:
    """Encoded bulk answers. Used from one event loop."""

    def __init__(self, limit_bytes: int = MAX_REMEMBERED_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._size = 0
        self._known: OrderedDict[tuple[str, str, str, bytes], tuple[str, bytes, bytes]] = OrderedDict()
        self.evaluated = 0

    def get(
        self, snapshot: FlagSnapshot, body: bytes, context: EvaluationContext, stream_url: str
    ) -> tuple[str, bytes]:
        """Return (ETag, answer) for a context; `body` is the request that it was read from."""
        key = (snapshot.org, snapshot.environment, snapshot.edition, hashlib.sha256(body).digest())
        known = self._known.get(key)
        if known is None:
            known = self._evaluate(snapshot, context)
            if snapshot.is_timeless and snapshot.stale_since is None:
                self._remember(key, known)
        etag, head, tail = known
        return etag, head + msgspec.json.encode(stream_url) + tail

    def _evaluate(self, snapshot: FlagSnapshot, context: EvaluationContext) -> tuple[str, bytes, bytes]:
        self.evaluated += 1
        values = snapshot.evaluate_all(context)
        metadata = _set_of(snapshot)
        if snapshot.stale_since is not None:
            metadata["staleSince"] = snapshot.stale_since.isoformat()
        results, streams = [to_result(value) for value in values], [EventStream("sse", _STREAM_MARK)]
        body = BulkEvaluationSuccess(results, streams, metadata)
        head, _, tail = msgspec.json.encode(body).rpartition(f'"{_STREAM_MARK}"'.encode())
        return etag_of(values), head, tail

    def _remember(self, key: tuple[str, str, str, bytes], known: tuple[str, bytes, bytes]) -> None:
        self._known[key] = known
        self._size += len(known[1])
        while self._size > self._limit_bytes:
            _, (_, head, _) = self._known.popitem(last=False)
            self._size -= len(head)
