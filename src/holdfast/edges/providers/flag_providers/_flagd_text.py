"""The text of a flagd document, changed at one place alone.

Rules:
1. Only the value of the one flag is written anew; every other character of the document stays, comments too. What was
   there before is kept as text, so that putting it back gives the same bytes.
2. YAML is read as flagd reads it: `on`, `off`, `yes`, `no` and dates are texts. A key that is no text is refused.
3. A change is proven before it is used: the new text must say the same of everything but that flag.

Source: flagd's flag definitions, JSON or YAML.
"""

import json
import re
from collections.abc import Iterator, Mapping
from json.decoder import JSONDecoder
from typing import Any

import yaml

from holdfast.errors import ActionError
from holdfast.model.frozen import frozen

MAX_TEXT_BYTES = 16 << 20
_SPACE = " \t\r\n"


class _Loader(yaml.SafeLoader):
    """YAML without the words of version 1.1 that stand for booleans, and without dates."""


_NOT_IN_JSON = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
_Loader.yaml_implicit_resolvers = {
    sign: [one for one in resolvers if one[0] not in _NOT_IN_JSON]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), "tTfF")


def _has_texts_as_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _has_texts_as_keys(one) for key, one in value.items())
    return not isinstance(value, list) or all(map(_has_texts_as_keys, value))


@frozen
class Span:
    """Where a flag's value stands in the text."""

    start: int
    end: int


@frozen
class FlagdText:
    """A document as it was read. `kind` is `json` or `yaml`."""

    text: str
    kind: str
    flags: Mapping[str, Mapping[str, Any]]

    def value_text(self, flag: str) -> str:
        """Return the text of a flag's value, as it stands there. Raises: ActionError: it can't be found."""
        span = self._span(flag)
        return self.text[span.start : span.end]

    def with_value(self, flag: str, value: str) -> str:
        """Return the document's text with another value of one flag.

        Raises:
            ActionError: that would change something else as well, or give no document.
        """
        span = self._span(flag)
        text = self.text[: span.start] + value + self.text[span.end :]
        changed = _load(text, self.kind)
        expected = _load(self.text, self.kind)
        expected["flags"][flag] = changed["flags"].get(flag) if isinstance(changed.get("flags"), dict) else None
        if changed != expected or not isinstance(expected["flags"][flag], dict):
            raise ActionError(
                f"flagd: `{flag}` can't be changed without changing something else",
                hint="write it without anchors, on lines of its own",
            )
        return text

    def _span(self, flag: str) -> Span:
        span = _json_span(self.text, flag) if self.kind == "json" else _yaml_span(self.text, flag)
        if span is None:
            raise ActionError(f"flagd: there is no flag `{flag[:80]}`")
        return span


def parse_flagd(text: str, kind: str) -> FlagdText:
    """Return a document of flags. Raises: ActionError: it is none; says why."""
    flags = _load(text, kind).get("flags")
    if kind == "yaml" and not _has_texts_as_keys(flags):
        raise ActionError("flagd: a key in its flags is no text", hint="write it in quotes")
    if not isinstance(flags, dict) or not all(isinstance(one, dict) for one in flags.values()):
        raise ActionError("flagd: expected an object `flags` that maps keys to flags")
    return FlagdText(text, kind, flags)


def _load(text: str, kind: str) -> dict[str, Any]:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise ActionError(f"flagd: over {MAX_TEXT_BYTES >> 20} MiB of flags")
    try:
        document = json.loads(text) if kind == "json" else yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ActionError(
            f"flagd: the flags can't be read as {kind.upper()}: {' '.join(str(error).split())[:200]}"
        ) from None
    if not isinstance(document, dict):
        raise ActionError("flagd: expected an object with `flags`")
    return document


def _json_span(text: str, flag: str) -> Span | None:
    """Find a flag's value; of a key that is given twice the last one counts, as it does for every reader."""
    found = None
    for key, outer in _members(text, _skip(text, 0)):
        if key == "flags":
            found = None
            for name, span in _members(text, outer.start):
                if name == flag:
                    found = span
    return found


def _members(text: str, start: int) -> Iterator[tuple[str, Span]]:
    """Yield key and place of every member of the object that begins there; the text was read as JSON before."""
    decoder, at = JSONDecoder(), _skip(text, start + 1)
    if text[start] != "{" or text[at] == "}":
        return
    while True:
        key, at = decoder.raw_decode(text, at)
        begin = _skip(text, _skip(text, at) + 1)
        _value, end = decoder.raw_decode(text, begin)
        yield key, Span(begin, end)
        at = _skip(text, end)
        if text[at] == "}":
            return
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _yaml_span(text: str, flag: str) -> Span | None:
    root = yaml.compose(text, Loader=_Loader)
    flags = _find(root, "flags")
    node = _find(flags, flag) if flags is not None else None
    if node is None:
        return None
    start, end = node.start_mark.index, _end(node)
    while end > start + 1 and text[end - 1] in _SPACE:  # a block of text ends behind its last line break
        end -= 1
    return Span(start, end)


def _find(node: Any, key: str) -> Any:
    """Return the value of a key in a mapping's node, the last one; `None` without it."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in reversed(node.value) if name.value == key), None)


def _end(node: Any) -> int:
    """Return where a value really ends: a block's own mark lies behind the comments and empty lines after it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return max(_end(value) for _, value in node.value)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return max(_end(value) for value in node.value)
    return int(node.end_mark.index)
