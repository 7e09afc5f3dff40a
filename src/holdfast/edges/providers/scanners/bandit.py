"""Bandit: weaknesses of Python code. It parses the code and never imports it.

Its defaults leave out whatever has `.git` or `CVS` in its path, so that `.github/x.py` would not be looked at; nothing
is left out here. `# nosec` counts nothing. It reads no configuration that is not named.

Source: bandit 1.9 documentation, "Command Line"; `bandit/core/manager.py`, `_is_file_included`.
"""

from collections.abc import Sequence

from holdfast.edges.providers.scanners._spec import Places, ScannerSpec


def _argv(places: Places) -> Sequence[str]:
    out = ["--format", "sarif", "--output", str(places.report)]
    return ["--quiet", "--recursive", "--ignore-nosec", "--exclude", str(places.empty), *out, "--", str(places.tree)]


SPEC = ScannerSpec(
    id="bandit",
    program="bandit",
    install="pip install 'bandit[sarif]'",
    argv=_argv,
    looks_at=lambda path: path.endswith(".py"),
    steered_by=frozenset({".bandit"}),
    good=frozenset({0, 1}),
)
