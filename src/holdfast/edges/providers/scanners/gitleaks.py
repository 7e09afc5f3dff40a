"""Gitleaks: secrets in files. It reads them, and hides what it finds.

What is there now is looked at, not the history. `gitleaks:allow`, `.gitleaksignore` and a `.gitleaks.toml` of the
repository count nothing; the operator's configuration (`HOLDFAST_GITLEAKS_CONFIG`) does.

Source: `gitleaks dir --help` of 8.30.
"""

from collections.abc import Sequence

from holdfast.edges.providers.scanners._spec import Places, ScannerSpec


def _argv(places: Places) -> Sequence[str]:
    own = ["--config", str(places.settings)] if places.settings else []
    quiet = ["--no-banner", "--no-color", "--redact=100", "--log-level", "error", "--exit-code", "0"]
    strict = ["--ignore-gitleaks-allow", "--gitleaks-ignore-path", str(places.empty)]
    out = ["--report-format", "sarif", "--report-path", str(places.report)]
    return ["dir", *quiet, *strict, *own, *out, "--", str(places.tree)]


SPEC = ScannerSpec(
    id="gitleaks",
    program="gitleaks",
    install="go install github.com/zricethezav/gitleaks/v8@v8.30.1",
    argv=_argv,
    looks_at=lambda _path: True,
    steered_by=frozenset({".gitleaks.toml", ".gitleaksignore"}),
    setting="HOLDFAST_GITLEAKS_CONFIG",
)
