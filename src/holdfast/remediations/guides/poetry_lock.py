"""`poetry.lock`. Source: https://python-poetry.org/docs/cli/"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return `poetry add` for a direct dependency, `poetry update` for a transitive one; nothing is installed."""
    if upgrade.is_transitive:
        note = f"`{upgrade.raise_name}` asks for it: raise that one if it forbids {upgrade.version}"
        return Advice(command("poetry", "update", "--lock", upgrade.name), note=note)
    return Advice(command("poetry", "add", "--lock", f"{upgrade.name}@>={upgrade.version}"))


SPEC = Guide("poetry_lock", advise)
