"""`requirements.txt`: the pinned line itself, or the compiler that wrote it.

Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

import re

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command

_PIN = re.compile(r"(?P<before>[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*={2,3}\s*)(?P<version>[^\s;,#\\]+)")


def advise(upgrade: Upgrade) -> Advice:
    """Return the edit of the pinned line, and the command for a file that pip-compile or uv wrote."""
    pin = f"{upgrade.name}=={upgrade.version}"
    edit = _edit(upgrade)
    notes = ["edit the line, or run the command where the file is compiled from an `.in` file or a pyproject.toml"]
    if upgrade.line_text is not None and "--hash" in upgrade.line_text + "\\":
        notes.append("hashes of the old version must go: compile the file again, or replace them")
    if upgrade.is_transitive:
        notes.append(f"`{upgrade.raise_name}` asks for it: raise that one if it forbids {upgrade.version}")
    return Advice(command("pip-compile", "--upgrade-package", pin), edit, "; ".join(notes))


def _edit(upgrade: Upgrade) -> tuple[str, str] | None:
    """The old and the new line; the bare pin when the line itself is not at hand."""
    old = upgrade.line_text
    if old is None:
        return f"{upgrade.name}=={upgrade.current}", f"{upgrade.name}=={upgrade.version}"
    found = _PIN.search(old)
    if found is None:
        return None
    return old, f"{old[: found.start('version')]}{upgrade.version}{old[found.end('version') :]}"


SPEC = Guide("requirements_txt", advise)
