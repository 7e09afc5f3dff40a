"""Policies as they are written: read whole, or refused with everything that is wrong."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import PolicyError
from holdfast.facts.manifest_schema import find_problems, load_schema
from holdfast.facts.manifest_yaml import parse_yaml
from holdfast.gate.policy import OnUnknown, Outcome
from holdfast.gate.policy_read import SCHEMA, _is_plainly_right, read_policy
from holdfast.model.build import Mode
from tests.gate.findings import NOW

WHOLE = b"""
version: 1
min_score: {default: 70, tier-1: 85}
data: {max_age: 24h, on_unknown: fail}
rules:
  - {id: known-exploited, when: "finding.known_exploited && finding.fix_available", then: block}
  - id: new-high
    when: >-
      finding.cvss >= 7.0 &&
      finding.introduced_here
    then: block
    because: no new high ones
    enforce_from: 2027-01-15T00:00:00Z
licenses: {allow: [MIT, Apache-2.0], block: [AGPL-3.0-only], unknown: warn}
deadlines: {table: bod-26-04, overdue: warn}
waivers: {max: 90d, epss_above: 0.05, approvers: [sec-lead]}
private: ["npm:@acme/*"]
mode: {now: warn, next: block, from: 2026-07-01T00:00:00Z}
on_unavailable: cached
lower_may: [min_score, new-high]
"""


def test_a_whole_policy_is_read() -> None:
    policy = read_policy(WHOLE, file="policy.yaml", name="org")
    assert (policy.bar(1), policy.bar(2), policy.bar(None)) == (85.0, 70.0, 70.0)
    assert (policy.max_age, policy.on_unknown) == (timedelta(hours=24), OnUnknown.FAIL)
    exploited, high = policy.rules
    assert exploited.then is Outcome.BLOCK
    assert high.enforce_from == datetime(2027, 1, 15, tzinfo=UTC)
    assert high.outcome(NOW) is Outcome.WARN
    assert high.outcome(datetime(2027, 1, 15, tzinfo=UTC)) is Outcome.BLOCK
    assert policy.licenses.otherwise is Outcome.BLOCK
    assert policy.mode is not None
    assert (policy.mode.at(NOW), policy.mode.at(NOW + timedelta(days=60))) == (Mode.WARN, Mode.BLOCK)
    assert policy.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        (b"", "p.yaml:1:1", "an empty policy"),
        (b"min_scor: {default: 70}", "p.yaml:1:1", "did you mean `min_score`?"),
        (b"min_score: {default: 170}", "p.yaml:1:22", "a score from 0 to 100"),
        (b"min_score: {tier-0: 7}", "p.yaml:1:13", "unknown key `tier-0`"),
        (b"data: {on_unknown: ignore}", "p.yaml:1:20", "`fail`, `warn` or `pass`"),
        (b"rules:\n  - {id: a, when: 'finding.cvs > 1', then: block}", "p.yaml:2:", "cvs"),
        (b"rules:\n  - {id: a, when: 'finding.cvss >', then: block}", "p.yaml:2:", "rule `a`"),
        (b"rules:\n  - {id: a, when: 'finding.cvss', then: block}", "p.yaml:2:", "gives bool"),
        (
            b"rules:\n  - {id: a, when: 'true', then: block}\n  - {id: a, when: 'true', then: warn}",
            "p.yaml:3:",
            "second",
        ),
        (b"rules:\n  - {id: a, when: 'true', then: block, enforce_from: tomorrow}", "p.yaml:2:", "an instant"),
        (b"rules:\n  - {id: a, when: 'true', then: block, enforce_from: 2026-13-45T00:00:00Z}", "p.yaml:2:", "2026-13"),
        (b"mode: {now: warn, next: block}", "p.yaml:1:7", "`from` is missing beside `next`"),
        (b"licenses: {allow: [MIT], block: [MIT]}", "p.yaml:1:", "two lists"),
        (b"licenses: {allow: [MIT], block: [mit]}", "p.yaml:1:", "two lists"),
        (b"licenses: {block: [AGPL3]}", "p.yaml:1:20", "`AGPL3` is no SPDX licence id"),
        (b"licenses: {block: ['MIT OR Zlib']}", "p.yaml:1:20", "is no SPDX licence id"),
        (b"lower_may: [min_scores]", "p.yaml:1:13", "nothing that can be loosened"),
        (b"a: &x 1\nb: *x", "p.yaml:1:", "an anchor"),
        (b"on_unavailable: later", "p.yaml:1:17", "`fail`, `pass` or `cached`"),
        (b"[1, 2]", "p.yaml:1:1", "a mapping"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: bytes, where: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(text, file="p.yaml")
    assert str(caught.value).startswith(where)
    assert words in str(caught.value)


_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 200), st.sampled_from(["block", "warn", "MIT", "24h", "x", "a b"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["default", "tier-1", "id", "when", "then", "max_age", "now", "next", "from", "allow"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)
_DOCUMENTS = st.dictionaries(
    st.sampled_from(["min_score", "data", "rules", "licenses", "deadlines", "waivers", "private", "mode", "version"]),
    _VALUES,
    max_size=4,
)


@given(_DOCUMENTS)
def test_what_is_plainly_right_breaks_nothing_of_the_published_schema(document: dict[str, object]) -> None:
    root, problems = parse_yaml(json.dumps(document).encode(), file="p.yaml")
    assert root is not None
    assert not problems
    if _is_plainly_right(root):
        assert find_problems(root, schema=SCHEMA) == []


def test_the_published_schema_is_the_one_that_counts() -> None:
    published = Path(__file__).parents[2] / "docs/reference/policy.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == load_schema(SCHEMA)
