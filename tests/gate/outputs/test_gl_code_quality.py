"""GitLab's code quality report: every field that GitLab needs, in its words."""

import json
from typing import Any

from holdfast.gate.outputs.gl_code_quality import SPEC
from tests.gate.outputs.samples import CONTEXT, GAPS, HEAD, make


def issues() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(SPEC.render(make(), CONTEXT))
    return found


def test_every_issue_has_what_gitlab_needs() -> None:
    found = issues()
    assert len(found) == len(HEAD) - 2 + len(GAPS)  # without the two that are waived
    assert len({one["fingerprint"] for one in found}) == len(found)
    for one in found:
        assert one["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert one["description"]
        assert one["check_name"].startswith("holdfast/")
        assert not one["location"]["path"].startswith(("/", "./"))
        assert one["location"]["lines"]["begin"] >= 1


def test_what_blocks_is_a_blocker_and_what_is_waived_is_left_out() -> None:
    rated = {one["check_name"]: one["severity"] for one in issues()}
    assert rated["holdfast/GHSA-a-b-c"] == "blocker"
    assert rated["holdfast/CVE-2026-2"] == "minor"
    assert rated["holdfast/could-not-tell"] == "major"
    assert "holdfast/CVE-2026-3" not in rated
