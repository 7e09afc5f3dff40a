"""What flagd's sources share: a flag is forced by rewriting its value in the document that flagd reads.

Rules:
1. A forced flag is `ENABLED`, without targeting, and its default is the variant: never `DISABLED`, which would serve
   the default of the code that asks. Its metadata says who holds it, so that people who read the document see it.
2. Putting back writes the flag's own text again, to the byte. If the team changed the flag meanwhile, only what was
   forced is put back and their change stays; if nothing of ours is in it any more, it stays as it is.
3. A document that somebody else changes at the same moment is read again. Nothing of theirs is written over.
4. With `ofrep`, what flagd itself answers decides what is `served`: a document says what flagd will read, no more.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from holdfast.edges.providers.flag_providers._flagd_text import FlagdText
from holdfast.edges.providers.flag_providers._rest import Rest, canonical
from holdfast.edges.providers.target_spec import Option, Tools, text_option
from holdfast.errors import ActionError
from holdfast.model.flag import FlagReading
from holdfast.model.frozen import frozen
from holdfast.model.target import Target

TRIES = 5
MARK, HOLDER = "heldBy", "Holdfast"
_FORCED = ("state", "defaultVariant", "targeting")
OFREP = Option("ofrep", False, False, "Where flagd answers OFREP, to see what it serves.", kind="url")

Value = Mapping[str, Any]


@frozen
class Loaded:
    """A document, and what tells it apart from a later one."""

    document: FlagdText
    version: str


class Source(Protocol):
    """Where flagd reads its flags."""

    def load(self) -> Loaded:
        """Read the document. Raises: ActionError."""
        ...

    def save(self, text: str, loaded: Loaded) -> bool:
        """Write it if nobody changed it since; returns whether it was written. Raises: ActionError."""
        ...

    def find_problem(self) -> str | None:
        """Say why it could not be written; `None` when it could."""
        ...


class Flagd:
    """The flags of one document."""

    own = False

    def __init__(self, name: str, source: Source, ofrep: Rest | None) -> None:
        self.name = name
        self._source = source
        self._ofrep = ofrep

    def find_problem(self) -> str | None:
        """Say why it can't be used now: not there, not readable, not writable, flagd does not answer."""
        try:
            self._source.load()
            problem = self._source.find_problem()
            if problem is None and self._ofrep is not None:
                _evaluate(self._ofrep, "holdfast-asks")
        except ActionError as error:
            return error.message
        return problem

    def read(self, flag: str) -> FlagReading | None:
        """Return what it serves; `None` when there is no such flag. Raises: ActionError."""
        document = self._source.load().document
        value = document.flags.get(flag)
        if value is None:
            return None
        served = _served(value)
        by_rules = value.get("state") == "ENABLED" and bool(value.get("targeting"))
        if served is not None and self._ofrep is not None and _evaluate(self._ofrep, flag) != served:
            served = None  # flagd has not read the document yet
        definition = canonical({"text": document.value_text(flag), "value": value})
        return FlagReading(flag, tuple(_variants(value)), served, definition, held=_held(value), by_rules=by_rules)

    def force(self, flag: str, variant: str) -> None:
        """Let it serve one variant to everybody. Raises: ActionError."""

        def change(document: FlagdText) -> str:
            value = document.flags.get(flag)
            if value is None:
                raise ActionError(f"flagd: there is no flag `{flag[:80]}`")
            if variant not in _variants(value):
                raise ActionError(f"flagd: `{flag}` has no variant `{variant[:80]}`")
            if _held(value) == variant:
                return document.text
            return document.with_value(flag, _text(forced_value(value, variant)))

        self._change(change)

    def restore(self, flag: str, definition: str) -> None:
        """Bring the flag's own text back. Raises: ActionError."""
        before = _parse_definition(definition)

        def change(document: FlagdText) -> str:
            value = document.flags.get(flag)
            if value is None or _held(value) is None:
                return document.text
            if value != forced_value(before["value"], str(value.get("defaultVariant"))):
                return document.with_value(flag, _text(_put_back(value, before["value"])))
            return _with_own_text(document, flag, before)

        self._change(change)

    def _change(self, change: Callable[[FlagdText], str]) -> None:
        for _ in range(TRIES):
            loaded = self._source.load()
            text = change(loaded.document)
            if text == loaded.document.text or self._source.save(text, loaded):
                return
        raise ActionError(f"{self.name}: somebody else kept changing the document, {TRIES} times")

    def close(self) -> None:
        """Release connections."""
        if self._ofrep is not None:
            self._ofrep.close()


def forced_value(value: Value, variant: str) -> Value:
    """Return a flag that serves one variant to everybody; what else it says stays."""
    metadata = {**_metadata(value), MARK: HOLDER}
    return {**value, "state": "ENABLED", "defaultVariant": variant, "targeting": {}, "metadata": metadata}


def _put_back(value: Value, before: Value) -> Value:
    """Return a flag that the team changed while it was forced, with what was forced put back."""
    out = {name: one for name, one in value.items() if name not in _FORCED}
    out.update({name: before[name] for name in _FORCED if name in before})
    metadata = {name: one for name, one in _metadata(value).items() if name != MARK}
    out.pop("metadata", None)
    if metadata or "metadata" in before:
        out["metadata"] = metadata
    return out


def _with_own_text(document: FlagdText, flag: str, before: Mapping[str, Any]) -> str:
    try:
        text = document.with_value(flag, before["text"])
    except ActionError:  # the document was indented anew meanwhile: its value is what counts then
        return document.with_value(flag, _text(before["value"]))
    return text


def _variants(value: Value) -> Mapping[str, Any]:
    variants = value.get("variants")
    return variants if isinstance(variants, dict) else {}


def _metadata(value: Value) -> Value:
    found = value.get("metadata")
    return found if isinstance(found, dict) else {}


def _served(value: Value) -> str | None:
    """Return what everybody is served; `None` where the code's default is, or where rules decide."""
    default = value.get("defaultVariant")
    if value.get("state") != "ENABLED" or value.get("targeting") or not isinstance(default, str):
        return None
    return default if default in _variants(value) else None


def _held(value: Value) -> str | None:
    if _metadata(value).get(MARK) != HOLDER:
        return None
    return _served(value) or ""


def _text(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


def _parse_definition(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("value"), dict) or "text" not in document:
        raise ActionError("what flagd served before was not written down by this provider")
    return document


def _evaluate(ofrep: Rest, flag: str) -> str | None:
    """Return the variant that flagd answers for nobody in particular; `None` without one."""
    path = f"/ofrep/v1/evaluate/flags/{quote(flag, '')}"
    answer = ofrep.ask("POST", path, {"context": {}}, allow=(400, 404))
    document = answer.json("flagd")
    if not isinstance(document, dict) or not document.keys() & {"variant", "errorCode", "value"}:
        raise ActionError("what answers at `ofrep` is not flagd")
    variant = document.get("variant")
    return variant if isinstance(variant, str) else None


def open_ofrep(target: Target, _: Tools) -> Rest | None:
    """Return where flagd answers, `None` when the operator's file does not say."""
    url = text_option(target, "ofrep")
    return Rest("flagd", url, dict) if url is not None else None
