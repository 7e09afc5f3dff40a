"""Versions of Ruby gems.

Rules:

* runs of digits and runs of letters are segments, whatever divides them; `-` is short for `.pre.`;
* zeros at the end, and zeros before the first word, do not count;
* segment by segment, a missing one is 0; a word precedes every number, so anything with a letter is a pre-release;
* what RubyGems would refuse (`v1.0`, `1.0_2`) has no key and is compared leniently.

Source: Ruby's documentation, Gem::Version
"""

import re

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_CORRECT = re.compile(r"[0-9]++(?:\.[0-9a-zA-Z]++)*+(?:-[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)?", re.ASCII)
_LOOSE = re.compile(r"v?[0-9]", re.ASCII | re.IGNORECASE)
_SEGMENTS = re.compile(r"[0-9]++|[a-zA-Z]++", re.ASCII)

# What a key goes on with. Zeros in between are counted: the more of them, the nearer is what follows to the end.
_WORD, _ZEROS_AND_WORD, _END, _ZEROS_AND_NUMBER, _NUMBER = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
_END_OF_WORD = b"\x00"
_REVERSED = bytes(range(255, -1, -1))


def _without_zeros(segments: list[str]) -> list[str]:
    end = len(segments)
    while end and not segments[end - 1].strip("0"):
        end -= 1
    return segments[:end]


def _canonical(version: str) -> list[str]:
    segments: list[str] = _SEGMENTS.findall(version.replace("-", ".pre."))
    words = next((place for place, segment in enumerate(segments) if not segment.isdigit()), len(segments))
    return _without_zeros(segments[:words]) + _without_zeros(segments[words:])


def _segments_key(segments: list[str]) -> bytes:
    out = []
    zeros = 0
    for segment in segments:
        is_number = segment.isdigit()
        if is_number and not segment.strip("0"):
            zeros += 1
            continue
        skipped = encode_number(str(zeros)) if zeros else b""
        if is_number:
            head = _ZEROS_AND_NUMBER + skipped.translate(_REVERSED) if zeros else _NUMBER
            out.append(head + encode_number(segment))
        else:
            head = _ZEROS_AND_WORD + skipped if zeros else _WORD
            out.append(head + segment.encode("ascii") + _END_OF_WORD)
        zeros = 0
    return b"".join(out) + _END


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what RubyGems would refuse."""
    version = version.strip()
    return _segments_key(_canonical(version)) if _CORRECT.fullmatch(version) else None


def _loose_key(version: str) -> bytes | None:
    version = version.strip()
    match = _LOOSE.match(version)
    return None if match is None else _segments_key(_canonical(version[match.end() - 1 :]))


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 by the lenient order; `None` when one of them does not begin with a number."""
    return compare_keys(_loose_key(a), _loose_key(b))


SPEC = SchemeSpec(id="rubygems", ecosystems=("RubyGems",), key=key, compare=compare)
