"""Commands of the operator's allow-list, as processes of this machine.

Rules:
1. What is run is a list of texts; no shell takes part. `{name}` in it stands for an argument.
2. An argument is what the operator's pattern matches as a whole, at most 256 signs, and never looks like an option.
3. The process gets a small environment, with `HOLDFAST_KEY` and `HOLDFAST_VERB`, and no secret of ours.
4. `apply` and `undo` have ended well with status 0. `probe` says 0 there, 1 not there, 75 on its way; all else is
   "can't be told".
"""

import os
import re
from collections.abc import Mapping, Sequence

from holdfast.edges.providers.outcomes import Outcomes
from holdfast.edges.providers.processes import run_program
from holdfast.edges.providers.target_spec import (
    Option,
    TargetSpec,
    Tools,
    boolean_option,
    duration_option,
    list_option,
    mapping_option,
    text_option,
)
from holdfast.errors import ActionError, PlanError, UnsentError
from holdfast.model.target import Target
from holdfast.ports.outside import Reply

VERBS = ("apply", "probe", "undo")
MAX_ARGUMENT = 256
RESERVED = frozenset({"action", "id", "after", "attempts", "backoff", "deadline", "interval", "name"})
"""What a step or a probe has besides the arguments of its command."""
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class ProcessCommand:
    """One command."""

    def __init__(self, target: Target, _: Tools) -> None:
        self.name = target.name
        self.idempotent = boolean_option(target, "idempotent")
        self._argv = {verb: list_option(target, verb) for verb in VERBS}
        self._patterns = {name: str(pattern) for name, pattern in mapping_option(target, "arguments").items()}
        self._timeout_s = duration_option(target, "timeout", 30.0)
        self._folder = text_option(target, "folder")
        self._ended = Outcomes()

    def find_problem(self) -> str | None:
        """Say why it can't be run now: a program that is not there, or not to be run by this user."""
        for verb, argv in self._argv.items():
            if argv and not (os.path.isfile(argv[0]) and os.access(argv[0], os.X_OK)):
                return f"the program of `{verb}` is not there, or can't be run: {argv[0]}"
        if self._folder is not None and not os.path.isdir(self._folder):
            return f"its folder is not there: {self._folder}"
        return None

    def can(self, verb: str) -> bool:
        """Whether the operator named a command for the verb."""
        return bool(self._argv.get(verb))

    def refuse(self, arguments: Mapping[str, str]) -> str | None:
        """Say what is wrong with arguments."""
        for name in arguments:
            if name not in self._patterns:
                known = ", ".join(f"`{one}`" for one in sorted(self._patterns)) or "none"
                return f"`{self.name}` takes no argument `{name[:60]}`, but {known}"
        for name, pattern in self._patterns.items():
            value = arguments.get(name)
            if value is None:
                return f"`{self.name}` needs `{name}`"
            if len(value) > MAX_ARGUMENT or "\x00" in value or value.startswith("-"):
                return f"`{name}` is too long, looks like an option, or has a sign that no argument may have"
            if not re.fullmatch(pattern, value):
                return f"`{name}` is not what the operator allows: `{value[:60]}`"
        return None

    def ended(self, key: str) -> Reply | None:
        """Return how a run by that key ended in this process."""
        return self._ended.find(key)

    def run(self, arguments: Mapping[str, str], key: str, *, verb: str = "apply") -> Reply:
        """Run it.

        Raises:
            PlanError: the arguments are not allowed.
            ActionError: it did not start, did not end in time, or there is none for the verb.
        """
        if not self.can(verb):
            raise ActionError(f"the operator named no command for `{verb}` of `{self.name}`")
        wrong = self.refuse(arguments)
        if wrong is not None:
            raise PlanError(wrong, hint="the operator's file says what a command takes")
        name = _outcome(key, verb)
        self._ended.forget(name)
        argv = [_PLACE.sub(lambda found: arguments.get(found.group(1), ""), part) for part in self._argv[verb]]
        variables = {"HOLDFAST_KEY": key, "HOLDFAST_VERB": verb}
        try:
            ended = run_program(argv, timeout_s=self._timeout_s, variables=variables, folder=self._folder)
        except UnsentError as error:
            self._ended.keep(name, Reply(127, error.message))
            raise
        reply = Reply(ended.status, ended.last_line)
        if verb != "probe":
            self._ended.keep(name, reply)
        return reply


def _outcome(key: str, verb: str) -> str:
    return key if verb == "apply" else f"{key}/{verb}"


def _check(target: Target) -> Sequence[str]:
    patterns = mapping_option(target, "arguments")
    out = []
    for name, pattern in patterns.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in RESERVED:
            out.append(f"`{name[:60]}` can't be the name of an argument")
        if not isinstance(pattern, str):
            out.append(f"the pattern of `{name[:60]}` is no text")
            continue
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            out.append(f"the pattern of `{name[:60]}` is none: {error}")
    for verb in VERBS:
        argv = list_option(target, verb)
        if argv and (not argv[0].startswith("/") or _PLACE.search(argv[0])):
            out.append(f"the program of `{verb}` is no absolute path: `{argv[0][:80]}`")
        unknown = {found for part in argv for found in _PLACE.findall(part)} - set(patterns)
        out += [f"`{verb}` uses `{{{name}}}`, which has no pattern in `arguments`" for name in sorted(unknown)]
    return out


SPEC = TargetSpec(
    id="process",
    section="commands",
    about="A program of this machine, run without a shell.",
    options=(
        Option("apply", True, False, "The program and its arguments; `{name}` stands for an argument.", "list"),
        Option("probe", False, False, "The same, to tell whether the effect is there: status 0, 1, or 75.", "list"),
        Option("undo", False, False, "The same, to take it back.", "list"),
        Option("arguments", False, False, "Name of an argument → the pattern that its whole value matches.", "mapping"),
        Option("idempotent", False, False, "`true` if running it twice is running it once.", "boolean"),
        Option("timeout", False, False, "How long it may run; `30s` without.", "duration"),
        Option("folder", False, False, "The folder that it runs in.", "path"),
    ),
    open=ProcessCommand,
    check=_check,
)
