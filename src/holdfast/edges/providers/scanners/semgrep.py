"""Semgrep: patterns in code of many languages. It parses the code and never runs it.

The rules are the operator's, in a file or folder (`HOLDFAST_SEMGREP_RULES`): what comes from its registry is fetched,
and a repository's own rules are what the change says of itself. `nosemgrep` counts nothing. An ignore file of ours
stands in for its defaults, which leave tests out.

Source: `semgrep scan --help` of 1.182.
"""

from collections.abc import Sequence

from holdfast.edges.providers.scanners._spec import Places, ScannerSpec

_MOST_BYTES = 16 << 20


def _argv(places: Places) -> Sequence[str]:
    quiet = ["--metrics=off", "--disable-version-check", "--oss-only", "--quiet"]
    whole = ["--disable-nosem", "--no-git-ignore", f"--max-target-bytes={_MOST_BYTES}", "--no-rewrite-rule-ids"]
    rules = ["--config", str(places.settings)]
    return ["scan", *quiet, *whole, "--no-autofix", *rules, f"--sarif-output={places.report}", "--", str(places.tree)]


SPEC = ScannerSpec(
    id="semgrep",
    program="semgrep",
    install="pip install semgrep",
    argv=_argv,
    looks_at=lambda _path: True,
    steered_by=frozenset({".semgrepignore"}),
    setting="HOLDFAST_SEMGREP_RULES",
    needs_setting=True,
    own_files=((".semgrepignore", "# nothing is left out\n"),),
)
