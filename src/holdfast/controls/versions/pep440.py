"""Versions of Python packages.

Rules:

* PEP 440 in full: epochs, pre-, post- and development releases, local versions, every spelling it normalizes;
* a string that is none of these is a legacy version, as setuptools ordered them before PEP 440; all of them sort below
  every valid version;
* an empty string is no version.

Source: https://peps.python.org/pep-0440/
"""

import re

from holdfast.controls.versions._number import SMALL, encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

# Possessive quantifiers: a run of 10,000 digits is looked at once.
_VERSION = re.compile(
    r"""v?
    (?:([0-9]++)!)?
    ([0-9]++(?:\.[0-9]++)*+)
    (?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*+))?
    (?:-([0-9]++)|[-_.]?(post|rev|r)[-_.]?([0-9]*+))?
    (?:[-_.]?(dev)[-_.]?([0-9]*+))?
    (?:\+([a-z0-9]++(?:[-_.][a-z0-9]++)*+))?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_LEGACY_PART = re.compile(r"([0-9]++|[a-z]++|\.|-)")
_LEGACY_WORD = {"pre": "c", "preview": "c", "-": "final-", "rc": "c", "dev": "@"}
_PRE_RANK = {
    "a": b"\x02",
    "alpha": b"\x02",
    "b": b"\x03",
    "beta": b"\x03",
    "c": b"\x04",
    "rc": b"\x04",
    "pre": b"\x04",
    "preview": b"\x04",
}

_LEGACY, _VALID = b"\x01", b"\x02"
_ONLY_DEV, _NO_PRE = b"\x01", b"\x05"
_NO_POST = b"\x00"
_DEV, _NO_DEV = b"\x01", b"\x02"
_LOCAL_TEXT, _LOCAL_NUMBER = b"\x01", b"\x02"
_END = b"\x00"
_PLAIN_HEAD = _VALID + encode_number("0")
_PLAIN_TAIL = _END + _NO_PRE + _NO_POST + _NO_DEV + _END
_LEGACY_ESCAPES = {ord(c): "\x02" + c for c in "\x00\x01\x02"}


def _release_key(release: str) -> bytes:
    parts = release.split(".")
    while len(parts) > 1 and not parts[-1].strip("0"):
        parts.pop()
    return b"".join(map(encode_number, parts))


def _plain_key(version: str) -> bytes | None:
    """Return the key of a version that is nothing but small numbers, as nearly all are; `None` where it is more."""
    numbers = [SMALL.get(part, b"") for part in version.split(".")]
    if b"" in numbers:
        return None
    while len(numbers) > 1 and numbers[-1] == SMALL["0"]:
        numbers.pop()
    return _PLAIN_HEAD + b"".join(numbers) + _PLAIN_TAIL


def _local_key(local: str) -> bytes:
    out = []
    for part in re.split("[-_.]", local.lower()):
        if part.isdigit():
            out.append(_LOCAL_NUMBER + encode_number(part))
        else:
            out.append(_LOCAL_TEXT + part.encode("ascii") + _END)
    return b"".join(out)


def _legacy_key(version: str) -> bytes:
    parts: list[str] = []
    for raw in _LEGACY_PART.split(version.lower()):
        part = _LEGACY_WORD.get(raw, raw)
        if not part or part == ".":
            continue
        if part[0] in "0123456789":
            parts.append(part.zfill(8))
        else:
            _append_legacy_word(parts, "*" + part)
    _append_legacy_word(parts, "*final")
    escaped = (part.translate(_LEGACY_ESCAPES).encode("utf-8", "surrogatepass") for part in parts)
    return _LEGACY + b"".join(part + b"\x01" for part in escaped) + _END


def _append_legacy_word(parts: list[str], word: str) -> None:
    """Append a word; what stands before it and means nothing (`final-`, trailing zeros) goes."""
    if word < "*final":
        while parts and parts[-1] == "*final-":
            parts.pop()
    while parts and parts[-1] == "00000000":
        parts.pop()
    parts.append(word)


def key(version: str) -> bytes | None:
    """Return the order-preserving key of a version, legacy or not; `None` for an empty string."""
    version = version.strip()
    if (plain := _plain_key(version)) is not None:
        return plain
    match = _VERSION.fullmatch(version)
    if match is None:
        return _legacy_key(version) if version else None
    epoch, release, pre, pre_number, implicit_post, post, post_number, dev, dev_number, local = match.groups()
    if match.lastindex == 2 and epoch is None:
        return _PLAIN_HEAD + _release_key(release) + _PLAIN_TAIL
    has_post = implicit_post is not None or post is not None
    if pre is not None:
        pre_key = _PRE_RANK[pre.lower()] + encode_number(pre_number)
    else:
        pre_key = _ONLY_DEV if dev is not None and not has_post else _NO_PRE
    return b"".join(
        (
            _VALID,
            encode_number(epoch or "0"),
            _release_key(release),
            _END,
            pre_key,
            encode_number(implicit_post or post_number or "0") if has_post else _NO_POST,
            _DEV + encode_number(dev_number) if dev is not None else _NO_DEV,
            _local_key(local) if local is not None else b"",
            _END,
        )
    )


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1; `None` only when one of them is empty."""
    return compare_keys(key(a), key(b))


SPEC = SchemeSpec(id="pep440", ecosystems=("PyPI",), key=key, compare=compare)
