"""`requirements.txt`: the compiler that wrote the file, or the pinned line itself.

Rules:

1. A file that pip-compile or uv wrote says so in its head; it is compiled again, by the command that it names.
2. Any other file is edited in that very line, unless the line holds hashes, which are of the old version.
3. Where the file is not at hand, the edit is offered, with a note about compiled files.

Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

import re

from holdfast.model.naming import normalize_pypi
from holdfast.remediations.guides._compiled import find_compiler, upgrade_command
from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command

_PIN = re.compile(
    r"\s*(?P<name>[A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*(?P<equals>={2,3}\s*)(?P<version>[^\s;,#\\]+)(?=[\s;#\\]|\Z)"
)
_PLAIN_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\Z")


def advise(upgrade: Upgrade) -> Advice:
    """Return the compiler's command for a file that one wrote, else the edit of the pinned line."""
    notes = []
    if upgrade.is_transitive:
        notes.append(f"`{upgrade.raise_name}` asks for it: raise that one if it forbids {upgrade.version}")
    compiler = find_compiler(upgrade.head)
    has_hashes, pin = _has_hashes(upgrade), _pin(upgrade)
    edit = None if has_hashes else _edit(upgrade, pin)
    if compiler is not None:
        run, note = upgrade_command(compiler, upgrade)
        return Advice(run, edit, "; ".join([note, *notes]))
    if has_hashes:
        notes.insert(0, f"raise it to {upgrade.version} with the tool that wrote the hashes: those of the old must go")
        return Advice(None, None, "; ".join(notes))
    if upgrade.line_text is None:
        notes.insert(0, "a file that pip-compile or uv wrote is compiled again instead (--upgrade-package)")
    elif edit is None:
        notes.insert(0, f"the line pins no version of `{upgrade.name}`: pin {upgrade.version} where it is pinned")
    return Advice(_sed(upgrade, pin), edit, "; ".join(notes))


def _has_hashes(upgrade: Upgrade) -> bool:
    """Whether the line holds hashes, or goes on in the next one, where they may stand."""
    line = upgrade.line_text or ""
    return "--hash" in line or line.rstrip().endswith("\\")


def _pin(upgrade: Upgrade) -> re.Match[str] | None:
    """The pin of the package in the line that is at hand."""
    found = _PIN.match(upgrade.line_text or "")
    if found is None or normalize_pypi(found["name"]) != normalize_pypi(upgrade.name):
        return None
    return found


def _edit(upgrade: Upgrade, pin: re.Match[str] | None) -> tuple[str, str] | None:
    """The old and the new line; the bare pin when the line itself is not at hand."""
    old = upgrade.line_text
    if old is None:
        return f"{upgrade.name}=={upgrade.current}", f"{upgrade.name}=={upgrade.version}"
    if pin is None:
        return None
    return old, f"{old[: pin.start('version')]}{upgrade.version}{old[pin.end('version') :]}"


def _sed(upgrade: Upgrade, pin: re.Match[str] | None) -> str | None:
    """The edit as a command that touches that line alone; `None` where it could be taken for anything else."""
    place, equals, old = upgrade.location, "==", upgrade.current
    if upgrade.line_text is not None:
        if pin is None:
            return None
        equals, old = pin["equals"], pin["version"]
    if place is None or place.line is None or not place.file.isprintable():
        return None
    if not (_PLAIN_VERSION.match(old) and _PLAIN_VERSION.match(upgrade.version)):
        return None
    pattern = old.replace(".", r"\.")
    script = f"{place.line}s/{equals}{pattern}/{equals}{upgrade.version}/"
    return command("sed", "-i", script, f"./{place.file}" if place.file.startswith("-") else place.file)


SPEC = Guide("requirements_txt", advise)
