"""Write the reference of what plans may do and what an operator may configure, from the rooms' own `SPEC`s."""

from collections.abc import Iterator

from holdfast.edges.providers.target_spec import SECTIONS, Option, TargetSpec
from holdfast.mitigations.action import ActionSpec
from holdfast.registry import load_room

_SECTION_TITLES = {
    "flags": "the flag system that an environment has; without one Holdfast serves its flags itself",
    "deployers": "what puts releases onto targets, for `deploy.rollback` and `deploy.forward`",
    "proxies": "what stands before services, for `service.off` and `edge.block`",
    "http": "receivers of signed requests, for `http`",
    "commands": "commands that may be run, for `command` and for probes",
    "notify": "receivers of messages, for `notify` and for all that Holdfast tells by itself",
    "metrics": "sources of measured values, for probes",
}

_TARGETS_HEAD = """\
# targets.yaml

What a server may reach. The file is the operator's: `DIR/targets.yaml`, or where `HOLDFAST_TARGETS` says; how it is
read is in [the guide](../guides/targets.md). It has a list of entries per section, and may say `version: 1`.

Every entry has these, and the options of its kind:

| key | what |
|---|---|
| `name` | what plans and messages call it: small letters, digits, `-`, `_`, `.`; once per section |
| `kind` | which adapter opens it |
| `environment` | the environment that it is for; all of them without |
| `service` | the service that it is for; all of them without |
| `org` | the org that may use it, and no other; that of the installation without |

A secret is never written here: it is `env:NAME`, an environment variable of the server's process, or `file:/path`.

Beside these lists `probes: {hosts: [...]}` may stand: the only hosts that probes of manifests may ask, as `host`,
`*.host` or either with `:port`.
"""

_ACTIONS_HEAD = """\
# Actions

What a plan's `do` may name. *Reversible* and *once* are said of one use where they hang on what the operator
configured: a command without an `undo` can't be taken back. *Once* is whether doing it twice is doing it once;
for the others a person is asked when nobody can tell what became of a step. What an action gives at most is its
*coverage*; one without closes no hole by itself.
"""


def render_targets() -> str:
    """Return the page of the operator's file."""
    return _TARGETS_HEAD + "".join(f"\n{part}" for part in _sections())


def _sections() -> Iterator[str]:
    for section, room in SECTIONS.items():
        yield f"## {section}\n\n{_sentence(_SECTION_TITLES[section])}\n"
        for spec in load_room(room):
            yield _kind(spec)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _kind(spec: TargetSpec) -> str:
    lines = [f"### {spec.section}: {spec.id}", "", spec.about, ""]
    if spec.options:
        lines += ["| option | value | what |", "|---|---|---|", *(_option(option) for option in spec.options)]
    return "\n".join(lines) + "\n"


def _option(option: Option) -> str:
    value = "a secret" if option.secret else _VALUES[option.kind]
    if option.choices:
        value = " or ".join(f"`{choice}`" for choice in option.choices)
    about = f"**Required.** {option.about}" if option.required else option.about
    return f"| `{option.name}` | {value} | {about.replace('|', chr(92) + '|')} |"


_VALUES = {
    "text": "text",
    "boolean": "`true`, `false`",
    "duration": "duration, `30s`",
    "url": "URL without user and password",
    "path": "absolute path",
    "list": "list of texts",
    "mapping": "mapping",
}


def render_actions() -> str:
    """Return the page of actions."""
    return _ACTIONS_HEAD + "".join(f"\n{_action(spec)}" for spec in load_room("mitigations.actions"))


def _action(spec: ActionSpec) -> str:
    reversible = "where the operator can" if spec.reversible_for else ("yes" if spec.reversible else "no")
    lines = [
        f"## {spec.name}",
        "",
        spec.about,
        "",
        "| | |",
        "|---|---|",
        f"| blast radius | {spec.blast_radius} |",
        f"| reversible | {reversible} |",
        f"| once | {'yes' if spec.idempotent else 'where the target says so'} |",
        f"| coverage | {spec.coverage or 'none by itself'} |",
        f"| deadline, tries | {_seconds(spec.deadline_s)}, {spec.attempts} |",
        "",
        "| argument | what |",
        "|---|---|",
        *(f"| {_name(one.name)} | {'**Required.** ' if one.required else ''}{one.about} |" for one in spec.arguments),
    ]
    return "\n".join(lines) + "\n"


def _name(name: str) -> str:
    return "any other" if name == "*" else f"`{name}`"


def _seconds(seconds: float) -> str:
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
