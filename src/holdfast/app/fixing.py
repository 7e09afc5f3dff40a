"""Wires `holdfast fix`: what a gate has, and lock commands run in a small environment."""

import os
import tempfile
from pathlib import Path

from holdfast.app.gating import LocalGate
from holdfast.edges.cli.fix import make_fix
from holdfast.errors import ActionError
from holdfast.remediations.locks import Lock


class LocalFix(LocalGate):
    """Fixes on this machine."""

    def lock(self, lock: Lock, folder: Path, timeout_s: float) -> None:
        """Run a lock command with a home of its own: no credentials, settings or tokens of anybody are there.

        Raises:
            UnsentError, ActionError: it did not start, or not end well.
        """
        from holdfast.edges.providers.processes import run_program

        with tempfile.TemporaryDirectory(prefix="holdfast-lock-") as home:
            variables = {**_without_credentials(), **_empty_homes(home), **dict(lock.variables)}
            ended = run_program(lock.argv, timeout_s=timeout_s, variables=variables, folder=str(folder))
        if ended.status != 0:
            raise ActionError(f"`{lock.argv[0]}` ended with status {ended.status}: {ended.last_line}")


_PLAIN = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "npm_config_registry", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
"""Where packages come from; passed on as long as no name or password stands in it."""


def _without_credentials() -> dict[str, str]:
    given = {name: os.environ.get(name, "") for name in _PLAIN}
    return {name: value for name, value in given.items() if value and "@" not in value}


def _empty_homes(home: str) -> dict[str, str]:
    """Where tools look for what they know of a person: nowhere. Toolchains of rustup are programs, and stay."""
    homes = {
        "HOME": home,
        "CARGO_HOME": f"{home}/cargo",
        "COMPOSER_HOME": f"{home}/composer",
        "GOPATH": f"{home}/go",
        "GOENV": "off",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "npm_config_userconfig": f"{home}/npmrc",
        "npm_config_globalconfig": f"{home}/npmrc-global",
        "npm_config_cache": f"{home}/npm",
    }
    rustup = os.environ.get("RUSTUP_HOME") or str(Path.home() / ".rustup")
    return {**homes, "RUSTUP_HOME": rustup} if Path(rustup).is_dir() else homes


fix = make_fix(LocalFix)
