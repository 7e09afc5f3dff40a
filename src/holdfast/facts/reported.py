"""Reports of other tools, whichever it is: the content tells."""

from typing import Any

import msgspec

from holdfast.errors import FactError
from holdfast.facts.lockfiles._json import load_json
from holdfast.facts.reports import MAX_REPORT_BYTES, MAX_STREAMED_BYTES
from holdfast.facts.reports._gathering import ReportGathering
from holdfast.facts.reports._json_stream import ReadPart, open_document
from holdfast.facts.sboms.json_entries import prepare_json
from holdfast.model.reported import Report
from holdfast.registry import load_room


def read_report(file: str, data: bytes) -> Report:
    """Return what a report says.

    Raises:
        FactError: not JSON, of no known tool, or over the size that is held as a whole.
    """
    if len(data) > MAX_REPORT_BYTES:
        hint = "write it to a file: a file is read piece by piece"
        raise FactError(f"a report of over {MAX_REPORT_BYTES >> 20} MiB is not held as a whole", where=file, hint=hint)
    return _read(file, decode_object(file, data))


def read_report_parts(file: str, size_bytes: int, read: ReadPart) -> Report:
    """Return what a report of a known size says, whatever its size; a big one is read piece by piece.

    `read(start, count)` returns a part of it.

    Raises:
        FactError: as `read_report`, or over what is read at all.
    """
    if size_bytes <= MAX_REPORT_BYTES:
        return read_report(file, read(0, MAX_REPORT_BYTES + 1))
    if size_bytes > MAX_STREAMED_BYTES:
        hint = "let the tool report less, or report per folder"
        raise FactError(f"a report of over {MAX_STREAMED_BYTES >> 20} MiB is not read", where=file, hint=hint)
    return _read(file, open_document(file, read))


def _read(file: str, document: dict[str, Any]) -> Report:
    for spec in load_room("facts.reports"):
        if spec.fits(document):
            gathering = ReportGathering(file, spec.id)
            spec.read(document, gathering)
            return gathering.report()
    known = ", ".join(spec.id for spec in load_room("facts.reports"))
    raise FactError("a report of no tool that is known", where=file, hint=f"known are {known}")


def decode_object(file: str, data: bytes) -> dict[str, Any]:
    """Return the JSON object that a file holds. Raises: FactError: it is none, with its place."""
    data = prepare_json(file, data)
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        document = load_json(file, data)  # the slow reader says where it breaks, and takes what is not quite JSON
    if not isinstance(document, dict):
        raise FactError(f"expected a JSON object, got {type(document).__name__}", where=f"{file}:1")
    return document
