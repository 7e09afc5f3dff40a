"""What files say of licences, as texts: SPDX expressions where they are given, else names.

Rules:

1. Nothing is concluded: a text is kept as the file has it, only white space trimmed.
2. `NOASSERTION`, `NONE`, `UNKNOWN` and nothing at all are no licence.
3. Python's classifiers are SPDX identifiers where they name one licence in one version; others are names.
4. Over 512 bytes or with control characters it is a licence text, not a name, and is left out.

Source: SPDX 2.3 clause 7.13; PEP 639; Trove classifiers, `License ::`.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from holdfast.model.component import MAX_TEXT_BYTES

_NO_LICENSE = {"", "NOASSERTION", "NONE", "UNKNOWN", "UNLICENSED"}
_CLASSIFIER = "License :: "
_OF_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Universal Permissive License (UPL)": "UPL-1.0",
    "zlib/libpng License": "Zlib",
}


@lru_cache(maxsize=4096)
def _clean(text: str) -> str:
    one = text.strip()
    if one.upper() in _NO_LICENSE or not one.isprintable():
        return ""
    return one if len(one.encode("utf-8", "surrogatepass")) <= MAX_TEXT_BYTES else ""


def license_texts(given: Iterable[object]) -> tuple[str, ...]:
    """Return the licences among the values of a file, each once; what is no text, or names none, is left out."""
    texts = (_clean(one) for one in given if isinstance(one, str))
    return tuple(dict.fromkeys(one for one in texts if one))


@lru_cache(maxsize=4096)
def is_expression(text: str) -> bool:
    """Tell whether a text is an expression over identifiers of SPDX, written as SPDX writes them."""
    from license_expression import ExpressionError, ExpressionParseError

    try:
        parsed = _licensing().parse(text, validate=True, strict=True)
    except (ExpressionError, ExpressionParseError):
        return False
    return parsed is not None and _words(str(parsed)) == _words(text)


def _words(text: str) -> list[str]:
    return text.replace("(", " ").replace(")", " ").split()


@cache
def _licensing() -> Any:  # the library carries no types
    from license_expression import get_spdx_licensing  # it loads its index of licences, which readers have no need of

    return get_spdx_licensing()


def python_licenses(expression: str, text: str, classifiers: Iterable[str]) -> tuple[str, ...]:
    """Return the licences of a Python package: its expression, else its classifiers, else its free text of one line."""
    if stated := license_texts([expression]):
        return stated
    last = (one.rpartition(" :: ")[2].strip() for one in classifiers if one.startswith(_CLASSIFIER))
    named = license_texts(_OF_CLASSIFIER.get(one, one) for one in last if one != "OSI Approved")
    return named or license_texts([text])
