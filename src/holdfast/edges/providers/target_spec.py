"""What an adapter says of itself: which options an entry of the operator's file has, and how it is opened.

Rules:
1. One adapter is one module in the room of its section, with its `SPEC`; its kind is the module's name.
2. Opening asks nobody: it builds the adapter. Whether the other side is there, `find_problem` of its port tells.
3. Secrets stand in the file by reference alone, and are read when they are used, so that a rotated one counts at once.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from holdfast.errors import PlanError
from holdfast.facts.manifest_durations import parse_duration_s
from holdfast.model.frozen import frozen
from holdfast.model.target import Target
from holdfast.ports.clock import Clock
from holdfast.ports.http import Http

SECTIONS: Mapping[str, str] = {
    "flags": "edges.providers.flag_providers",
    "deployers": "edges.providers.deployers",
    "proxies": "edges.providers.proxies",
    "http": "edges.providers.http_targets",
    "commands": "edges.providers.commands",
    "notify": "edges.providers.notifiers",
    "metrics": "edges.providers.metrics_sources",
}
"""Section of the operator's file → the room of its adapters."""

OptionKind = Literal["text", "boolean", "duration", "url", "path", "list", "mapping"]


@frozen
class Option:
    """One option of an entry. A `secret` one is given as `env:NAME` or `file:/path`, never itself.

    `kind` is checked when the file is read: a `duration` is a text like `30s`, a `url` is http or https without user
    and password, a `path` is absolute, a `list` holds texts, a `mapping` anything. `choices` are the only values.
    """

    name: str
    required: bool
    secret: bool
    about: str
    kind: OptionKind = "text"
    choices: tuple[str, ...] = ()


@frozen
class Tools:
    """What adapters may use. `data` is a folder that is theirs to write to; `resolve_secret` reads a reference.

    `resolve_secret` raises `PlanError` when what it names is not there.
    """

    http: Http
    clock: Clock
    data: Path
    resolve_secret: Callable[[str], str] = field(repr=False)

    def secret(self, target: Target, name: str) -> str | None:
        """Return the secret that an option refers to, read now; `None` when the option is not given.

        Raises:
            PlanError: it can't be read.
        """
        reference = text_option(target, name)
        return self.resolve_secret(reference) if reference is not None else None

    def required_secret(self, target: Target, name: str) -> str:
        """Return the secret that an option refers to, read now.

        Raises:
            PlanError: the option is not given, or it can't be read.
        """
        return self.resolve_secret(required_text(target, name))


def _no_check(_: Target) -> Sequence[str]:
    return ()


@frozen
class TargetSpec:
    """One adapter. `open` returns the section's port; `check` says what is wrong with an entry's options together."""

    id: str
    section: str
    about: str
    options: tuple[Option, ...]
    open: Callable[[Target, Tools], object]
    check: Callable[[Target], Sequence[str]] = _no_check


def option(target: Target, name: str) -> Any:  # what stood in the file: an edge decoder
    """Return an option's value, `None` when it is not given."""
    text = dict(target.options).get(name)
    return json.loads(text) if text is not None else None


def text_option(target: Target, name: str, default: str | None = None) -> str | None:
    """Return a text, or the default."""
    value = option(target, name)
    return default if value is None else str(value)


def required_text(target: Target, name: str) -> str:
    """Return a text.

    Raises:
        PlanError: it is not given.
    """
    value = text_option(target, name)
    if not value:
        raise PlanError(f"`{name}` of the {target.section} entry `{target.name}` is missing", where=target.where)
    return value


def environment_name(target: Target, name: str) -> str:
    """Return what the other side calls the entry's environment: what the option says, else the same as ours.

    Raises:
        PlanError: the entry is for no environment.
    """
    environment = text_option(target, name) or target.environment
    if environment is None:
        raise PlanError(f"the {target.section} entry `{target.name}` is for no environment", where=target.where)
    return environment


def boolean_option(target: Target, name: str, *, default: bool = False) -> bool:
    """Return a boolean, or the default."""
    value = option(target, name)
    return value if isinstance(value, bool) else default


def duration_option(target: Target, name: str, default_s: float) -> float:
    """Return seconds, or the default."""
    value = text_option(target, name)
    seconds = parse_duration_s(value) if value is not None else None
    return default_s if seconds is None else seconds


def list_option(target: Target, name: str) -> tuple[str, ...]:
    """Return a list of texts, empty when it is not given."""
    value = option(target, name)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def mapping_option(target: Target, name: str) -> Mapping[str, Any]:
    """Return a mapping, empty when it is not given."""
    value = option(target, name)
    return value if isinstance(value, dict) else {}
