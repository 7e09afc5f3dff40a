"""Licences against a policy's lists.

Rules:

1. What is given is an SPDX expression. Of `A OR B` the milder answer counts, of `A AND B` the stricter; `A WITH e` is
   looked up as a whole, then as `A`.
2. Several expressions of one component all hold, as with `AND`.
3. A text that is no SPDX expression, `NOASSERTION` and `NONE` are a licence that is not known.

Source: SPDX specification 2.3, annex D.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from holdfast.gate.policy import STRICTNESS, LicenseRules, Outcome

_REFERENCE = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_NOT_SAID = frozenset({"", "NOASSERTION", "NONE"})


def judge_licenses(rules: LicenseRules, licenses: Sequence[str]) -> tuple[Outcome, str]:
    """Return what becomes of a component, and why in words."""
    said = [text for text in licenses if text.strip() not in _NOT_SAID]
    if not said:
        return rules.unknown, "it tells no licence"
    found = [_judge(rules, text) for text in said]
    return max(found, key=lambda one: STRICTNESS[one[0]])


def find_license_id(text: str) -> str | None:
    """Return how SPDX writes one licence, with an exception where it has one; `None` where it is none, or several.

    `LicenseRef-…` names are taken as they are.
    """
    tree = _parse(text)
    if tree is None or isinstance(tree, (_licensing().OR, _licensing().AND)):
        return None
    return str(tree.render())


def _judge(rules: LicenseRules, text: str) -> tuple[Outcome, str]:
    tree = _parse(text)
    if tree is None:
        return rules.unknown, f"`{text[:60]}` is no SPDX expression"
    return _walk(rules, tree), f"licence `{text[:60]}`"


@cache
def _licensing() -> Any:  # the library carries no types
    from license_expression import get_spdx_licensing  # it loads its index of licences: only where a policy has lists

    return get_spdx_licensing()


@cache
def _parse(text: str) -> Any:
    from license_expression import ExpressionError, ParseError

    if len(text) > 1000:
        return None
    try:
        tree = _licensing().parse(text, strict=True)
        unknown = _licensing().unknown_license_keys(tree)
    except (ExpressionError, ParseError, RecursionError):
        return None
    return tree if all(map(_REFERENCE.fullmatch, unknown)) else None  # not validated: that knows no `LicenseRef-…`


def _walk(rules: LicenseRules, tree: Any) -> Outcome:
    licensing = _licensing()
    if isinstance(tree, licensing.OR):
        return min((_walk(rules, part) for part in tree.args), key=STRICTNESS.__getitem__)
    if isinstance(tree, licensing.AND):
        return max((_walk(rules, part) for part in tree.args), key=STRICTNESS.__getitem__)
    return _look_up(rules, list(_names(tree)))


def _names(tree: Any) -> Iterator[str]:
    yield str(tree.render())
    base = getattr(tree, "license_symbol", None)
    if base is not None:
        yield str(base.key)


def _look_up(rules: LicenseRules, names: Sequence[str]) -> Outcome:
    for name in names:
        for listed, outcome in ((rules.block, Outcome.BLOCK), (rules.warn, Outcome.WARN), (rules.allow, Outcome.ALLOW)):
            if name in listed:
                return outcome
    return rules.otherwise
