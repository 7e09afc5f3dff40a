"""The operator's own commands: one list of words a verb, no shell.

Rules:
1. `{version}`, `{key}` and `{fence}` are filled in within a word, which stays one argument; the same values stand in
   `HOLDFAST_VERSION`, `HOLDFAST_KEY` and `HOLDFAST_FENCE`. A version that could be taken for an option is refused.
2. `read` prints `{"version": …, "healthy": …, "detail": …, "wanted": …}`, `versions` a list of versions, as JSON.
   Where `wanted` is left out, a switch is taken to be carried out when `version` says so.
   `has` ends with 0 when the artifact is there whole, with 1 when it is not. `switch` ends with 0 once it is told.
3. Exit status 3 of `switch` says that a caller with a higher fence was here.
4. Keys that were done and fences are remembered here as well, in a file on this machine: replicas don't share it, and
   so the command gets both.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.edges.providers.deployers._ledger import Ledger
from holdfast.edges.providers.deployers.directories import DEFAULT_TARGET
from holdfast.edges.providers.processes import Ended, Processes, SystemProcesses
from holdfast.edges.providers.release_folder import is_folder_name
from holdfast.edges.providers.target_spec import (
    Option,
    TargetSpec,
    Tools,
    duration_option,
    list_option,
    text_option,
)
from holdfast.errors import ActionError, FencedError
from holdfast.model.frozen import frozen
from holdfast.model.target import Target
from holdfast.ports.deployer import Deployed

FENCED_STATUS = 3
_FIELDS = ("version", "key", "fence")


@frozen
class CommandDeployer:
    """Deploys by commands. `verbs` is verb → its words."""

    name: str
    target: str
    verbs: Mapping[str, Sequence[str]]
    processes: Processes
    ledger: Ledger
    timeout_s: float

    def find_problem(self) -> str | None:
        """Say why what runs can't be read now."""
        try:
            self.read()
        except ActionError as error:
            return error.message
        return None

    def read(self) -> Deployed:
        """Return what runs. Raises: ActionError: it can't be told."""
        found = self._ask("read")
        if not isinstance(found, dict):
            raise ActionError(f"`read` of `{self.name}` printed no JSON object")
        version, healthy, wanted = found.get("version"), found.get("healthy"), found.get("wanted")
        right = isinstance(version, str | None) and isinstance(healthy, bool | None) and isinstance(wanted, str | None)
        if not right:
            because = "expected a text `version`, a boolean `healthy` and a text `wanted`, each may be null"
            raise ActionError(f"`read` of `{self.name}`: {because}")
        told = wanted if "wanted" in found else version
        begun = self.ledger.find_begun()
        return Deployed(version, healthy, str(found.get("detail", ""))[:500], told if begun is None else None)

    def versions(self) -> Sequence[str]:
        """Return the versions whose artifacts are there and whole. Raises: ActionError."""
        found = self._ask("versions")
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise ActionError(f"`versions` of `{self.name}` printed no JSON list of texts")
        return [one for one in found if is_folder_name(one)]

    def switch(self, version: str, key: str, fence: int) -> None:
        """Let the target run a version; returns before it is healthy. Again with the same key is once.

        Raises:
            ActionError: it was refused, or the command did not end well.
            FencedError: a caller with a higher fence was here.
        """
        self._require(version)
        if not self.ledger.begin(version, key, fence, lambda: None):
            return
        values = {"version": version, "key": key, "fence": str(fence)}
        done = self._run("switch", values)
        if done.status == FENCED_STATUS:
            raise FencedError(
                f"`{self.name}`: run {key.partition('/')[0]} was taken over", hint=_last_line(done.errors)
            )
        self._require_success("switch", done)
        self.ledger.finish(key)

    def _require(self, version: str) -> None:
        if not is_folder_name(version):
            raise ActionError(f"`{version[:80]}` is no version that a command is given")
        if "has" not in self.verbs:
            if version not in self.versions():
                raise ActionError(f"`{version}` is not there whole")
            return
        done = self._run("has", {"version": version})
        if done.status == 1:
            raise ActionError(f"`{version}` is not there whole: {_last_line(done.errors)}")
        self._require_success("has", done)

    def _ask(self, verb: str) -> Any:  # what the command printed: an edge decoder
        done = self._run(verb, {})
        self._require_success(verb, done)
        try:
            return json.loads(done.output)
        except ValueError as error:
            raise ActionError(f"`{verb}` of `{self.name}` printed no JSON: {error}") from None

    def _run(self, verb: str, values: Mapping[str, str]) -> Ended:
        words = [_filled(word, values) for word in self.verbs[verb]]
        variables = {f"HOLDFAST_{name.upper()}": value for name, value in values.items()}
        return self.processes.run(words, variables=variables, timeout_s=self.timeout_s)

    def _require_success(self, verb: str, done: Ended) -> None:
        if done.status != 0:
            raise ActionError(f"`{verb}` of `{self.name}` ended with {done.status}: {_last_line(done.errors)}")


def _filled(word: str, values: Mapping[str, str]) -> str:
    """Fill a word in once: what a value holds is not looked at again."""
    for name in _FIELDS:
        head, mark, tail = word.partition(f"{{{name}}}")
        if mark and name in values:
            return _filled(head, values) + values[name] + _filled(tail, values)
    return word


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"


def _open(target: Target, tools: Tools) -> CommandDeployer:
    verbs = {verb: list_option(target, verb) for verb in ("read", "versions", "switch", "has")}
    name = hashlib.sha256(f"{target.org}/{target.name}".encode()).hexdigest()[:16]
    return CommandDeployer(
        target.name,
        text_option(target, "target", DEFAULT_TARGET) or DEFAULT_TARGET,
        {verb: words for verb, words in verbs.items() if words},
        SystemProcesses(),
        Ledger(tools.data / "deployers" / f"{name}.json"),
        duration_option(target, "timeout", 60.0),
    )


def _check(target: Target) -> Sequence[str]:
    problems = [
        f"`{verb}` names no program" for verb in ("read", "versions", "switch") if not list_option(target, verb)
    ]
    words = list_option(target, "switch")
    if words and not any("{version}" in word for word in words[1:]):
        problems.append("`switch` has no argument with `{version}`")
    return problems


SPEC = TargetSpec(
    id="command",
    section="deployers",
    about="Commands of the operator's own, started without a shell.",
    options=(
        Option("read", True, False, "Prints what runs, as a JSON object.", "list"),
        Option("versions", True, False, "Prints the versions that are there whole, as a JSON list.", "list"),
        Option("switch", True, False, "Lets the target run `{version}`; by `{key}` twice is once.", "list"),
        Option("has", False, False, "Ends with 0 when the artifact of `{version}` is there whole, else 1.", "list"),
        Option("target", False, False, "The slot of the inventory that it fills; `default` without one."),
        Option("timeout", False, False, "How long one command may take; 60s without one.", "duration"),
    ),
    open=_open,
    check=_check,
)
