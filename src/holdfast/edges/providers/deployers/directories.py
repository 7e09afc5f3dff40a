"""Release folders on this machine: `ROOT/releases/<version>/`, and the link `ROOT/current` to the one that runs.

Rules:
1. The link is replaced by renaming: at every instant it leads to the old release or the new one, never to none.
2. Only a whole release is listed, and only to a whole one is switched: see `release_folder`.
3. What runs is what the process was started from and what it says itself, not what the link leads to.
4. A switch that was cut off between link and restart is not done: `wanted` is `None` until it is asked for again.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from pathlib import Path

from holdfast.edges.providers.deployers._ledger import Ledger
from holdfast.edges.providers.deployers._running import BySupervisor, BySystemd, Running
from holdfast.edges.providers.deployers._seen import HealthAddress
from holdfast.edges.providers.processes import SystemProcesses
from holdfast.edges.providers.release_folder import find_flaw, sync_folder
from holdfast.edges.providers.target_spec import (
    Option,
    TargetSpec,
    Tools,
    duration_option,
    required_text,
    text_option,
)
from holdfast.errors import ActionError
from holdfast.model.frozen import frozen
from holdfast.model.supervised import CURRENT, RELEASES
from holdfast.model.target import Target
from holdfast.ports.deployer import Deployed

DEFAULT_TARGET = "default"
"""The slot that a deployment is recorded on when nobody names one."""


@frozen
class DirectoriesDeployer:
    """Releases in folders, one of which a process is run from."""

    name: str
    target: str
    root: Path
    running: Running
    address: HealthAddress | None = None
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ledger", Ledger(self.root / "state" / "deployer.json"))

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        if not (self.root / RELEASES).is_dir():
            return f"there is no folder {self.root / RELEASES}"
        if not os.access(self.root, os.W_OK):
            return f"{self.root} can't be written to"
        try:
            self._linked()
            self.ledger.find_begun()
        except ActionError as error:
            return error.message
        return self.running.find_problem()

    def read(self) -> Deployed:
        """Return what runs. Raises: ActionError: it can't be told."""
        wanted = self._linked() if self.ledger.find_begun() is None else None
        seen = self.running.read()
        if self.address is not None and seen.version is not None:
            seen = self.address.look(seen)
        return replace(seen, wanted=wanted)

    def versions(self) -> Sequence[str]:
        """Return the versions whose folders are whole, by name. Raises: ActionError."""
        try:
            names = sorted(path.name for path in (self.root / RELEASES).iterdir() if path.is_dir())
        except OSError as error:
            raise ActionError(f"which releases are there can't be read: {error}") from None
        return [name for name in names if find_flaw(self._folder(name), name) is None]

    def switch(self, version: str, key: str, fence: int) -> None:
        """Let the target run a version; returns before it is healthy. Again with the same key is once.

        Raises:
            ActionError: it is not there whole, or the link can't be replaced.
            FencedError: a caller with a higher fence was here.
        """
        flaw = find_flaw(self._folder(version), version)
        if flaw is not None:
            raise ActionError(f"`{version[:80]}` is not there whole: {flaw}", hint="put it there, and seal it")
        if not self.ledger.begin(version, key, fence, self._linking(version)):
            return
        self.ledger.check(key, fence)
        self.running.restart()
        self.ledger.finish(key)

    def _folder(self, version: str) -> Path:
        return self.root / RELEASES / version

    def _linking(self, version: str) -> Callable[[], None]:
        def change() -> None:
            beside = self.root / f".{CURRENT}.new"
            try:
                beside.unlink(missing_ok=True)
                beside.symlink_to(Path(RELEASES) / version)
                beside.replace(self.root / CURRENT)
                sync_folder(self.root)
            except OSError as error:
                raise ActionError(f"the link {self.root / CURRENT} can't be replaced: {error}") from None

        return change

    def _linked(self) -> str | None:
        """Return the version that the link leads to, `None` without one. Raises: ActionError."""
        try:
            folder = (self.root / CURRENT).readlink()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ActionError(f"{self.root / CURRENT} is no link to a release: {error}") from None
        if (self.root / folder).parent.resolve() != (self.root / RELEASES).resolve():
            raise ActionError(f"{self.root / CURRENT} leads to {folder}, which is none of the releases")
        return folder.name


def _open(target: Target, tools: Tools) -> DirectoriesDeployer:
    root, unit = Path(required_text(target, "root")), text_option(target, "unit")
    timeout_s = duration_option(target, "timeout", 10.0)
    running: Running = BySystemd(root, unit, SystemProcesses(), timeout_s) if unit else BySupervisor(root)
    url = text_option(target, "health")
    address = HealthAddress(tools.http, url, text_option(target, "version_at"), timeout_s) if url else None
    slot = text_option(target, "target", DEFAULT_TARGET) or DEFAULT_TARGET
    return DirectoriesDeployer(target.name, slot, root, running, address)


def _check(target: Target) -> Sequence[str]:
    pointer = text_option(target, "version_at")
    if pointer is None:
        return ()
    problems = [] if pointer.startswith("/") else [f"`version_at` is no JSON pointer: `{pointer[:80]}`"]
    return problems if text_option(target, "health") else [*problems, "`version_at` without `health`"]


SPEC = TargetSpec(
    id="directories",
    section="deployers",
    about="Release folders on the machine that Holdfast runs on, with a link to the one that runs.",
    options=(
        Option("root", True, False, "The folder that holds `releases/` and the link `current`.", "path"),
        Option("unit", False, False, "The systemd unit to restart; without one `holdfast supervise` is meant."),
        Option("health", False, False, "Where the application says that it is well: any answer of 2xx.", "url"),
        Option("version_at", False, False, "The JSON pointer of the version in that answer, as `/version`."),
        Option("target", False, False, "The slot of the inventory that it fills; `default` without one."),
        Option("timeout", False, False, "How long a look or a restart may take; 10s without one.", "duration"),
    ),
    open=_open,
    check=_check,
)
